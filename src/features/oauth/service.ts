import type { Ctx } from '../../context.ts'
import type { SessionSnapshot } from '../../durable/rpc.ts'
import { defineError, rateLimited } from '../../lib/errors.ts'
import { networkOf } from '../../lib/network.ts'
import { HOUR, SECOND, toSeconds } from '../../lib/time.ts'
import { applyToOwnView } from '../../revocation/freshness.ts'
import { authenticateClient } from '../clients/service.ts'
import type { Client } from '../clients/tables.ts'
import { isUserClaims, loadSigningKey, mintClientToken, verifyAccessToken } from '../keys/service/tokens.ts'
import type { AccessClaims, ClientClaims } from '../keys/types.ts'
import { endSessionById } from '../sessions/service/ending.ts'
import { inspectRefreshToken, revokeByRefreshToken } from '../sessions/service/refreshing.ts'
import type { User } from '../users/types.ts'
import { checkAccessToken } from '../validation/service.ts'
import { type Credentials, parseScope, selectScopes } from './rules.ts'

// RFC 6749 5.2 and RFC 6750 3.1: the code is the value of `error`.
export const invalidRequest = defineError('invalid_request', 'malformed', 'The request is malformed')
export const invalidClient = defineError('invalid_client', 'unauthenticated', 'Client authentication failed')
export const unsupportedGrantType = defineError(
  'unsupported_grant_type',
  'malformed',
  'The grant type is not supported',
)
export const invalidScope = defineError(
  'invalid_scope',
  'malformed',
  'The scope is unknown or exceeds the scopes of the client',
)
export const invalidToken = defineError('invalid_token', 'unauthenticated', 'The access token is not valid')
export const insufficientScope = defineError('insufficient_scope', 'forbidden', 'The client lacks the scope introspect')

/** The result of an introspection. */
export type Introspection =
  | { readonly kind: 'inactive' }
  | { readonly kind: 'access'; readonly claims: AccessClaims }
  | { readonly kind: 'refresh'; readonly session: SessionSnapshot; readonly user: User }

/** The public client of sign-ins through Postern's own pages and API. */
const FIRST_PARTY_CLIENT = 'postern'
const REFRESH_TOKEN_PREFIX = 'prt_'

/** The most failed client authentications that one network may have in an hour. */
const FAILURES_AN_HOUR = 100

/** Counts a failure and throws the error for the client. */
async function refuseClient(ctx: Ctx): Promise<never> {
  const subject = `client-authentication:${networkOf(ctx.ip)}`
  const { allowed, retryAfterMs } = await ctx.objects
    .guard(subject)
    .use({ subject, limit: FAILURES_AN_HOUR, windowMs: HOUR })
  throw allowed ? invalidClient() : rateLimited({ retry_after: retryAfterMs / SECOND })
}

/** RFC 6749 2.3: the client must use exactly one method of authentication. */
async function requireClient(ctx: Ctx, credentials: Credentials): Promise<Client> {
  if (credentials.kind === 'ambiguous')
    throw invalidRequest({}, { message: 'More than one way of client authentication' })
  if (credentials.kind !== 'secret') return refuseClient(ctx)
  return (await authenticateClient(ctx, credentials.id, credentials.secret)) ?? refuseClient(ctx)
}

/** RFC 6749 3.3: at most the client's scopes; all of them when none is requested. */
function requireScope(client: Client, asked: string | undefined): string {
  const scopes = selectScopes(client.scopes, asked)
  if (!scopes) throw invalidScope()
  return scopes.join(' ')
}

export interface TokenGrant {
  readonly accessToken: string
  /** Seconds. */
  readonly expiresIn: number
  readonly scope: string
}

/** The client credentials grant (RFC 6749 4.4), which issues no refresh token. */
export async function grantToken(
  ctx: Ctx,
  input: { credentials: Credentials; grantType: string; scope: string | undefined },
): Promise<TokenGrant> {
  const client = await requireClient(ctx, input.credentials)
  if (input.grantType !== 'client_credentials') throw unsupportedGrantType()
  const scope = requireScope(client, input.scope)
  const iat = toSeconds(ctx.now())
  const { PUBLIC_URL, AUDIENCE, ACCESS_TOKEN_SECONDS } = ctx.config
  const claims: ClientClaims = {
    iss: PUBLIC_URL,
    aud: AUDIENCE,
    client_id: client.id,
    sub: client.id,
    jti: ctx.newId(),
    iat,
    exp: iat + ACCESS_TOKEN_SECONDS,
    type: 'access',
    scope,
  }
  const accessToken = await mintClientToken(await loadSigningKey(ctx), claims)
  return { accessToken, expiresIn: ACCESS_TOKEN_SECONDS, scope }
}

/** RFC 7662 2.1: the client authenticates with its credentials or with its own access token. */
async function requireIntrospector(ctx: Ctx, credentials: Credentials): Promise<void> {
  const scopes =
    credentials.kind === 'bearer'
      ? await scopesOfBearer(ctx, credentials.token)
      : (await requireClient(ctx, credentials)).scopes
  if (!scopes.includes('introspect')) throw insufficientScope()
}

async function scopesOfBearer(ctx: Ctx, token: string): Promise<readonly string[]> {
  const check = await checkAccessToken(ctx, token, { consistency: 'view' })
  if (!check.valid) throw invalidToken()
  return isUserClaims(check.claims) ? [] : parseScope(check.claims.scope)
}

/** RFC 7662 2.2: an unknown, malformed, expired or revoked token is inactive, and the answer does not say which. */
export async function introspectToken(
  ctx: Ctx,
  input: { credentials: Credentials; token: string },
): Promise<Introspection> {
  await requireIntrospector(ctx, input.credentials)
  if (input.token.startsWith(REFRESH_TOKEN_PREFIX)) {
    const found = await inspectRefreshToken(ctx, input.token)
    return found ? { kind: 'refresh', ...found } : { kind: 'inactive' }
  }
  const check = await checkAccessToken(ctx, input.token, { consistency: 'view' })
  return check.valid ? { kind: 'access', claims: check.claims } : { kind: 'inactive' }
}

/** RFC 7009 2.1: a client with its secret. The first-party client has none: whoever holds the token may revoke it. */
async function requireRevoker(ctx: Ctx, credentials: Credentials): Promise<string> {
  if (credentials.kind === 'public' && credentials.id === FIRST_PARTY_CLIENT) return FIRST_PARTY_CLIENT
  return (await requireClient(ctx, credentials)).id
}

/**
 * RFC 7009 2.2: also succeeds for an unknown token, and for another client's, which it does not revoke.
 * Throws SERVICE_UNAVAILABLE when the revocation could not be recorded: the client must retry.
 */
export async function revokeToken(ctx: Ctx, input: { credentials: Credentials; token: string }): Promise<void> {
  const clientId = await requireRevoker(ctx, input.credentials)
  if (input.token.startsWith(REFRESH_TOKEN_PREFIX)) return revokeRefreshToken(ctx, clientId, input.token)
  return revokeAccessToken(ctx, clientId, input.token)
}

async function revokeRefreshToken(ctx: Ctx, clientId: string, token: string): Promise<void> {
  const found = await inspectRefreshToken(ctx, token)
  if (found?.session.clientId === clientId) await revokeByRefreshToken(ctx, token)
}

/** Ends the session of a user's access token; a machine's token has none and is itself added to the feed. */
async function revokeAccessToken(ctx: Ctx, clientId: string, token: string): Promise<void> {
  const verified = await verifyAccessToken(ctx, token)
  if (!verified.ok || verified.claims.client_id !== clientId) return
  const { claims } = verified
  if (isUserClaims(claims)) {
    const actor = { type: 'user', id: claims.sub } as const
    await endSessionById(ctx, { userId: claims.sub, sessionId: claims.sid, reason: 'revoked', actor })
  } else {
    const entry = { kind: 'token', id: claims.jti } as const
    await ctx.objects.feed().append([entry])
    applyToOwnView(ctx, [entry])
  }
}

import type { JWTPayload } from 'jose'
import type { Ctx } from '../../../context.ts'
import { hashSecret } from '../../../lib/crypto.ts'
import { DomainError, serviceUnavailable } from '../../../lib/errors.ts'
import { late } from '../../../lib/late.ts'
import { OutboundError, outbound } from '../../../lib/outbound.ts'
import { DAY, MINUTE, SECOND } from '../../../lib/time.ts'
import { countRefusals } from '../../federation/service/callback.ts'
import { claimOnce, findOneTimeToken } from '../../links/service.ts'
import { invalidRequest } from '../../oauth/service.ts'
import { rememberLogout } from '../../sessions/service/ending.ts'
import { findConnectionOfClient, selectConnectionsOfSession } from '../store/logouts.ts'
import type { OpenidConnection } from '../tables.ts'
import { endOf } from './ended-sessions.ts'
import { providerNameOf } from './provider.ts'

const signing = late(() => import('jose'))

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const MAX_AGE_MS = 5 * MINUTE
const SKEW_SECONDS = 60
/** Longer than a token is taken. */
const REMEMBERED_MS = DAY
/** Several organizations may have registered one client at one issuer. */
const CONNECTIONS = 10

interface Logout {
  readonly jti: string
  readonly subject: string | null
  readonly session: string | null
}

/**
 * Ends the sessions that a logout token names (OpenID Connect Back-Channel Logout 1.0, 2.6). Throws `invalid_request` for a token
 * that is not good, also one that came before; RATE_LIMIT_EXCEEDED after refusals, SERVICE_UNAVAILABLE, also while the provider's keys
 * cannot be read: then it may be repeated.
 */
export async function endByLogoutToken(ctx: Ctx, token: string): Promise<void> {
  const { issuer, audiences } = await peek(token)
  const connection = await findConnectionOfClient(ctx, { issuer, clientIds: audiences })
  if (!connection) throw refused(ctx, 'unknown_connection')
  const by = { provider: providerNameOf(connection) }
  const logout = await countRefusals(ctx, by, () => readToken(ctx, connection, token))
  const key = JSON.stringify([issuer, connection.clientId, logout.jti])
  if (await findOneTimeToken(ctx, 'sso_logout_seen', key)) throw refused(ctx, 'repeated')
  await endSessions(ctx, connection, logout)
  // Behind the sessions: after an outage the provider comes with the same token.
  await claimOnce(ctx, 'sso_logout_seen', { key, lifetimeMs: REMEMBERED_MS })
}

/** What a token claims before anything of it is verified: only to say whose keys it must be signed with. */
async function peek(token: string): Promise<{ issuer: string; audiences: readonly string[] }> {
  const { decodeJwt } = await signing.load()
  try {
    const { iss, aud } = decodeJwt(token)
    return { issuer: iss ?? '', audiences: [aud ?? []].flat() }
  } catch {
    throw invalidRequest()
  }
}

function refused(ctx: Pick<Ctx, 'log'>, reason: string): DomainError {
  ctx.log.info('logout_token_refused', { reason })
  return invalidRequest({}, { message: 'The logout token is not good' })
}

/** A provider repeats what is answered 503, and nothing that is answered 400. */
async function readKeys(ctx: Ctx, { id, metadata }: OpenidConnection) {
  const { createLocalJWKSet } = await signing.load()
  try {
    const answer = await outbound(ctx, metadata.jwks_uri, { headers: { accept: 'application/json' } })
    if (!answer.ok) throw new Error(`the keys answered ${answer.status}`)
    return createLocalJWKSet(await answer.json())
  } catch (cause) {
    ctx.log.warn('logout_keys_not_read', {
      connection: id,
      reason: cause instanceof OutboundError ? cause.reason : 'answer',
    })
    throw serviceUnavailable({ reason: 'provider_keys' }, { cause })
  }
}

async function readToken(ctx: Ctx, connection: OpenidConnection, token: string): Promise<Logout> {
  const { issuer, clientId, metadata } = connection
  const { jwtVerify } = await signing.load()
  const keys = await readKeys(ctx, connection)
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience: clientId,
      algorithms: [...metadata.id_token_signing_alg_values_supported],
      clockTolerance: SKEW_SECONDS,
      maxTokenAge: MAX_AGE_MS / SECOND,
      currentDate: new Date(ctx.now()),
      requiredClaims: ['iat', 'jti'],
    })
    return readLogout(ctx, payload)
  } catch (cause) {
    if (cause instanceof DomainError) throw cause
    const { code, name } = cause as { code?: string; name?: string }
    throw refused(ctx, code ?? name ?? 'unreadable')
  }
}

/** An ID token is none: it has a nonce, and names no such event. */
function readLogout(ctx: Ctx, { jti, sub, sid, nonce, events }: JWTPayload): Logout {
  const named = typeof events === 'object' && events !== null ? (events as Record<string, unknown>)[EVENT] : undefined
  if (typeof named !== 'object' || named === null) throw refused(ctx, 'no_logout_event')
  if (nonce !== undefined) throw refused(ctx, 'nonce')
  const [subject, session] = [sub, sid].map((value) => (typeof value === 'string' && value !== '' ? value : null))
  if (!subject && !session) throw refused(ctx, 'nobody_named')
  return { jti: jti ?? '', subject: subject ?? null, session: session ?? null }
}

async function endSessions(
  ctx: Ctx,
  { id, issuer, clientId }: OpenidConnection,
  { subject, session }: Logout,
): Promise<void> {
  const hashOf = (name: string | null) => (name === null ? null : hashSecret(name))
  const [subjectHash, providerSessionHash] = await Promise.all([hashOf(subject), hashOf(session)])
  const named = { subjectHash, providerSessionHash }
  const sessionHashes = providerSessionHash === null ? [] : [providerSessionHash]
  await rememberLogout(ctx, { connectionIds: [id], subjectHash, sessionHashes })
  for (const one of await selectConnectionsOfSession(ctx, { issuer, clientIds: [clientId], ...named }, CONNECTIONS))
    await endOf(ctx, one, named)
}

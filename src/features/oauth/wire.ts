import * as z from 'zod'
import { type ErrorRenderer, statusOf } from '../../http/render-error.ts'
import type { DomainError, ErrorKind } from '../../lib/errors.ts'
import { toSeconds } from '../../lib/time.ts'
import { isUserClaims } from '../keys/service/tokens.ts'
import type { Introspection, TokenGrant } from './service.ts'

/** RFC 6749 3.2: a parameter without a value counts as omitted. */
const parameter = z
  .string()
  .optional()
  .transform((value) => (value === '' ? undefined : value))
const clientFields = { client_id: parameter, client_secret: parameter }

export const TokenBody = z.object({ grant_type: z.string().min(1), scope: parameter, ...clientFields })
/** The hint is accepted but ignored: the form of a token shows its type (RFC 7662 2.1, RFC 7009 2.1). */
export const TokenFieldBody = z
  .object({ token: z.string().min(1), token_type_hint: parameter, ...clientFields })
  .meta({ id: 'OAuthTokenReference' })

export const TokenAnswer = z
  .object({ access_token: z.string(), token_type: z.literal('Bearer'), expires_in: z.int(), scope: z.string() })
  .meta({ id: 'OAuthToken' })

export const tokenToWire = (grant: TokenGrant): z.infer<typeof TokenAnswer> => ({
  access_token: grant.accessToken,
  token_type: 'Bearer',
  expires_in: grant.expiresIn,
  scope: grant.scope,
})

export const IntrospectionAnswer = z
  .looseObject({
    active: z.boolean(),
    token_type: z.enum(['Bearer', 'refresh_token']).optional(),
    client_id: z.string().optional(),
    sub: z.uuid().optional(),
    sid: z.uuid().optional(),
    username: z.string().optional(),
    scope: z.string().optional(),
    exp: z.int().optional(),
    iat: z.int().optional(),
  })
  .meta({ id: 'Introspection' })

/** RFC 7662 2.2. The answer names the type of a refresh token, so that a resource server does not accept it as an access token. */
export function introspectionToWire(found: Introspection): z.infer<typeof IntrospectionAnswer> {
  if (found.kind === 'inactive') return { active: false }
  if (found.kind === 'refresh') {
    const { session, user } = found
    return {
      active: true,
      token_type: 'refresh_token',
      client_id: session.clientId,
      sub: user.id,
      sid: session.id,
      username: user.username ?? user.email,
      iat: toSeconds(session.openedAt),
      exp: toSeconds(session.expiresAt),
    }
  }
  if (!isUserClaims(found.claims)) {
    const { type: _, ...claims } = found.claims
    return { active: true, token_type: 'Bearer', ...claims }
  }
  const { type: _, ...claims } = found.claims
  return { active: true, token_type: 'Bearer', ...claims, username: claims.username ?? claims.email }
}

/** RFC 7009 2.2: only the status has a meaning. */
export const RevokeAnswer = z.object({}).meta({ id: 'Revoked' })

/** RFC 6749 5.2. */
export const OAuthError = z.object({ error: z.string(), error_description: z.string() }).meta({ id: 'OAuthError' })

const OAUTH_CODES: ReadonlySet<string> = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_scope',
  'invalid_token',
  'insufficient_scope',
  'unsupported_grant_type',
])

/** Error codes of RFC 6749 4.1.2.1 and 5.2 for other failures. */
function codeOf({ code, kind }: { code: string; kind: ErrorKind }): string {
  if (OAUTH_CODES.has(code)) return code
  if (kind === 'internal') return 'server_error'
  return kind === 'unavailable' || kind === 'rate_limited' || kind === 'upstream'
    ? 'temporarily_unavailable'
    : 'invalid_request'
}

/** RFC 6749 5.2: a faulty request is always 400. */
const statusFor = (error: DomainError): number => (error.kind === 'invalid' ? 400 : statusOf(error))

function headersFor(error: DomainError): Record<string, string> {
  const headers: Record<string, string> = { 'Cache-Control': 'no-store', Pragma: 'no-cache' }
  if (error.kind === 'unauthenticated')
    headers['WWW-Authenticate'] =
      error.code === 'invalid_token' ? 'Bearer error="invalid_token"' : 'Basic realm="postern", charset="UTF-8"'
  if (error.code === 'insufficient_scope') headers['WWW-Authenticate'] = 'Bearer error="insufficient_scope"'
  const { retry_after: retryAfter } = error.details
  if (typeof retryAfter === 'number') headers['Retry-After'] = String(Math.max(1, Math.ceil(retryAfter)))
  return headers
}

/** RFC 6749 5.2: printable ASCII without quote and backslash. */
const describe = (message: string): string => message.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '')

const bodyOf = (_ctx: unknown, error: DomainError): z.infer<typeof OAuthError> => ({
  error: codeOf(error),
  error_description: describe(error.message),
})

export const renderOAuthError: ErrorRenderer = Object.assign(
  (ctx: unknown, error: DomainError) =>
    Response.json(bodyOf(ctx, error), { status: statusFor(error), headers: headersFor(error) }),
  { bodyOf, answer: OAuthError },
)

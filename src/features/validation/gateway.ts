import type { Ctx } from '../../context.ts'
import { checkAnswer } from '../../http/answer-headers.ts'
import { tokenInvalid } from '../../http/guard.ts'
import { type ErrorRenderer, errorEnvelope, renderError, toDomainError } from '../../http/render-error.ts'
import { type DomainError, malformedRequest, notFound, unauthorized } from '../../lib/errors.ts'
import type { AccessClaims } from '../keys/types.ts'
import { checkMisrouted, conditionFailed, conditionsMalformed } from './errors.ts'
import { countCheck } from './limit.ts'
import { areMet, type Conditions, NO_CONDITIONS, readHeaderConditions } from './rules/conditions.ts'
import { type Credential, readAuthorization, readCookie } from './rules/credential.ts'
import { identityHeaders } from './rules/identity.ts'
import { checkAccessToken } from './service.ts'

/** The exact paths support CORS, so their answers also vary by origin. */
const VARY = 'Authorization, Cookie'
export const EXACT_VARY = `${VARY}, Origin`

/** On these paths a body of another media type is a malformed request. */
const toPublicError = (error: DomainError): DomainError =>
  error.kind === 'unsupported_media_type' ? malformedRequest('The body must be a JSON object') : error

export const renderValidationError: ErrorRenderer = Object.assign(
  (ctx: Pick<Ctx, 'requestId' | 'now'>, error: DomainError) => {
    const answer = renderError(ctx, toPublicError(error))
    answer.headers.set('Vary', VARY)
    return answer
  },
  { bodyOf: (ctx: Pick<Ctx, 'requestId' | 'now'>, error: DomainError) => errorEnvelope(ctx, toPublicError(error)) },
)

/** Only gateways send this header. */
const REQUIRE_HEADER = 'x-auth-require'

/** Whether it is the path of a check, in any form. */
export const isCheckPath = (path: string): boolean =>
  path === '/validate' || path.startsWith('/validate/') || /^\/api\/v1\/auth\/validate\/?$/.test(path)

/**
 * Answers gateways' checks that bypass the router: every path below `/validate/`, where method, query and body belong to the
 * application and are ignored, and any other path that dots or slashes in such a path led to. Null for other requests.
 */
export async function answerGateway(ctx: Ctx, request: Request, path: string): Promise<Response | null> {
  const required = request.headers.get(REQUIRE_HEADER)
  if (path.startsWith('/validate/')) {
    return answerSafely(ctx, () =>
      checkRequest(ctx, request, required === null ? NO_CONDITIONS : readHeaderConditions(required), VARY),
    )
  }
  if (required !== null) return renderValidationError(ctx, checkMisrouted())
  // The JSON form allows no trailing slash, although the router ignores one.
  return path === '/api/v1/auth/validate/' ? renderValidationError(ctx, notFound()) : null
}

async function answerSafely(ctx: Ctx, work: () => Promise<Response>): Promise<Response> {
  try {
    return await work()
  } catch (thrown) {
    return renderValidationError(ctx, toDomainError(ctx, thrown))
  }
}

/** A gateway's check: 200 without a body, with the identity in headers. Throws the error that the gateway forwards. */
export async function checkRequest(
  ctx: Ctx,
  request: Request,
  conditions: Conditions | undefined,
  vary: string,
): Promise<Response> {
  if (!conditions) throw conditionsMalformed()
  const credential = credentialOf(ctx, request, conditions)
  if (credential.state === 'none') throw unauthorized()
  if (credential.state === 'malformed') throw tokenInvalid()
  const check = await checkAccessToken(ctx, credential.token, conditions)
  if (!check.valid) throw tokenInvalid({}, { message: check.message })
  countCheck(ctx, check.claims)
  if (!areMet(conditions, check.claims)) throw conditionFailed()
  const headers = { ...identityOf(check.claims), Vary: vary, 'X-Auth-Freshness': String(check.freshness) }
  return checkAnswer(ctx, null, headers)
}

/** Only a gateway's check reads a cookie. CSRF is harmless here: a check changes nothing, and scripts cannot read its answer. */
function credentialOf(ctx: Ctx, request: Request, { from }: Conditions): Credential {
  const given = from === 'cookie' ? null : readAuthorization(request.headers.get('authorization'))
  if (given !== null && given.state !== 'none') return given
  return readCookie(request.headers.get('cookie'), ctx.config.SESSION_COOKIE)
}

// A cached token has the same claims object at every check.
const identities = new WeakMap<AccessClaims, Readonly<Record<string, string>>>()

function identityOf(claims: AccessClaims): Readonly<Record<string, string>> {
  const known = identities.get(claims) ?? identityHeaders(claims)
  identities.set(claims, known)
  return known
}

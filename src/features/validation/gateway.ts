import type { EarlyCtx } from '../../context.ts'
import { checkAnswer, checkHeadersOf } from '../../http/answer-headers.ts'
import { type ErrorRenderer, errorEnvelope, renderError, toDomainError } from '../../http/render-error.ts'
import { searchOf } from '../../http/request.ts'
import { fromUtf8 } from '../../lib/encoding.ts'
import { type DomainError, malformedRequest, notFound, tokenInvalid, unauthorized } from '../../lib/errors.ts'
import type { AccessClaims } from '../keys/types.ts'
import { isPermitted } from '../rbac/service/permissions.ts'
import { checkMisrouted, conditionFailed, conditionsMalformed } from './errors.ts'
import { countCheck } from './limit.ts'
import {
  type Conditions,
  findMalformedKey,
  findUnmet,
  hasConditions,
  NO_CONDITIONS,
  QUERY_KEYS,
  readHeaderConditions,
  readQueryConditions,
} from './rules/conditions.ts'
import { type Credential, readAuthorization, readCookie } from './rules/credential.ts'
import { claimsToWire, identityHeaders, refusalToWire } from './rules/identity.ts'
import { checkAccessToken } from './service.ts'
import type { Consistency } from './types.ts'

/** The exact paths support CORS, so their answers also vary by origin. */
const VARY = 'Authorization, Cookie'
const EXACT_VARY = `${VARY}, Origin`

/** On these paths a body of another media type is a malformed request. */
const toPublicError = (error: DomainError): DomainError =>
  error.kind === 'unsupported_media_type' ? malformedRequest('The body must be a JSON object') : error

export const renderValidationError: ErrorRenderer = Object.assign(
  (ctx: Pick<EarlyCtx, 'requestId' | 'now'>, error: DomainError) => {
    const answer = renderError(ctx, toPublicError(error))
    answer.headers.set('Vary', VARY)
    return answer
  },
  {
    bodyOf: (ctx: Pick<EarlyCtx, 'requestId' | 'now'>, error: DomainError) => errorEnvelope(ctx, toPublicError(error)),
  },
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
export async function answerGateway(ctx: EarlyCtx, request: Request, path: string): Promise<Response | null> {
  const required = request.headers.get(REQUIRE_HEADER)
  if (path.startsWith('/validate/')) {
    return answerSafely(ctx, async () => {
      // One slash too many after `/validate`: a gateway's conditions would be lost, and its check pass.
      const isLost = required === null && path === '/validate/' && hasConditions(searchOf(request.url))
      if (isLost) throw conditionsMalformed({}, { message: CONDITIONS_LOST })
      return checkRequest(ctx, request, required === null ? NO_CONDITIONS : readHeaderConditions(required), VARY)
    })
  }
  if (required !== null) return renderValidationError(ctx, checkMisrouted())
  // The JSON form allows no trailing slash, although the router ignores one.
  return path === '/api/v1/auth/validate/' ? renderValidationError(ctx, notFound()) : null
}

const CONDITIONS_LOST =
  "Ask /validate, without a slash: below /validate/ the query is the application's, and conditions stand in X-Auth-Require"

/** The paths of the JSON form. */
const JSON_PATHS: readonly string[] = ['/validate', '/api/v1/auth/validate']

/**
 * Answers the exact forms as gateways send them, before any route is loaded. All else goes on to the routes, which say what is
 * wrong with it: the answer is the request for them then, with its body still to be read.
 */
export async function answerCheck(ctx: EarlyCtx, request: Request, path: string): Promise<Response | Request> {
  if (request.method === 'GET' && path === '/validate') return answerSafely(ctx, () => checkHeaders(ctx, request))
  if (request.method !== 'POST' || !JSON_PATHS.includes(path)) return request
  const consistency = CONSISTENCY.get(searchOf(request.url))
  if (!consistency || !isShortJson(request)) return request
  const bytes = new Uint8Array(await request.arrayBuffer())
  const body = readPlainBody(bytes)
  if (!body) return new Request(request.url, { method: request.method, headers: request.headers, body: bytes })
  return answerSafely(ctx, () => checkToken(ctx, body.token, body.consistency ?? consistency))
}

const CONSISTENCY: ReadonlyMap<string, Consistency> = new Map([
  ['', 'view'],
  ['?consistency=strong', 'strong'],
])

/** A token has at most 8 KiB. */
const MAX_PLAIN_BYTES = 16 * 1024

function isShortJson({ headers }: Request): boolean {
  const length = Number(headers.get('content-length') ?? Number.NaN)
  return length <= MAX_PLAIN_BYTES && /^(?:application\/json\s*(?:;|$)|$)/i.test(headers.get('content-type') ?? '')
}

interface PlainBody {
  readonly token: string
  readonly consistency?: 'strong'
}

/** Undefined for what has another member, or one of another type. */
function readPlainBody(bytes: Uint8Array): PlainBody | undefined {
  try {
    const body: unknown = JSON.parse(fromUtf8(bytes))
    return isPlain(body) ? body : undefined
  } catch {
    return undefined
  }
}

function isPlain(body: unknown): body is PlainBody {
  if (typeof body !== 'object' || body === null) return false
  const { token, consistency, ...others } = body as Record<string, unknown>
  const isAsked = !('consistency' in body) || consistency === 'strong'
  return typeof token === 'string' && isAsked && Object.keys(others).length === 0
}

/** The header form: conditions stand in the query. */
export async function checkHeaders(ctx: EarlyCtx, request: Request): Promise<Response> {
  const search = searchOf(request.url)
  const conditions = readQueryConditions(search)
  if (!conditions) throw conditionsMalformed({ key: findMalformedKey(search), allowed: QUERY_KEYS })
  return checkRequest(ctx, request, conditions, EXACT_VARY)
}

const JSON_HEADERS = checkHeadersOf({ 'Content-Type': 'application/json' })

/** The JSON form: 200 whether the token is good or not. */
export async function checkToken(ctx: EarlyCtx, token: string, consistency: Consistency): Promise<Response> {
  const check = await checkAccessToken(ctx, token, { consistency })
  if (check.valid) countCheck(ctx, check.claims)
  const json = check.valid ? shownOf(check.claims).json : JSON.stringify(refusalToWire(check.message))
  return checkAnswer(ctx, json, JSON_HEADERS, { vary: EXACT_VARY, freshness: check.freshness })
}

async function answerSafely(ctx: EarlyCtx, work: () => Promise<Response>): Promise<Response> {
  try {
    return await work()
  } catch (thrown) {
    return renderValidationError(ctx, toDomainError(ctx, thrown))
  }
}

/** A gateway's check: 200 without a body, with the identity in headers. Throws the error that the gateway forwards. */
async function checkRequest(
  ctx: EarlyCtx,
  request: Request,
  conditions: Conditions | undefined,
  vary: string,
): Promise<Response> {
  if (!conditions) throw conditionsMalformed()
  const { credential, fromCookie } = credentialOf(ctx, request, conditions)
  if (credential.state === 'none') throw unauthorized()
  if (credential.state === 'malformed') throw tokenInvalid()
  const { consistency, permission } = conditions
  const check = await checkAccessToken(ctx, credential.token, { consistency, fromCookie })
  if (!check.valid) throw tokenInvalid({}, { message: check.message })
  countCheck(ctx, check.claims)
  const unmet = findUnmet(conditions, check.claims)
  if (unmet) throw conditionFailed({ key: unmet })
  if (permission.length > 0 && !(await isPermitted(ctx, check.claims, permission, consistency)))
    throw conditionFailed({ key: 'permission' })
  return checkAnswer(ctx, null, shownOf(check.claims).headers, { vary, freshness: check.freshness })
}

/** Only a gateway's check reads a cookie. CSRF is harmless here: a check changes nothing, and scripts cannot read its answer. */
function credentialOf(
  ctx: EarlyCtx,
  request: Request,
  { from }: Conditions,
): { readonly credential: Credential; readonly fromCookie: boolean } {
  const given = from === 'cookie' ? null : readAuthorization(request.headers.get('authorization'))
  if (given !== null && given.state !== 'none') return { credential: given, fromCookie: false }
  return { credential: readCookie(request.headers.get('cookie'), ctx.config.SESSION_COOKIE), fromCookie: true }
}

interface Shown {
  readonly headers: Headers
  readonly json: string
}

// A cached token has the same claims object at every check.
const shown = new WeakMap<AccessClaims, Shown>()

function shownOf(claims: AccessClaims): Shown {
  const known = shown.get(claims)
  if (known) return known
  const made = {
    headers: checkHeadersOf(identityHeaders(claims)),
    json: JSON.stringify(claimsToWire(claims)),
  }
  shown.set(claims, made)
  return made
}

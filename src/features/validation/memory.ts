import type { Ctx } from '../../context.ts'
import { SECURITY_HEADERS } from '../../http/answer-headers.ts'
import { fromUtf8 } from '../../lib/encoding.ts'
import type { AccessClaims } from '../keys/types.ts'
import { ANSWER_HEADERS } from './gateway.ts'
import { identityHeaders } from './rules/identity.ts'
import { recallAccessToken } from './service.ts'
import type { AcceptedToken } from './types.ts'
import { checkToWire } from './wire.ts'

// The checks that gateways make all day, answered whole from this isolate's memory: known token, no condition, young view.
// Whatever is not exactly that goes the common road, which gives the same answer; a test compares the two.

const BEARER = 'Bearer '
const JSON_PATHS: readonly string[] = ['/validate', '/api/v1/auth/validate']
const MAX_BODY_BYTES = 16 * 1024
/** The body as clients write it; any other spelling is the JSON parser's. */
const TOKEN_BODY = /^\s*\{\s*"token"\s*:\s*"([A-Za-z0-9_.-]+)"\s*\}\s*$/

/** Null when it is not for memory alone to answer. What the request's body was read for is in the answer of `next`. */
export function answerFromMemory(
  ctx: Ctx,
  request: Request,
  next: (request: Request) => Promise<Response>,
): Response | Promise<Response> | null {
  const { method, url, headers } = request
  const path = url.slice(url.indexOf('/', url.indexOf('://') + 3))
  if (method === 'GET' && path === '/validate') return isPlain(ctx, headers) ? answerCheck(ctx, headers) : null
  if (method !== 'POST' || !JSON_PATHS.includes(path)) return null
  return isPlain(ctx, headers) && isShortJson(headers) ? answerJson(ctx, request, next) : null
}

/** Conditions, CORS, a count or a timing need more than memory. */
const isPlain = ({ config }: Ctx, headers: Headers): boolean =>
  config.VALIDATE_LIMIT === 0 && !config.SERVER_TIMING && !headers.has('x-auth-require') && !headers.has('origin')

function isShortJson(headers: Headers): boolean {
  const length = headers.get('content-length')
  return headers.get('content-type') === 'application/json' && length !== null && Number(length) <= MAX_BODY_BYTES
}

function answerCheck(ctx: Ctx, headers: Headers): Response | null {
  const authorization = headers.get('authorization')
  if (!authorization?.startsWith(BEARER)) return null
  const check = recallAccessToken(ctx, authorization.slice(BEARER.length))
  return check && withIds(ctx, new Response(null, { headers: remembered(check).check }))
}

async function answerJson(
  ctx: Ctx,
  request: Request,
  next: (request: Request) => Promise<Response>,
): Promise<Response> {
  const bytes = await request.arrayBuffer()
  const check = recallAccessToken(ctx, tokenIn(bytes))
  if (!check) return next(new Request(request.url, { method: 'POST', headers: request.headers, body: bytes }))
  const { json, body } = remembered(check)
  return withIds(ctx, new Response(body, { headers: json }))
}

function tokenIn(bytes: ArrayBuffer): string {
  try {
    return TOKEN_BODY.exec(fromUtf8(new Uint8Array(bytes)))?.[1] ?? ''
  } catch (cause) {
    // Bytes that are not UTF-8 are the common road's to refuse.
    if (cause instanceof TypeError) return ''
    throw cause
  }
}

function withIds(ctx: Ctx, answer: Response): Response {
  answer.headers.set('X-Request-ID', ctx.requestId)
  return answer
}

/** Answers of one token, all but the request's id. */
interface RememberedAnswers {
  readonly freshness: number
  readonly check: Headers
  readonly json: Headers
  readonly body: string
}

// A remembered token has the same claims object at every check.
const answers = new WeakMap<AccessClaims, RememberedAnswers>()

function remembered(check: AcceptedToken): RememberedAnswers {
  const known = answers.get(check.claims)
  if (known && known.freshness === check.freshness) return known
  const common = {
    ...SECURITY_HEADERS,
    ...ANSWER_HEADERS,
    Vary: `${ANSWER_HEADERS.Vary}, Origin`,
    'X-Auth-Freshness': String(check.freshness),
  }
  const made = {
    freshness: check.freshness,
    check: new Headers({ ...identityHeaders(check.claims), ...common }),
    json: new Headers({ ...common, 'Content-Type': 'application/json' }),
    body: JSON.stringify(checkToWire(check)),
  }
  answers.set(check.claims, made)
  return made
}

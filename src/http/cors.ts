import type { Config } from '../config.ts'
import type { Ctx } from '../context.ts'
import { type DomainError, defineError } from '../lib/errors.ts'
import { renderError } from './render-error.ts'

const METHODS = 'GET, POST, PUT, DELETE, OPTIONS, PATCH'
const REQUEST_HEADERS =
  'Authorization, Content-Type, X-Requested-With, X-API-Key, X-CSRF-Token, X-Tenant-ID, X-Organization-ID, X-Client-ID, X-Platform, X-SDK, X-Request-ID, Idempotency-Key, If-Match, traceparent, tracestate, baggage, sentry-trace'
const EXPOSED_HEADERS =
  'X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Total-Count, X-Next-Cursor, Retry-After, X-Request-ID'
const LOCAL_ORIGIN = /^http:\/\/(localhost|127\.0\.0\.1)(:\d+)?$/

export function isAllowedOrigin(config: Pick<Config, 'MODE' | 'CORS_ORIGINS' | 'PUBLIC_URL'>, origin: string): boolean {
  if (origin === config.PUBLIC_URL || config.CORS_ORIGINS.includes(origin)) return true
  return config.MODE === 'local' && LOCAL_ORIGIN.test(origin)
}

/** Headers for an allowed origin (Fetch 3.2); for any other only `Vary`, so the browser refuses the answer. */
export function corsHeaders(
  config: Pick<Config, 'MODE' | 'CORS_ORIGINS' | 'PUBLIC_URL'>,
  request: Request,
): Record<string, string> {
  const origin = request.headers.get('origin')
  if (!origin || !isAllowedOrigin(config, origin)) return { Vary: 'Origin' }
  return {
    Vary: 'Origin',
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Allow-Credentials': 'true',
    'Access-Control-Expose-Headers': EXPOSED_HEADERS,
  }
}

export const originNotAllowed = defineError('ORIGIN_NOT_ALLOWED', 'forbidden', 'The origin is not allowed')

/** The message names the setting, for applications whose origin is not configured yet. */
function originRefused(given: string | null): DomainError {
  const origin = given?.slice(0, 255) ?? 'null'
  return originNotAllowed({ origin }, { message: `The origin ${origin} is not in CORS_ORIGINS` })
}

export const isPreflight = (request: Request): boolean =>
  request.method === 'OPTIONS' && request.headers.has('origin') && request.headers.has('access-control-request-method')

/** Sets the headers of preflights alone; `corsHeaders` are added as to every answer. */
export function answerPreflight(ctx: Pick<Ctx, 'config' | 'requestId' | 'now'>, request: Request): Response {
  const origin = request.headers.get('origin')
  if (origin === null || !isAllowedOrigin(ctx.config, origin)) return renderError(ctx, originRefused(origin))
  return new Response(null, {
    status: 204,
    headers: {
      'Access-Control-Allow-Methods': METHODS,
      'Access-Control-Allow-Headers': REQUEST_HEADERS,
      'Access-Control-Max-Age': '600',
    },
  })
}

/** Whether a page of another origin may have sent the request. Programs send neither header. */
function isFromOtherOrigin({ headers }: Request): boolean {
  const site = headers.get('sec-fetch-site')
  if (site === 'cross-site' || site === 'same-site') return true
  // `same-origin` includes applications that proxy the service under their own host; `none` is a user's own navigation.
  if (site === 'same-origin' || site === 'none') return false
  return headers.has('origin')
}

/**
 * Throws ORIGIN_NOT_ALLOWED for a request from a page whose origin is not configured. CORS keeps such a page from reading
 * answers, not from sending requests: any site could have its visitors guess passwords until their network is locked out.
 */
export function requireKnownSite({ config }: Pick<Ctx, 'config'>, request: Request): void {
  if (!isFromOtherOrigin(request)) return
  const origin = request.headers.get('origin')
  if (origin === null || !isAllowedOrigin(config, origin)) throw originRefused(origin)
}

import type { z } from 'zod'
import type { Ctx } from '../context.ts'
import { DomainError, type ErrorKind, internalError } from '../lib/errors.ts'
import { toIso } from '../lib/time.ts'

const STATUS: Record<ErrorKind, number> = {
  malformed: 400,
  invalid: 422,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  gone: 410,
  precondition_failed: 412,
  too_large: 413,
  unsupported_media_type: 415,
  upgrade_required: 426,
  locked: 423,
  rate_limited: 429,
  upstream: 502,
  unavailable: 503,
  internal: 500,
  not_implemented: 501,
}

export const statusOf = (error: { kind: ErrorKind }): number => STATUS[error.kind]

/** What a renderer of the envelope knows of a request. */
export type RenderedFor = Pick<Ctx, 'requestId' | 'now'>

/**
 * Renders a failure in the words of one surface. `bodyOf` gives its body, unless that is the envelope in its own words;
 * `answer` is its schema, if it is not an envelope.
 */
export interface ErrorRenderer {
  (ctx: RenderedFor, error: DomainError): Response
  readonly bodyOf?: (ctx: RenderedFor, error: DomainError) => Readonly<Record<string, unknown>>
  readonly answer?: z.ZodType
  /** `application/json` when absent. Such a body has no code of the service: it says what went wrong in words of its own. */
  readonly contentType?: string
  /** By status: failures that the system documents with a schema of its own, which the envelope satisfies. */
  readonly described?: Readonly<Record<string, { readonly description: string; readonly schema: z.ZodType }>>
  readonly isPage?: never
}

/** Renders a failure as a page in the reader's language. Its status is the error's, and no document describes it. */
export interface PageErrorRenderer extends Partial<Record<Exclude<keyof ErrorRenderer, 'isPage'>, never>> {
  (ctx: Ctx, error: DomainError): Promise<Response>
  readonly isPage: true
}

/** Anything but a DomainError becomes INTERNAL_ERROR: its message may hold SQL, so it is only logged. */
export function toDomainError(ctx: Pick<Ctx, 'log'>, thrown: unknown): DomainError {
  // drizzle wraps the errors of its driver, which throws a DomainError when D1 is down.
  const known = [thrown, thrown instanceof Error ? thrown.cause : null].find((error) => error instanceof DomainError)
  if (known) {
    if (known.kind === 'internal' || known.cause !== undefined) ctx.log.error('request_failed', known.cause ?? known)
    return known
  }
  ctx.log.error('unexpected_error', thrown)
  return internalError()
}

/** Headers that a failure needs on every surface: RFC 9110 11.6.1, 15.5.6, 10.2.3; RFC 6750 3. */
export function errorHeaders(error: DomainError, status = statusOf(error)): Record<string, string> {
  const headers: Record<string, string> = {}
  if (status === 401) {
    headers['WWW-Authenticate'] = error.code === 'TOKEN_ERROR' ? 'Bearer error="invalid_token"' : 'Bearer'
  }
  const { retry_after: retryAfter, allow } = error.details
  if (typeof retryAfter === 'number') headers['Retry-After'] = String(Math.max(1, Math.ceil(retryAfter)))
  // RFC 9110 15.5.22.
  if (error.kind === 'upgrade_required') headers.Upgrade = 'websocket'
  if (Array.isArray(allow)) headers.Allow = allow.join(', ')
  return headers
}

/** What a documented system answers differently. */
export interface Wording {
  readonly status?: number
  readonly message?: string
  /** Defaults to the message. */
  readonly detail?: unknown
}

/** The one envelope of all surfaces: it satisfies every documented system and its clients. */
export function errorEnvelope(ctx: Pick<Ctx, 'requestId' | 'now'>, error: DomainError, wording: Wording = {}) {
  const { code, details } = error
  const { status = statusOf(error), message = error.message, detail = message } = wording
  return {
    error: { code, message, details, request_id: ctx.requestId },
    code,
    status,
    message,
    detail,
    details,
    timestamp: toIso(ctx.now()),
  }
}

/** A renderer of the envelope in a surface's words. */
export function createErrorRenderer(
  wordingOf: (error: DomainError) => Wording,
  described: ErrorRenderer['described'] = {},
): ErrorRenderer {
  const bodyOf = (ctx: Pick<Ctx, 'requestId' | 'now'>, error: DomainError) =>
    errorEnvelope(ctx, error, wordingOf(error))
  const render = (ctx: Pick<Ctx, 'requestId' | 'now'>, error: DomainError) => {
    const envelope = bodyOf(ctx, error)
    return Response.json(envelope, { status: envelope.status, headers: errorHeaders(error, envelope.status) })
  }
  return Object.assign(render, { bodyOf, described })
}

export const renderError: ErrorRenderer = createErrorRenderer(() => ({}))

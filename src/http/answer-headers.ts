import type { Ctx } from '../context.ts'

/** For browsers; the same as Janua's. HTML pages set their own CSP. */
const BROWSER_HEADERS: Readonly<Record<string, string>> = {
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'strict-origin-when-cross-origin',
  'Strict-Transport-Security': 'max-age=31536000; includeSubDomains; preload',
  'Content-Security-Policy': "default-src 'self'; frame-ancestors 'none'",
  'Permissions-Policy':
    'accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()',
}

type Fields = Readonly<Record<string, string>>

/** On every answer. */
const commonHeaders = ({ requestId }: Pick<Ctx, 'requestId'>): Fields => ({
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
  'X-Request-ID': requestId,
})

const complete = new WeakSet<Response>()

/** Headers for `checkAnswer`. Copying a `Headers` object costs a fraction of building one from strings. */
export const checkHeadersOf = (headers: Fields): Headers =>
  new Headers({ ...commonHeaders({ requestId: '' }), ...headers })

/** The 200 answer of a check, created with all its headers, `Vary` included. `headers` come from `checkHeadersOf`. */
export function checkAnswer(
  { requestId }: Pick<Ctx, 'requestId'>,
  body: string | null,
  headers: Headers,
  { vary, freshness }: { readonly vary: string; readonly freshness: number },
): Response {
  headers.set('X-Request-ID', requestId)
  headers.set('Vary', vary)
  headers.set('X-Auth-Freshness', String(freshness))
  const answer = new Response(body, { headers })
  complete.add(answer)
  return answer
}

/** Adds the common headers and `extra`. Headers that the answer already has stay; `Vary` is appended. */
export function withAnswerHeaders(ctx: Pick<Ctx, 'requestId'>, answer: Response, extra: Fields): Response {
  // The answer of a WebSocket upgrade is immutable.
  if (answer.webSocket) return answer
  return withHeaders(answer, { ...BROWSER_HEADERS, ...commonHeaders(ctx) }, extra)
}

/** As `withAnswerHeaders`, for a check: its caller is a gateway, which needs no headers for browsers. */
export function withCheckHeaders(ctx: Pick<Ctx, 'requestId'>, answer: Response, extra: Fields): Response {
  if (!complete.has(answer)) return withHeaders(answer, commonHeaders(ctx), extra)
  for (const [name, value] of Object.entries(extra)) if (name !== 'Vary') answer.headers.set(name, value)
  return answer
}

function withHeaders(answer: Response, common: Fields, extra: Fields): Response {
  const out = new Response(answer.body, answer)
  for (const [name, value] of Object.entries(common)) if (!out.headers.has(name)) out.headers.set(name, value)
  for (const [name, value] of Object.entries(extra)) {
    if (name === 'Vary') out.headers.append(name, value)
    else out.headers.set(name, value)
  }
  return out
}

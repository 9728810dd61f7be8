import type { Ctx } from '../context.ts'

/** For browsers, as Janua has them. HTML pages (API reference) bring a CSP of their own. */
const BROWSER_HEADERS: Readonly<Record<string, string>> = {
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'strict-origin-when-cross-origin',
  'Strict-Transport-Security': 'max-age=31536000; includeSubDomains; preload',
  'Content-Security-Policy': "default-src 'self'; frame-ancestors 'none'",
  'Permissions-Policy':
    'accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()',
}

type Fields = Readonly<Record<string, string>>

/** What every answer carries. */
const commonHeaders = ({ requestId }: Pick<Ctx, 'requestId'>): Fields => ({
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
  'X-Request-ID': requestId,
})

const complete = new WeakSet<Response>()

/** The headers of 200s to checks, for `checkAnswer`: the runtime copies such an object for a fraction of what as many strings cost. */
export const checkHeadersOf = (headers: Fields): Headers =>
  new Headers({ ...commonHeaders({ requestId: '' }), ...headers })

/** A 200 to a check, which has all its headers from the start, `Vary` for the origin included. `headers` is of `checkHeadersOf`. */
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

/** Adds what every answer of the API carries, and `extra`. Headers that the answer set itself stay; `Vary` is joined. */
export function withAnswerHeaders(ctx: Pick<Ctx, 'requestId'>, answer: Response, extra: Fields): Response {
  // An upgrade's answer is immutable and carries a socket.
  if (answer.webSocket) return answer
  return withHeaders(answer, { ...BROWSER_HEADERS, ...commonHeaders(ctx) }, extra)
}

/** The same for an answer to a check, whose caller is a gateway: nothing that only a browser reads. */
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

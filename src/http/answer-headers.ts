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

type Headers = Readonly<Record<string, string>>

/** What every answer carries. */
const commonHeaders = ({ requestId }: Pick<Ctx, 'requestId'>): Headers => ({
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
  'X-Request-ID': requestId,
})

const complete = new WeakSet<Response>()

/**
 * A 200 to a check, which has all its headers from the start, `Vary` for the origin included: headers given with the answer
 * cost half of what they cost when they are added to it.
 */
export function checkAnswer(ctx: Pick<Ctx, 'requestId'>, body: string | null, headers: Headers): Response {
  const answer = new Response(body, { headers: { ...commonHeaders(ctx), ...headers } })
  complete.add(answer)
  return answer
}

/** Adds what every answer of the API carries, and `extra`. Headers that the answer set itself stay; `Vary` is joined. */
export function withAnswerHeaders(ctx: Pick<Ctx, 'requestId'>, answer: Response, extra: Headers): Response {
  // An upgrade's answer is immutable and carries a socket.
  if (answer.webSocket) return answer
  return withHeaders(answer, { ...BROWSER_HEADERS, ...commonHeaders(ctx) }, extra)
}

/** The same for an answer to a check, whose caller is a gateway: nothing that only a browser reads. */
export function withCheckHeaders(ctx: Pick<Ctx, 'requestId'>, answer: Response, extra: Headers): Response {
  if (!complete.has(answer)) return withHeaders(answer, commonHeaders(ctx), extra)
  for (const [name, value] of Object.entries(extra)) if (name !== 'Vary') answer.headers.set(name, value)
  return answer
}

function withHeaders(answer: Response, common: Headers, extra: Headers): Response {
  const out = new Response(answer.body, answer)
  for (const [name, value] of Object.entries(common)) if (!out.headers.has(name)) out.headers.set(name, value)
  for (const [name, value] of Object.entries(extra)) {
    if (name === 'Vary') out.headers.append(name, value)
    else out.headers.set(name, value)
  }
  return out
}

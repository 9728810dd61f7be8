import type { Ctx } from '../context.ts'

/** janua-wire 1. HTML pages (API reference) bring a CSP of their own. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'X-XSS-Protection': '1; mode=block',
  'Referrer-Policy': 'strict-origin-when-cross-origin',
  'Strict-Transport-Security': 'max-age=31536000; includeSubDomains; preload',
  'Content-Security-Policy': "default-src 'self'; frame-ancestors 'none'",
  'Permissions-Policy':
    'accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()',
  Server: 'Janua-API',
}

/** Adds what every answer carries. Headers that the answer set itself stay; `Vary` is joined. */
export function withAnswerHeaders(
  ctx: Pick<Ctx, 'requestId'>,
  answer: Response,
  extra: Readonly<Record<string, string>>,
): Response {
  // An upgrade's answer is immutable and carries a socket.
  if (answer.webSocket) return answer
  const out = new Response(answer.body, answer)
  const defaults = { ...SECURITY_HEADERS, 'Cache-Control': 'no-store', 'X-Request-ID': ctx.requestId }
  for (const [name, value] of Object.entries(defaults)) if (!out.headers.has(name)) out.headers.set(name, value)
  for (const [name, value] of Object.entries(extra)) {
    if (name === 'Vary') out.headers.append(name, value)
    else out.headers.set(name, value)
  }
  return out
}

import type { Ctx } from '../context.ts'

/** Janua's, so that its clients and scanners find them. HTML pages (API reference) bring a CSP of their own. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
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

const commonHeaders = ({ requestId }: Pick<Ctx, 'requestId'>): Record<string, string> => ({
  ...SECURITY_HEADERS,
  'Cache-Control': 'no-store',
  'X-Request-ID': requestId,
})

const complete = new WeakSet<Response>()

/**
 * A 200 that has from the start what every answer carries. For what is asked at every request of somebody else:
 * headers given with the answer cost half of what they cost when they are added to it.
 */
export function completeAnswer(
  ctx: Pick<Ctx, 'requestId'>,
  body: string | null,
  headers: Readonly<Record<string, string>>,
): Response {
  const answer = new Response(body, { headers: Object.assign(commonHeaders(ctx), headers) })
  complete.add(answer)
  return answer
}

/** Adds what every answer carries. Headers that the answer set itself stay; `Vary` is joined. */
export function withAnswerHeaders(
  ctx: Pick<Ctx, 'requestId'>,
  answer: Response,
  extra: Readonly<Record<string, string>>,
): Response {
  // An upgrade's answer is immutable and carries a socket.
  if (answer.webSocket) return answer
  const out = complete.has(answer) ? answer : addCommonHeaders(ctx, answer)
  for (const [name, value] of Object.entries(extra)) {
    if (name === 'Vary') out.headers.append(name, value)
    else out.headers.set(name, value)
  }
  return out
}

function addCommonHeaders(ctx: Pick<Ctx, 'requestId'>, answer: Response): Response {
  const out = new Response(answer.body, answer)
  for (const [name, value] of Object.entries(commonHeaders(ctx))) {
    if (!out.headers.has(name)) out.headers.set(name, value)
  }
  return out
}

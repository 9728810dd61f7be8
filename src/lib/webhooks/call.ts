import { type OutboundCtx, OutboundError, outboundStart } from '../outbound.ts'
import { HOUR, SECOND, toSeconds } from '../time.ts'
import { signatureHeaders } from './signature.ts'

const CALL_MS = 10 * SECOND
const MAX_ANSWER_BYTES = 4096
const KEPT_CHARACTERS = 1000
const LONGEST_PAUSE_MS = HOUR

/** Where deliveries go, and what they are signed with. */
export interface Receiver {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly authorization: string | null
  /** The newest first; after a rotation the former one for a while. */
  readonly secrets: readonly [string, ...string[]]
}

export interface WebhookMessage {
  /** The same for every attempt. */
  readonly id: string
  readonly name: string
  readonly attempt: number
  readonly body: string
}

/** What came of an attempt. */
export interface CallOutcome {
  readonly ok: boolean
  readonly status: number | null
  /** Why there was no answer, or why it does not count; null when it was delivered. */
  readonly error: string | null
  readonly answer: string | null
  readonly durationMs: number
  /** What `Retry-After` asks for, an hour at most. */
  readonly retryAfterMs: number | null
}

/** Signs the message anew and posts it. Never throws: whatever happens is an outcome. */
export async function callReceiver(
  ctx: OutboundCtx & { now(): number },
  receiver: Receiver,
  { id, name, attempt, body }: WebhookMessage,
): Promise<CallOutcome> {
  const began = ctx.now()
  try {
    const headers = {
      ...receiver.headers,
      ...(receiver.authorization !== null && { Authorization: receiver.authorization }),
      ...signatureHeaders(receiver.secrets, { id, timestamp: toSeconds(began), body }),
      'Content-Type': 'application/json',
      'User-Agent': 'Postern-Webhook/1',
      'X-Webhook-Event': name,
      'X-Webhook-Attempt': String(attempt),
    }
    const bounds = { boundMs: CALL_MS, maxBytes: MAX_ANSWER_BYTES }
    const answer = await outboundStart(ctx, receiver.url, { method: 'POST', headers, body }, bounds)
    const { status } = answer
    const ok = status >= 200 && status < 300
    return {
      ok,
      status,
      error: ok ? null : `status ${status}`,
      answer: new TextDecoder().decode(answer.bytes).slice(0, KEPT_CHARACTERS),
      durationMs: ctx.now() - began,
      retryAfterMs: ok ? null : retryAfterOf(answer.headers.get('retry-after'), ctx.now()),
    }
  } catch (cause) {
    const error = cause instanceof OutboundError ? cause.reason : 'unreachable'
    return { ok: false, status: null, error, answer: null, durationMs: ctx.now() - began, retryAfterMs: null }
  }
}

/** Seconds, or a date (RFC 9110 10.2.3). */
export function retryAfterOf(value: string | null, now: number): number | null {
  if (value === null) return null
  const ms = /^\d{1,9}$/.test(value.trim()) ? Number(value) * SECOND : Date.parse(value) - now
  return ms > 0 ? Math.min(ms, LONGEST_PAUSE_MS) : null
}

import type { Ctx } from '../../../../context.ts'
import { SECOND } from '../../../../lib/time.ts'
import type { Delivery, OutgoingMail } from '../../types.ts'

export interface MailApi {
  readonly url: string
  readonly key: string
}

const API_BOUND_MS = 15 * SECOND
const MAX_ERROR_BYTES = 16_384

/** The provider's error name, if it is a single word: longer text may quote the mail. */
async function errorName(response: Response): Promise<string> {
  if (Number(response.headers.get('content-length') ?? 0) > MAX_ERROR_BYTES) return ''
  const body: unknown = await response.json().catch(() => null)
  const name = typeof body === 'object' && body !== null && 'name' in body ? String(body.name) : ''
  return /^[A-Za-z_]{1,60}$/.test(name) ? ` ${name}` : ''
}

/** 408 timeout, 409 same idempotency key in flight, 425 too early, 429 too many requests, or a fault of the provider. */
const isTemporary = (status: number): boolean => status >= 500 || [408, 409, 425, 429].includes(status)

/** Sends through a JSON API that is compatible with Resend's `POST /emails`. */
export const createHttpTransport =
  ({ url, key }: MailApi) =>
  async (ctx: Pick<Ctx, 'fetch'>, mail: OutgoingMail): Promise<Delivery> => {
    try {
      const response = await ctx.fetch(`${url}/emails`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': mail.id },
        body: JSON.stringify({
          from: `"${mail.from.name}" <${mail.from.address}>`,
          to: [mail.to],
          subject: mail.subject,
          text: mail.text,
          html: mail.html,
          headers: { 'Message-ID': mail.messageId, 'Auto-Submitted': 'auto-generated' },
        }),
        redirect: 'manual',
        signal: AbortSignal.timeout(API_BOUND_MS),
      })
      if (response.ok) {
        await response.body?.cancel()
        return { outcome: 'sent' }
      }
      const reason = `http ${response.status}${await errorName(response)}`
      return { outcome: isTemporary(response.status) ? 'failed' : 'refused', reason }
    } catch (cause) {
      return { outcome: 'failed', reason: `http ${cause instanceof Error ? cause.name : 'failure'}` }
    }
  }

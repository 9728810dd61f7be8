import { EmailMessage } from 'cloudflare:email'
import { SECOND, within } from '../../../../lib/time.ts'
import type { Delivery, OutgoingMail } from '../../types.ts'
import { composeMessage } from '../mime.ts'

const BINDING_BOUND_MS = 15 * SECOND

/** Error codes of the platform that a retry would get again. */
const PERMANENT: ReadonlySet<string> = new Set([
  'E_VALIDATION_ERROR',
  'E_FIELD_MISSING',
  'E_SENDER_NOT_VERIFIED',
  'E_SENDER_DOMAIN_NOT_AVAILABLE',
  'E_RECIPIENT_NOT_ALLOWED',
  'E_RECIPIENT_SUPPRESSED',
  'E_CONTENT_TOO_LARGE',
])

const codeOf = (cause: unknown): string => {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : ''
  return /^E_[A-Z_]{1,60}$/.test(code) ? code : 'failure'
}

/** Sends through the platform's `send_email` binding. */
export const createBindingTransport =
  (binding: Pick<SendEmail, 'send'>) =>
  async (_ctx: unknown, mail: OutgoingMail): Promise<Delivery> => {
    try {
      const message = new TextDecoder().decode(await composeMessage(mail))
      await within(BINDING_BOUND_MS, binding.send(new EmailMessage(mail.from.address, mail.to, message)))
      return { outcome: 'sent' }
    } catch (cause) {
      const code = codeOf(cause)
      return { outcome: PERMANENT.has(code) ? 'refused' : 'failed', reason: `binding ${code}` }
    }
  }

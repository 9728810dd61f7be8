import { HOUR, MINUTE, SECOND } from '../../lib/time.ts'
import type { MailKind } from './types.ts'

/** Mails that strangers can request are limited for each requester first, so that they cannot use up the recipient's limit. */
const LINKS: ReadonlySet<MailKind> = new Set([
  'email_verification',
  'email_change',
  'password_reset',
  'magic_link',
  'account_exists',
  'deleted_account',
  'deleted_by_admin',
  'email_changed',
])

/** How many mails of one kind an address gets in `WINDOW_MS`, whoever requests them. */
export const mailsPerWindow = (kind: MailKind): number => (LINKS.has(kind) ? 100 : 5)
export const WINDOW_MS = HOUR

/** Longer than an attempt can take, so that a second message for the same mail does not send it again. */
export const CLAIM_MS = MINUTE
/** How long an attempt may take. */
export const ATTEMPT_BOUND_MS = 25 * SECOND
/** A mail that the queue has not delivered this long after it was due is enqueued again. */
export const ENQUEUE_GRACE_MS = MINUTE
/** The pause before an overdue mail is enqueued once more: the queue may only be slow. */
export const ENQUEUE_AGAIN_MS = 10 * MINUTE

const LONGEST_DELAY_SECONDS = 3600

/** The pause after attempt number `attempts`: `first` seconds, then twice as long each time, at most an hour. */
export const retryDelaySeconds = (attempts: number, first: number): number =>
  Math.min(LONGEST_DELAY_SECONDS, first * 2 ** Math.max(0, attempts - 1))

/** Mails that inform the owner of an account about a change of it. */
export const NOTICES = [
  'email_change_notice',
  'email_changed',
  'email_reverted',
  'password_changed',
  'password_dropped',
  'new_device',
  'factor_added',
  'factor_removed',
  'backup_codes_replaced',
  'account_locked',
  'account_closed',
  'account_reopened',
  'account_deleted',
  'account_restored',
] as const satisfies readonly MailKind[]

/** A notice reports a change that is committed already, so a failure to send it must not fail the request. */
export const isNotice = (kind: MailKind): boolean => NOTICES.some((notice) => notice === kind)

// The address was checked by `isEmail`; this is the last check before it enters an envelope and a header.
const ADDRESS = /^[^\p{C}\p{Z}"(),:;<>@[\]\\]{1,64}@[A-Za-z0-9.-]{1,253}$/u

/** Throws for text that would be more than one address in a header or an SMTP command. */
export function checkAddress(address: string): string {
  if (!ADDRESS.test(address)) throw new TypeError('not a mail address')
  return address
}

const ENHANCED_CODE = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})(?!\S)/

/** The RFC 3463 code of an SMTP reply, without its text, which may quote the mail. */
export const enhancedCode = (reply: string): string | undefined => ENHANCED_CODE.exec(reply)?.[1]

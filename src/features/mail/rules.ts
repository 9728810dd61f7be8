import { HOUR, MINUTE, SECOND } from '../../lib/time.ts'
import type { MailKind } from './types.ts'

/** Counted by who asks before their link is made, so that strangers take nothing from the address's holder. */
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

/** Nobody gets more mails of one kind in `WINDOW_MS`, whoever asks for them. */
export const mailsPerWindow = (kind: MailKind): number => (LINKS.has(kind) ? 100 : 5)
export const WINDOW_MS = HOUR

/** Longer than an attempt can take: a second message for the same mail finds it claimed. */
export const CLAIM_MS = MINUTE
/** A transport that has not taken the mail by then is given up. */
export const ATTEMPT_BOUND_MS = 25 * SECOND
/** How long after its time a mail that the queue does not bring is handed to it again. */
export const ENQUEUE_GRACE_MS = MINUTE
/** A queue that is that late needs no third message. */
export const ENQUEUE_AGAIN_MS = 10 * MINUTE

const LONGEST_DELAY_SECONDS = 3600

/** The pause after the `attempts`th attempt: `first` seconds, then twice as long each time, an hour at most. */
export const retryDelaySeconds = (attempts: number, first: number): number =>
  Math.min(LONGEST_DELAY_SECONDS, first * 2 ** Math.max(0, attempts - 1))

/** Kinds that tell the owner of an account what became of it. */
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

/** A notice tells of something that has happened: what caused it has succeeded, whether or not mail can be sent. */
export const isNotice = (kind: MailKind): boolean => NOTICES.some((notice) => notice === kind)

// `isEmail` has let it pass; this is the last door before an envelope and a header.
const ADDRESS = /^[^\p{C}\p{Z}"(),:;<>@[\]\\]{1,64}@[A-Za-z0-9.-]{1,253}$/u

/** Throws on what would be more than one address in a header or an SMTP command. */
export function checkAddress(address: string): string {
  if (!ADDRESS.test(address)) throw new TypeError('not a mail address')
  return address
}

const ENHANCED_CODE = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})(?!\S)/

/** RFC 3463's code of an SMTP reply; the words after it may quote the mail, and are left out. */
export const enhancedCode = (reply: string): string | undefined => ENHANCED_CODE.exec(reply)?.[1]

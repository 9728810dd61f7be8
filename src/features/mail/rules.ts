import type { Variables } from '../../config.ts'
import { HOUR, MINUTE, SECOND } from '../../lib/time.ts'
import type { Mailbox, MailKind } from './types.ts'

/**
 * Mails that are limited elsewhere first: those that strangers can request, for each requester, so that they cannot use up the
 * recipient's limit; those about an organization, for each.
 */
const LIMITED_FIRST: ReadonlySet<MailKind> = new Set([
  'sso_changed',
  'sso_break_glass',
  'email_verification',
  'email_change',
  'password_reset',
  'magic_link',
  'account_exists',
  'provider_email',
  'deleted_account',
  'deleted_by_admin',
  'email_changed',
  'organization_ownerless',
  'webhook_disabled',
  'webhook_author_left',
  'data_requests_due',
])

/** How many mails of one kind an address gets in `WINDOW_MS`, whoever requests them. */
export const mailsPerWindow = (kind: MailKind): number => (LIMITED_FIRST.has(kind) ? 100 : 5)
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
  'account_kept',
  'account_restored',
  'sso_changed',
  'sso_break_glass',
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

type MailSettings = Pick<
  Variables,
  | 'MODE'
  | 'APP_NAME'
  | 'MAIL_TRANSPORT'
  | 'MAIL_FROM'
  | 'MAIL_API_URL'
  | 'MAIL_API_KEY'
  | 'SMTP_HOST'
  | 'SMTP_PORT'
  | 'SMTP_SECURITY'
  | 'SMTP_USERNAME'
  | 'SMTP_PASSWORD'
>

export interface SmtpServer {
  readonly host: string
  readonly port: number
  readonly security: 'tls' | 'starttls' | 'none'
  readonly login: { readonly user: string; readonly pass: string } | null
}

type Route<Binding> =
  | { readonly by: 'smtp'; readonly server: SmtpServer }
  | { readonly by: 'http'; readonly url: string; readonly key: string }
  | { readonly by: 'binding'; readonly binding: Binding }
  | { readonly by: 'mailbox' }

/** How mails leave and who sends them, or the names of the settings that are missing. */
export type MailPlan<Binding> =
  | (Route<Binding> & { readonly from: Mailbox })
  | { readonly missing: readonly [string, ...string[]] }

const SMTP_PORTS = { tls: 465, starttls: 587, none: 25 } as const

/** Removes the characters that have a meaning in a header. */
const displayName = (name: string): string => name.replace(/[\p{C}"\\<>]/gu, '').trim()

function planSmtp(settings: MailSettings): Route<never> | string {
  const { SMTP_HOST: host, SMTP_SECURITY: security, SMTP_USERNAME: user, SMTP_PASSWORD: pass } = settings
  if (host === undefined) return 'SMTP_HOST'
  // Mails contain links that sign people in, so they are not sent without TLS.
  if (security === 'none' && settings.MODE !== 'local') return 'SMTP_SECURITY'
  if (user !== undefined && pass === undefined) return 'SMTP_PASSWORD'
  if (user === undefined && pass !== undefined) return 'SMTP_USERNAME'
  const login = user === undefined || pass === undefined ? null : { user, pass }
  return { by: 'smtp', server: { host, port: settings.SMTP_PORT ?? SMTP_PORTS[security], security, login } }
}

function planRoute<Binding>(settings: MailSettings, binding: Binding | null): Route<Binding> | string {
  switch (settings.MAIL_TRANSPORT ?? (settings.MODE === 'local' ? 'mailbox' : undefined)) {
    case 'smtp':
      return planSmtp(settings)
    case 'http': {
      const { MAIL_API_URL: url, MAIL_API_KEY: key } = settings
      return key === undefined ? 'MAIL_API_KEY' : { by: 'http', url, key }
    }
    case 'binding':
      return binding === null ? 'SEND_EMAIL' : { by: 'binding', binding }
    case 'mailbox':
      // Not in a deployment: the mails would not arrive, and their links would be stored unencrypted.
      return settings.MODE === 'local' ? { by: 'mailbox' } : 'MAIL_TRANSPORT'
    case undefined:
      return 'MAIL_TRANSPORT'
  }
}

/** What the settings say of mail. `binding` is the platform's own way to send it, where the deployment has one. */
export function planMail<Binding>(settings: MailSettings, binding: Binding | null): MailPlan<Binding> {
  const route = planRoute(settings, binding)
  const isMailbox = typeof route !== 'string' && route.by === 'mailbox'
  // In local mode a placeholder is enough, because the mails are not sent.
  const from = settings.MAIL_FROM ?? (isMailbox ? { name: null, address: 'postern@localhost' } : null)
  if (typeof route === 'string') return { missing: from ? [route] : [route, 'MAIL_FROM'] }
  if (!from) return { missing: ['MAIL_FROM'] }
  return { ...route, from: { name: displayName(from.name ?? settings.APP_NAME), address: from.address } }
}

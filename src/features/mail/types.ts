import type { Rank } from '../../lib/roles.ts'

/** Sessions that the change reported by a mail ended: all of the user's, or those in which only one factor was proved. */
export type EndedSessions = 'none' | 'one_factor' | 'all'

interface FactorParams {
  readonly factor: string
  readonly ended: EndedSessions
  readonly reportLink: string
}

interface LinkParams {
  readonly link: string
  /** How long the link works: milliseconds. */
  readonly lifetimeMs: number
}

/** What was changed in the single sign-on of an organization. */
export type SsoChange =
  | 'created'
  | 'updated'
  | 'deleted'
  | 'issuer_changed'
  | 'certificate_added'
  | 'certificate_removed'
  | 'certificate_expiring'
  | 'required'
  | 'optional'
  | 'domain_verified'
  | 'domain_missing'
  | 'domain_lost'

interface MembershipParams {
  readonly organization: string
  readonly inviter: string
  readonly role: Rank
  readonly until: number
}

/** The parameters of each kind of mail. Links are absolute, on `PUBLIC_URL`; times are epoch milliseconds. */
export interface MailParams {
  readonly email_verification: LinkParams
  readonly email_change: LinkParams
  readonly email_change_notice: { readonly newEmail: string; readonly reportLink: string }
  /** To a former address: `newEmail` is the current one. */
  readonly email_changed: {
    readonly newEmail: string
    readonly time: number
    readonly until: number
    readonly revertLink: string
  }
  /** To the address of the reverted change: `newEmail` is the one that the account has again. */
  readonly email_reverted: { readonly newEmail: string }
  readonly password_reset: LinkParams
  /** An imported password was removed because it was not used for a long time. */
  readonly password_dropped: LinkParams
  readonly password_changed: { readonly reportLink: string }
  readonly magic_link: LinkParams
  readonly account_exists: LinkParams
  /** Somebody signs in by a provider that has proved no address, and says that this one is theirs. */
  readonly provider_email: LinkParams & { readonly provider: string }
  /** `until`: when the deleted account can no longer be restored, by its user or (`deleted_by_admin`) by an admin only. */
  readonly deleted_account: { readonly until: number; readonly link: string }
  readonly deleted_by_admin: { readonly until: number }
  readonly new_device: {
    readonly device: string
    readonly ip: string
    readonly time: number
    readonly reportLink: string
  }
  readonly factor_added: FactorParams
  readonly factor_removed: FactorParams
  readonly backup_codes_replaced: { readonly reportLink: string }
  readonly mfa_recovery: Readonly<Record<never, never>>
  readonly account_closed: Readonly<Record<never, never>>
  readonly account_reopened: Readonly<Record<never, never>>
  readonly account_deleted: { readonly until: number }
  /** In place of `account_deleted`, while a legal hold keeps the data. */
  readonly account_kept: Readonly<Record<never, never>>
  readonly account_restored: Readonly<Record<never, never>>
  readonly account_locked: { readonly until: number; readonly unlockLink: string }
  /** Names and message are shown between quotes. `until`: when the invitation expires. */
  readonly invitation: MembershipParams & { readonly link: string; readonly message: string | null }
  /** Somebody added the user, who has until `until` to take that up. */
  readonly member_added: MembershipParams
  /** To an admin of the platform. Slugs, separated by commas. */
  readonly organization_ownerless: { readonly organizations: string }
  /** To the owners of an organization and admins of the platform. A slug and an address. */
  readonly sso_break_glass: { readonly organization: string; readonly who: string; readonly time: number }
  /** To the owners of an organization. `about` is a domain, an issuer or the names of fields. */
  readonly sso_changed: {
    readonly organization: string
    readonly change: SsoChange
    readonly about: string
    readonly time: number
  }
  /** To a user: an endpoint gets what happens to them. */
  readonly webhook_created: { readonly host: string }
  /** To whoever may change the endpoint. */
  readonly webhook_disabled: { readonly host: string }
  readonly webhook_author_left: { readonly host: string }
  readonly data_exported: { readonly reportLink: string }
  /** `message`: what the admin says to it, to a confirmed address. */
  readonly data_request_extended: { readonly until: number; readonly message: string | null }
  readonly data_request_answered: { readonly outcome: 'completed' | 'rejected'; readonly message: string | null }
  /** To an admin of the platform. `until`: when the first of them is due. */
  readonly data_requests_due: { readonly count: number; readonly until: number }
}

export type MailKind = keyof MailParams

/** A mail to be sent. */
export type MailRequest = {
  readonly [K in MailKind]: {
    readonly kind: K
    /** In its normal form. */
    readonly to: string
    /** Null when no account has the address. */
    readonly userId: string | null
    /** The user's locale; null or unknown is `DEFAULT_LOCALE`. */
    readonly locale: string | null
    /** Whose account it is. Without it the mail has no text that somebody typed: the recipient may not know of the account. */
    readonly owner?: { readonly name: string | null } | null
    readonly params: MailParams[K]
  }
}[MailKind]

/** The content of a mail, rendered. */
export interface MailContent {
  readonly subject: string
  readonly text: string
  readonly html: string
}

export interface Mail extends MailContent {
  readonly to: string
}

export interface StoredMail extends Mail {
  readonly createdAt: number
}

export type MailStatus = 'queued' | 'sent' | 'dead'

/** A mail without its content. Times are epoch milliseconds. */
export interface MailEntry {
  readonly id: string
  readonly kind: MailKind
  readonly to: string
  readonly userId: string | null
  readonly status: MailStatus
  readonly attempts: number
  readonly lastError: string | null
  readonly createdAt: number
  readonly sentAt: number | null
}

/** A mail for a transport. All attempts to send it use the same bytes. */
export interface OutgoingMail extends Mail {
  /** The provider's idempotency key. */
  readonly id: string
  /** `<id@host of PUBLIC_URL>` */
  readonly messageId: string
  readonly from: Mailbox
  readonly createdAt: number
}

export interface Mailbox {
  readonly name: string
  readonly address: string
}

/** The result of an attempt. `reason` is for admins and has only codes, because a server's text may quote the mail. */
export type Delivery =
  | { readonly outcome: 'sent' }
  /** A retry would fail in the same way. */
  | { readonly outcome: 'refused'; readonly reason: string }
  | { readonly outcome: 'failed'; readonly reason: string }

/** A message of the mail queue. */
export interface MailMessage {
  readonly mailId: string
}

/** What ended with a change that a mail tells of: all sessions of the user, or those in which one factor alone was proved. */
export type EndedSessions = 'none' | 'one_factor' | 'all'

interface FactorParams {
  readonly factor: string
  readonly ended: EndedSessions
  readonly reportLink: string
}

/** What each kind of mail is told. Links are absolute, on `PUBLIC_URL`; times are epoch milliseconds. */
export interface MailParams {
  readonly email_verification: { readonly link: string }
  readonly email_change: { readonly link: string }
  readonly email_change_notice: { readonly newEmail: string; readonly reportLink: string }
  /** To an address before: `newEmail` is the present one. */
  readonly email_changed: {
    readonly newEmail: string
    readonly time: number
    readonly until: number
    readonly revertLink: string
  }
  /** To the address that the account had meanwhile: `newEmail` is the one of before. */
  readonly email_reverted: { readonly newEmail: string }
  readonly password_reset: { readonly link: string }
  /** The password of another system that nobody used for long. */
  readonly password_dropped: { readonly link: string }
  readonly password_changed: { readonly reportLink: string }
  readonly magic_link: { readonly link: string }
  readonly account_exists: { readonly link: string }
  /** Of a deleted account: until when it can be restored, by its user or by an admin alone. */
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
  readonly account_restored: Readonly<Record<never, never>>
  readonly account_locked: { readonly until: number; readonly unlockLink: string }
}

export type MailKind = keyof MailParams

/** A mail that somebody is to get. */
export type MailRequest = {
  readonly [K in MailKind]: {
    readonly kind: K
    /** In its normal form. */
    readonly to: string
    /** Null when the address is nobody's. */
    readonly userId: string | null
    /** The user's locale; null or unknown is English. */
    readonly locale: string | null
    readonly params: MailParams[K]
  }
}[MailKind]

/** A mail as it is read. */
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

/** A mail on its way, without its content. Times are epoch milliseconds. */
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

/** A mail as a transport gets it: the same bytes however often it is delivered. */
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

/** What became of an attempt. `reason` is for an admin: codes alone, for a server's words may quote the mail. */
export type Delivery =
  | { readonly outcome: 'sent' }
  /** Sending it again would end the same. */
  | { readonly outcome: 'refused'; readonly reason: string }
  | { readonly outcome: 'failed'; readonly reason: string }

/** What the queue carries. */
export interface MailMessage {
  readonly mailId: string
}

/** What each kind of mail is told. Links are absolute, on `PUBLIC_URL`; times are epoch milliseconds. */
export interface MailParams {
  readonly email_verification: { readonly link: string }
  readonly email_change: { readonly link: string }
  readonly email_change_notice: { readonly newEmail: string }
  readonly password_reset: { readonly link: string }
  readonly password_changed: { readonly reportLink: string }
  readonly magic_link: { readonly link: string }
  readonly account_exists: { readonly link: string }
  readonly new_device: {
    readonly device: string
    readonly ip: string
    readonly time: number
    readonly reportLink: string
  }
  readonly factor_added: { readonly factor: string; readonly reportLink: string }
  readonly factor_removed: { readonly factor: string; readonly reportLink: string }
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

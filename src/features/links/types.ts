export type OneTimePurpose =
  | 'email_verification'
  | 'email_change'
  | 'password_reset'
  | 'magic_link'
  | 'mfa_challenge'
  | 'webauthn_registration'
  | 'webauthn_authentication'
  | 'account_unlock'
  | 'activity_report'
  | 'email_revert'
  | 'account_restore'

/** What a one-time token stands for. Times are epoch milliseconds. */
export interface OneTimeToken {
  readonly id: string
  readonly purpose: OneTimePurpose
  readonly userId: string | null
  readonly email: string | null
  readonly data: Readonly<Record<string, unknown>>
  readonly createdAt: number
  readonly expiresAt: number
}

/** Values that some of a token's data has. */
export type TokenData = Readonly<Record<string, string | boolean | null>>

/** One session, or all but one (null: all). */
export type AskingSessions = { readonly only: string } | { readonly except: string | null }

/** One use of one token: later statements of the batch depend on it. */
export interface Redemption {
  readonly id: string
  readonly tokenHash: string
}

export type OneTimePurpose =
  | 'email_verification'
  | 'email_change'
  | 'password_reset'
  | 'magic_link'
  | 'sign_in_code'
  | 'mfa_challenge'
  | 'webauthn_registration'
  | 'webauthn_authentication'
  | 'account_unlock'
  | 'activity_report'
  | 'email_revert'
  | 'account_restore'
  | 'federated_sign_in'
  | 'federated_code'
  | 'federated_pending'
  | 'federated_email'
  | 'federated_email_code'
  | 'sso_logout'
  | 'sso_logout_return'
  | 'sso_logout_seen'
  | 'sso_logged_out'

/** A one-time token, without the secret. Times are epoch milliseconds. */
export interface OneTimeToken {
  readonly id: string
  readonly purpose: OneTimePurpose
  readonly userId: string | null
  readonly email: string | null
  readonly data: Readonly<Record<string, unknown>>
  readonly createdAt: number
  readonly expiresAt: number
}

/** Values to match in a token's data. */
export type TokenData = Readonly<Record<string, string | boolean | null>>

/** Selects tokens by the session that requested them: one session, or all but one (null: all). */
export type RequestingSessions = { readonly only: readonly string[] } | { readonly except: string | null }

/** One use of one token. Later statements of the batch depend on it. */
export interface Redemption {
  readonly id: string
  readonly tokenHash: string
}

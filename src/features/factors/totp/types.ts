export type SecondFactor = 'totp' | 'backup_code'

/** What a user with the second factor on has. Times are epoch milliseconds. */
export interface SecondFactorStatus {
  readonly enabled: boolean
  readonly backupCodesRemaining: number
  readonly lastUsedAt: number | null
}

export interface BackupCode {
  /** The last two characters. */
  readonly hint: string
  readonly usedAt: number | null
}

/** What an authenticator app is given; shown once. */
export interface Enrolment {
  /** base32. */
  readonly secret: string
  /** `otpauth://totp/…` (Google Authenticator's key URI format). */
  readonly provisioningUri: string
  readonly backupCodes: readonly string[]
}

/** An enrolment that waits for its first code, as often as it is asked for. */
export interface PendingEnrolment extends Omit<Enrolment, 'backupCodes'> {
  /** What an authenticator app shows now. */
  readonly code: string
}

export type SecondFactor = 'totp' | 'backup_code'

/** Times are epoch milliseconds. */
export interface SecondFactorStatus {
  readonly enabled: boolean
  readonly backupCodesRemaining: number
  /** Names the present codes: others have another. Null without any. */
  readonly backupCodesId: string | null
  readonly lastUsedAt: number | null
}

export interface BackupCode {
  /** The last two characters. */
  readonly hint: string
  readonly usedAt: number | null
}

/** For an authenticator app; shown once. */
export interface Enrolment {
  /** base32. */
  readonly secret: string
  /** `otpauth://totp/…` (Google Authenticator's key URI format). */
  readonly provisioningUri: string
  readonly backupCodes: readonly string[]
}

/** An enrolment before its first code; shown again on request. */
export interface PendingEnrolment extends Omit<Enrolment, 'backupCodes'> {
  /** The present code of the secret. */
  readonly code: string
}

import type { User } from '../users/types.ts'

export type SecondFactor = 'totp' | 'backup_code'
/** What may finish a sign-in that has had its first factor. */
export type SecondStep = SecondFactor | 'passkey'

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

/** A sign-in that has had its first factor. */
export interface Challenge {
  readonly id: string
  readonly userId: string
  /** The user's `auth_version` when the first factor was checked. */
  readonly authVersion: number
  readonly amr: readonly string[]
  readonly method: string
  readonly organizationId: string | null
  /** Where the first factor was checked: a completed sign-in makes it known. Null in some challenges of the last release. */
  readonly network: string | null
}

export interface IssuedChallenge {
  readonly mfaToken: string
  readonly availableMethods: readonly SecondStep[]
}

export interface ChallengeInput extends Omit<Challenge, 'id' | 'userId' | 'authVersion'> {
  readonly user: User
}

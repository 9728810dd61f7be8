import type { SecondFactor } from '../factors/totp/types.ts'
import type { User } from '../users/types.ts'

/** What may finish a sign-in that has had its first factor. */
export type SecondStep = SecondFactor | 'passkey'

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

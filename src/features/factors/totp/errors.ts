import { defineError } from '../../../lib/errors.ts'

export const invalidCode = defineError('INVALID_CODE', 'malformed', 'The code is wrong or was used before')
export const mfaAlreadyEnabled = defineError('MFA_ALREADY_ENABLED', 'malformed', 'The second factor is on already')
export const mfaNotEnabled = defineError('MFA_NOT_ENABLED', 'malformed', 'The second factor is off')
export const mfaNotStarted = defineError('MFA_NOT_STARTED', 'malformed', 'No second factor waits for its first code')
export const secondFactorLocked = defineError(
  'SECOND_FACTOR_LOCKED',
  'locked',
  'Too many wrong codes. Try again later.',
)
/** Whatever is wrong with a challenge; its holder is nobody yet, so it is 401. */
export const mfaChallengeInvalid = defineError(
  'MFA_CHALLENGE_INVALID',
  'unauthenticated',
  'The challenge is invalid or has expired; sign in again',
)
/** At the second step of a sign-in there is no session that a 401 could make a client refresh. */
export const mfaCodeInvalid = defineError('MFA_CODE_INVALID', 'unauthenticated', 'The code is wrong or was used before')

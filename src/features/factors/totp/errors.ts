import { defineError } from '../../../lib/errors.ts'

export const invalidCode = defineError('INVALID_CODE', 'malformed', 'The code is wrong or was used before')
export const mfaAlreadyEnabled = defineError('MFA_ALREADY_ENABLED', 'malformed', 'The second factor is already on')
export const mfaNotEnabled = defineError('MFA_NOT_ENABLED', 'malformed', 'The second factor is off')
export const mfaNotStarted = defineError('MFA_NOT_STARTED', 'malformed', 'No second factor is being set up')
export const backupCodesReplaced = defineError(
  'BACKUP_CODES_REPLACED',
  'conflict',
  'The backup codes were made anew meanwhile',
)
export const secondFactorLocked = defineError(
  'SECOND_FACTOR_LOCKED',
  'locked',
  'Too many wrong codes. Try again later.',
)
/** One answer for every invalid challenge. Its holder is not signed in yet, so it is 401. */
export const mfaChallengeInvalid = defineError(
  'MFA_CHALLENGE_INVALID',
  'unauthenticated',
  'The challenge is invalid or has expired; sign in again',
)
/** 401, unlike INVALID_CODE: in the second step of a sign-in there is no session that a client could refresh. */
export const mfaCodeInvalid = defineError('MFA_CODE_INVALID', 'unauthenticated', 'The code is wrong or was used before')

import { defineError, defineVariant } from '../../lib/errors.ts'

export const invalidCredentials = defineError('INVALID_CREDENTIALS', 'unauthenticated', 'Invalid email or password')
export const accountLocked = defineError('ACCOUNT_LOCKED', 'locked', 'The account is locked')
export const signUpsDisabled = defineError('SIGNUPS_DISABLED', 'forbidden', 'Sign-ups are disabled')
export const emailNotVerified = defineError(
  'EMAIL_NOT_VERIFIED',
  'unauthenticated',
  'The email address is not verified yet',
)
/** Not 401: who asks is signed in, and another token would not help. */
export const addressUnanswered = defineVariant(
  'EMAIL_NOT_VERIFIED',
  'forbidden',
  'A factor needs an address whose holder has confirmed that the account is theirs',
)
/** Where a documented system has no challenge in its answers; `details` has `mfa_token` and `available_methods`. */
export const mfaRequired = defineError('MFA_REQUIRED', 'unauthenticated', 'A second factor is required')
/** The password was right, and its user is not one whom this way of signing in is for. */
export const signInNotAccepted = defineError('SIGN_IN_NOT_ACCEPTED', 'forbidden', 'Not authorized')
export const emailAlreadyVerified = defineError(
  'ALREADY_VERIFIED',
  'malformed',
  'The email address is verified already',
)
/** Unknown, used, voided and expired links are told alike. */
export const linkInvalid = defineError('INVALID_TOKEN', 'malformed', 'The link is invalid, expired or was used before')
/** 400, not 401: a published client takes a 401 for a bad access token, and refreshes without end. */
export const passwordWrong = defineError('INVALID_PASSWORD', 'malformed', 'The current password is wrong')
export const redirectNotAllowed = defineError(
  'REDIRECT_NOT_ALLOWED',
  'malformed',
  'The address to return to is not allowed',
)
export const stepUpRequired = defineError(
  'STEP_UP_REQUIRED',
  'forbidden',
  'This needs a factor that was proved in the last minutes',
)

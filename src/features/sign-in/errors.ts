import { defineError, defineVariant } from '../../lib/errors.ts'

export { stepUpRequired } from '../../lib/errors.ts'

export const invalidCredentials = defineError('INVALID_CREDENTIALS', 'unauthenticated', 'Invalid email or password')
export const accountLocked = defineError('ACCOUNT_LOCKED', 'locked', 'The account is locked')
export const signUpsDisabled = defineError('SIGNUPS_DISABLED', 'forbidden', 'Sign-ups are disabled')
export const emailNotVerified = defineError(
  'EMAIL_NOT_VERIFIED',
  'unauthenticated',
  'The email address is not verified yet',
)
/** 403, not 401: the caller is signed in, and another token would not help. */
export const emailUnconfirmed = defineVariant(
  'EMAIL_NOT_VERIFIED',
  'forbidden',
  'Factors can be added once the account is confirmed: resend-verification mails a link for that',
)
/** For documented systems whose answers have no challenge; `details` has `mfa_token` and `available_methods`. */
export const mfaRequired = defineError('MFA_REQUIRED', 'unauthenticated', 'A second factor is required')
/** The password was right, but this sign-in does not admit its user. */
export const signInNotAccepted = defineError('SIGN_IN_NOT_ACCEPTED', 'forbidden', 'Not authorized')
export const emailAlreadyVerified = defineError(
  'ALREADY_VERIFIED',
  'malformed',
  'The email address is already verified',
)
/** One answer for unknown, used, voided and expired links. */
export const linkInvalid = defineError('INVALID_TOKEN', 'malformed', 'The link is invalid, expired or was used before')
/** For the holder of a good link, who was told of the measure by mail. */
export const accountClosed = defineError(
  'ACCOUNT_CLOSED',
  'forbidden',
  'An admin has closed the account; the link works again once it is open',
)
/** 400, not 401: a published client takes a 401 for a bad access token and refreshes without end. */
export const passwordWrong = defineError('INVALID_PASSWORD', 'malformed', 'The current password is wrong')
export const redirectNotAllowed = defineError(
  'REDIRECT_NOT_ALLOWED',
  'malformed',
  'The redirect address is not allowed',
)

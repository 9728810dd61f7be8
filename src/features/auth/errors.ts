import { defineError } from '../../lib/errors.ts'

export const invalidCredentials = defineError('INVALID_CREDENTIALS', 'unauthenticated', 'Invalid email or password')
export const accountLocked = defineError('ACCOUNT_LOCKED', 'locked', 'The account is locked')
export const weakPassword = defineError('WEAK_PASSWORD', 'malformed', 'The password is too easy to guess')
export const signUpsDisabled = defineError('SIGNUPS_DISABLED', 'forbidden', 'Sign-ups are disabled')
export const emailNotVerified = defineError(
  'EMAIL_NOT_VERIFIED',
  'unauthenticated',
  'The email address is not verified yet',
)

import { defineError } from '../../../lib/errors.ts'

export const passkeyNotFound = defineError('PASSKEY_NOT_FOUND', 'not_found', 'Passkey not found')
/** One answer for a ceremony that was not begun, was used, has expired or is another user's. */
export const ceremonyInvalid = defineError(
  'PASSKEY_CHALLENGE_INVALID',
  'malformed',
  'No passkey ceremony is in progress; begin again',
)
/** 400, not 401: a published client takes a 401 for a bad access token and refreshes without end. */
export const passkeyRefused = defineError('PASSKEY_REFUSED', 'malformed', 'The passkey could not be verified')
export const passkeyTaken = defineError('PASSKEY_ALREADY_REGISTERED', 'malformed', 'The passkey is already registered')
export const tooManyPasskeys = defineError('TOO_MANY_PASSKEYS', 'conflict', 'The account has too many passkeys')

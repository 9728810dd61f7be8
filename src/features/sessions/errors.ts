import { defineError } from '../../lib/errors.ts'

/** The credentials were changed between their check and the opening. */
export const sessionRefused = defineError(
  'SESSION_REFUSED',
  'unauthenticated',
  'The credentials were changed; sign in again',
)
export const sessionNotFound = defineError('SESSION_NOT_FOUND', 'not_found', 'Session not found')
export const sessionAlreadyRevoked = defineError(
  'SESSION_ALREADY_REVOKED',
  'malformed',
  'The session is already revoked',
)

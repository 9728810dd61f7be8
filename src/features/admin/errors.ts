import { defineError } from '../../lib/errors.ts'

/** A key that is not set and one that is wrong are told alike. */
export const adminSecretInvalid = defineError('ADMIN_SECRET_INVALID', 'forbidden', 'The secret key is wrong or not set')
export const ownAccount = defineError('OWN_ACCOUNT', 'malformed', 'Nobody deletes their own account here')

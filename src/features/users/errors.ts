import { conflict, type DomainError, defineError, notFound } from '../../lib/errors.ts'

export const emailTaken = (): DomainError =>
  conflict({ field: 'email', resource: 'user' }, { message: 'An account with this email already exists' })

export const usernameTaken = (): DomainError =>
  conflict({ field: 'username', resource: 'user' }, { message: 'This username is taken' })

export const userNotFound = (): DomainError => notFound({ resource: 'user' }, { message: 'User not found' })

export const userStateConflict = defineError(
  'USER_STATE_CONFLICT',
  'malformed',
  'The user is not in a state that allows this',
)
export const lastAdmin = defineError('LAST_ADMIN', 'conflict', 'The last admin cannot be removed or demoted')

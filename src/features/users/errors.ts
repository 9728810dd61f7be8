import { conflict, type DomainError } from '../../lib/errors.ts'

export const emailTaken = (): DomainError =>
  conflict({ field: 'email', resource: 'user' }, { message: 'An account with this email already exists' })

export const usernameTaken = (): DomainError =>
  conflict({ field: 'username', resource: 'user' }, { message: 'This username is taken' })

import { defineError } from '../../../lib/errors.ts'

export const weakPassword = defineError('WEAK_PASSWORD', 'malformed', 'The password is too easy to guess')

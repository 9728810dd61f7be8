import { defineError } from '../../lib/errors.ts'

export const clientNotFound = defineError('CLIENT_NOT_FOUND', 'not_found', 'Client not found')

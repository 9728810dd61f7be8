import { defineError } from '../../lib/errors.ts'

export const underMaintenance = defineError('MAINTENANCE', 'unavailable', 'The service is under maintenance')

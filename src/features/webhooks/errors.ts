import { defineError } from '../../lib/errors.ts'

export const webhookNotFound = defineError('WEBHOOK_NOT_FOUND', 'not_found', 'There is no such webhook endpoint')
export const deliveryNotFound = defineError('DELIVERY_NOT_FOUND', 'not_found', 'There is no such delivery')
export const webhookMoved = defineError(
  'WEBHOOK_MOVED',
  'conflict',
  'The endpoint was changed by others meanwhile; read it again',
)
export const webhookInGrace = defineError(
  'WEBHOOK_IN_GRACE',
  'conflict',
  'The former secret still signs: wait until former_secret_until, or end it by grace_seconds 0',
)

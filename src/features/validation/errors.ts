import { defineError } from '../../lib/errors.ts'

export const conditionFailed = defineError('CONDITION_FAILED', 'forbidden', 'A condition of the gateway does not hold')
export const conditionsMalformed = defineError(
  'CONDITIONS_MALFORMED',
  'forbidden',
  'The conditions of the check are malformed',
)
export const checkMisrouted = defineError(
  'CHECK_MISROUTED',
  'forbidden',
  'A request with X-Auth-Require must use a path below /validate/',
)

import { defineError } from '../../lib/errors.ts'

export const upgradeRequired = defineError('UPGRADE_REQUIRED', 'upgrade_required', 'This path speaks WebSocket only')
export const originNotAllowed = defineError('ORIGIN_NOT_ALLOWED', 'forbidden', 'The origin is not allowed')
export const cursorInvalid = defineError('INVALID_CURSOR', 'malformed', 'The cursor is not valid')
export const tooManySockets = defineError('TOO_MANY_SOCKETS', 'rate_limited', 'Too many open connections')

import { defineError } from '../../lib/errors.ts'

export const upgradeRequired = defineError('UPGRADE_REQUIRED', 'upgrade_required', 'This path speaks WebSocket only')
export const cursorInvalid = defineError('INVALID_CURSOR', 'malformed', 'The cursor is not valid')
export const tooManySockets = defineError('TOO_MANY_SOCKETS', 'rate_limited', 'Too many open connections')

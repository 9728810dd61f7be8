import { defineError } from '../../lib/errors.ts'

export const mailNotFound = defineError('MAIL_NOT_FOUND', 'not_found', 'Mail not found')
export const mailNotDead = defineError('MAIL_NOT_DEAD', 'conflict', 'Only a mail that was given up can be sent again')

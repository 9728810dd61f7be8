import { defineError } from '../../lib/errors.ts'

export const deadLetterNotFound = defineError('DEAD_LETTER_NOT_FOUND', 'not_found', 'Dead letter not found')
export const deadLetterOutdated = defineError(
  'DEAD_LETTER_OUTDATED',
  'conflict',
  'What is kept at the edge of a session is never written late',
)

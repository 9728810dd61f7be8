import * as z from 'zod'
import { integerParam } from '../../http/input.ts'
import { toIso } from '../../lib/time.ts'
import type { DeadLetter } from './types.ts'

export const ListDeadLettersQuery = z.object({
  limit: integerParam(1, 100).default(50),
  offset: integerParam(0, 1_000_000).default(0),
})

const DeadLetterAnswer = z
  .object({
    id: z.uuid(),
    user_id: z.uuid().nullable(),
    destination: z.string(),
    attempts: z.int(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'DeadLetter' })

export const DeadLetterListAnswer = z.object({
  dead_letters: z.array(DeadLetterAnswer),
  total: z.int(),
  limit: z.int(),
  offset: z.int(),
})

export const deadLetterToWire = (letter: DeadLetter): z.input<typeof DeadLetterAnswer> => ({
  id: letter.id,
  user_id: letter.userId,
  destination: letter.destination,
  attempts: letter.attempts,
  created_at: toIso(letter.createdAt),
})

import * as z from 'zod'
import { instant, shape } from '../../http/answers.ts'
import { rangeOf } from '../../http/list.ts'
import type { DeadLetter } from './types.ts'

const DeadLetterAnswer = shape<DeadLetter>()('DeadLetter', {
  id: z.uuid(),
  user_id: z.uuid().nullable(),
  destination: z.string(),
  attempts: z.int(),
  created_at: instant,
})

export const DeadLetterListAnswer = rangeOf('dead_letters', DeadLetterAnswer, { total: z.int() })

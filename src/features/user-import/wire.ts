import * as z from 'zod'
import { TextBody } from '../../http/input.ts'
import { MAX_HASH_MS } from '../../lib/password-hash/cost.ts'
import type { RowOutcome } from './types.ts'
import { CSV, FORMATS, NDJSON } from './wire/parse.ts'

export { parseImport } from './wire/parse.ts'

export const ImportBody = TextBody
export const IMPORT_ENCODING = { mediaTypes: [...NDJSON, CSV] }

export const ImportQuery = z.object({
  format: z.enum(FORMATS).default('auto').meta({
    description: 'The system whose export the rows are, or `plain` for our own fields; `auto` looks at each row',
  }),
  max_hash_ms: z.coerce.number().int().min(1).max(MAX_HASH_MS).default(MAX_HASH_MS).meta({
    description: 'Milliseconds of CPU that verifying a password hash may take: a row whose hash takes more is rejected',
  }),
})

const RowAnswer = z.object({
  row: z.int().meta({ description: 'Which record of the body, from 1; a header line is none' }),
  status: z.enum(['imported', 'skipped', 'rejected']),
  id: z.uuid().optional(),
  email: z.string().optional(),
  reason: z.string().optional().meta({ description: 'Why it was not imported' }),
  warning: z.string().optional().meta({
    description: 'The account came without its username, which is kept in `app_metadata.imported.username`',
  }),
})

export const ImportAnswer = z
  .object({
    imported: z.int(),
    skipped: z.int().meta({ description: 'Rows whose email has an account already' }),
    rejected: z.int(),
    too_dear: z
      .int()
      .optional()
      .meta({ description: 'Of the rejected: whose password hash takes too long to verify, if there are any' }),
    rows: z.array(RowAnswer),
  })
  .meta({ id: 'UserImport' })

const rowToWire = ({ row, status, id, email, reason, warning }: RowOutcome): z.infer<typeof RowAnswer> => ({
  row,
  status,
  ...(id === null ? {} : { id }),
  ...(email === null ? {} : { email }),
  ...(reason === null ? {} : { reason }),
  ...(warning === null ? {} : { warning }),
})

export function importToWire(outcomes: readonly RowOutcome[]): z.infer<typeof ImportAnswer> {
  const count = (status: RowOutcome['status']) => outcomes.filter((outcome) => outcome.status === status).length
  const tooDear = outcomes.filter(({ isTooDear }) => isTooDear).length
  return {
    imported: count('imported'),
    skipped: count('skipped'),
    rejected: count('rejected'),
    ...(tooDear === 0 ? {} : { too_dear: tooDear }),
    rows: outcomes.map(rowToWire),
  }
}

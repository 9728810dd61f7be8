import * as z from 'zod'
import { TextBody } from '../../../http/input.ts'
import { MAX_HASH_MS } from '../../../lib/password-hash/cost.ts'
import type { IgnoredField, ImportMode, RowOutcome } from '../types.ts'
import { CSV, FORMATS, NDJSON } from './parse.ts'

export { parseImport } from './parse.ts'

export const ImportBody = TextBody
export const IMPORT_ENCODING = { mediaTypes: [...NDJSON, CSV] }

export const ImportQuery = z.object({
  format: z.enum(FORMATS).default('auto').meta({
    description:
      'The system that the rows were exported from, or `plain` for our own fields; `auto` detects it for each row',
  }),
  merge: z.stringbool().default(false).meta({
    description: 'Fill empty fields of accounts that were imported before; nothing is overwritten',
  }),
  dry_run: z
    .stringbool()
    .default(false)
    .meta({ description: 'Return the outcome of each row without writing anything' }),
  max_hash_ms: z.coerce.number().int().min(1).max(MAX_HASH_MS).default(MAX_HASH_MS).meta({
    description:
      'CPU time in milliseconds that verifying a password hash may take; a row whose hash takes longer is rejected',
  }),
})

export const toMode = ({ merge, dry_run: dryRun }: z.output<typeof ImportQuery>): ImportMode => ({ merge, dryRun })

const RowAnswer = z.object({
  row: z.int().meta({ description: 'The number of the record in the body, from 1; a header line is not counted' }),
  status: z.enum(['imported', 'merged', 'skipped', 'rejected']),
  id: z.uuid().optional(),
  email: z.string().optional(),
  reason: z.string().optional().meta({ description: 'Why it was not imported' }),
  warning: z.string().optional().meta({
    description:
      'Values that were left out, each beginning with its field, joined by `; `. A username is stored in `app_metadata.imported.username`',
  }),
  left_behind: z.array(z.string()).optional().meta({
    description: 'What was not imported from the other system: `identity google-oauth2`, `second factor otp`',
  }),
})

export const ImportAnswer = z
  .object({
    imported: z.int(),
    skipped: z.int().meta({ description: 'Rows whose email has an account already' }),
    rejected: z.int(),
    merged: z.int().optional().meta({ description: 'Rows that filled empty fields of an account' }),
    dry_run: z.literal(true).optional(),
    too_dear: z.int().optional().meta({
      description: 'How many rows were rejected because their password hash takes too long to verify; absent when none',
    }),
    ignored: z
      .array(z.object({ field: z.string(), did_you_mean: z.string().nullable() }))
      .optional()
      .meta({ description: 'Unknown fields, which were ignored' }),
    rows: z.array(RowAnswer),
  })
  .meta({ id: 'UserImport' })

const rowToWire = ({
  row,
  status,
  id,
  email,
  reason,
  warnings,
  leftBehind,
}: RowOutcome): z.infer<typeof RowAnswer> => ({
  row,
  status,
  ...(id === null ? {} : { id }),
  ...(email === null ? {} : { email }),
  ...(reason === null ? {} : { reason }),
  ...(warnings.length === 0 ? {} : { warning: warnings.join('; ') }),
  ...(leftBehind.length === 0 ? {} : { left_behind: [...leftBehind] }),
})

export function importToWire(
  outcomes: readonly RowOutcome[],
  ignored: readonly IgnoredField[],
  { merge, dryRun }: ImportMode,
): z.infer<typeof ImportAnswer> {
  const count = (status: RowOutcome['status']) => outcomes.filter((outcome) => outcome.status === status).length
  const tooExpensive = outcomes.filter(({ isTooExpensive }) => isTooExpensive).length
  return {
    imported: count('imported'),
    skipped: count('skipped'),
    rejected: count('rejected'),
    ...(merge ? { merged: count('merged') } : {}),
    ...(dryRun ? { dry_run: true } : {}),
    ...(tooExpensive === 0 ? {} : { too_dear: tooExpensive }),
    ...(ignored.length === 0
      ? {}
      : { ignored: ignored.map(({ field, suggestion }) => ({ field, did_you_mean: suggestion })) }),
    rows: outcomes.map(rowToWire),
  }
}

import { parse } from 'csv-parse/sync'
import { validationFailed } from '../../../lib/errors.ts'
import type { ImportRow } from '../types.ts'
import { fromAuth0 } from './auth0.ts'
import { CSV_OPTIONS, toColumns, toCsvRecord } from './csv.ts'
import { fromFirebase } from './firebase.ts'
import { fromKeycloak } from './keycloak.ts'
import { type ForeignUser, given, isRecord, type RawRecord, textOf } from './record.ts'
import { parseRow } from './row.ts'

export const MAX_ROWS = 1000
export const CSV = 'text/csv'
export const NDJSON = ['application/x-ndjson', 'application/jsonl'] as const
export const FORMATS = ['auto', 'plain', 'firebase', 'auth0', 'keycloak'] as const
export type Format = (typeof FORMATS)[number]

type System = 'firebase' | 'auth0' | 'keycloak'

const READERS: Readonly<Record<System, (record: RawRecord) => ForeignUser>> = {
  firebase: fromFirebase,
  auth0: fromAuth0,
  keycloak: fromKeycloak,
}

/** Fields that one system writes and the others and we do not. Read in this order. */
const MARKS: readonly (readonly [System, readonly string[]])[] = [
  ['firebase', ['localId']],
  ['keycloak', ['createdTimestamp', 'emailVerified', 'credentials', 'firstName', 'requiredActions']],
  ['auth0', ['_id', 'user_id', 'given_name', 'family_name', 'passwordHash', 'custom_password_hash', 'blocked']],
]

const recognize = (record: RawRecord): System | undefined =>
  MARKS.find(([, names]) => names.some((name) => Object.hasOwn(record, name)))?.[0]

const malformed = (message: string) =>
  validationFailed({ validation_errors: [{ field: 'body', message, type: 'custom' }] })

/** Each non-empty line is a row. */
function readLines(text: string): (RawRecord | string)[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return lines.slice(0, MAX_ROWS + 1).map((line) => {
    try {
      const value: unknown = JSON.parse(line)
      return isRecord(value) ? value : 'is not a JSON object'
    } catch {
      return 'is not JSON'
    }
  })
}

function readCsv(text: string): (RawRecord | string)[] {
  const lines: (string[] | string)[] = []
  parse(text, {
    ...CSV_OPTIONS,
    skip_records_with_error: true,
    on_record: (cells: string[]) => {
      lines.push(cells)
      return null
    },
    // The one error that is left: all that follows an open quote belongs to its cell.
    on_skip: () => void lines.push('begins a quoted cell that does not end; nothing behind it was read'),
  })
  const [header, ...rows] = lines
  if (header === undefined) return []
  const columns = typeof header === 'string' ? [] : toColumns(header)
  if (!columns.includes('email'))
    throw malformed('The first line must name the columns, separated by commas; email is one')
  return rows.map((cells) => (typeof cells === 'string' ? cells : toCsvRecord(columns, cells)))
}

const withoutEmpty = (fields: RawRecord): RawRecord =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => given(value) !== undefined))

const withoutUndefined = (fields: RawRecord): RawRecord =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

interface Reading {
  readonly format: Format
  readonly now: number
  /** In ms of CPU. */
  readonly maxHashMs: number
}

function toImportRow(row: number, record: RawRecord, { format, ...bounds }: Reading): ImportRow {
  const email = textOf(record.email)?.slice(0, 254) ?? null
  // Whatever the shape: what is refused in `password` must not be passed over because a reader knows no such field.
  if (given(record.password) !== undefined)
    return { row, email, reason: 'password: clear text is not taken, give password_hash' }
  const system = format === 'auto' ? recognize(record) : format === 'plain' ? undefined : format
  const foreign = system && READERS[system](record)
  if (foreign?.refusal) return { row, email, reason: foreign.refusal }
  // Home-made files mix names: a `status` beside `user_id` or `firstName` must not be passed over (decision 0200).
  const result = parseRow(withoutEmpty({ ...record, ...withoutUndefined(foreign?.fields ?? {}) }), bounds)
  if ('reason' in result) return { row, email, ...result }
  if (!foreign?.foreignId) return { row, ...result }
  const { appMetadata } = result.user
  const known = isRecord(appMetadata?.imported) ? appMetadata.imported : {}
  const imported = { ...known, from: system, id: foreign.foreignId.slice(0, 200) }
  return { row, user: { ...result.user, appMetadata: { ...appMetadata, imported } } }
}

/** The rows of a body. Throws VALIDATION_ERROR when there are too many, or a CSV names no columns. */
export function parseImport(body: { mediaType: string; text: string }, reading: Reading): ImportRow[] {
  const records = body.mediaType === CSV ? readCsv(body.text) : readLines(body.text)
  if (records.length > MAX_ROWS) throw malformed('At most 1,000 rows are taken at once')
  return records.map((record, index) =>
    typeof record === 'string'
      ? { row: index + 1, email: null, reason: record }
      : toImportRow(index + 1, record, reading),
  )
}

import { parse } from 'csv-parse/sync'
import { validationFailed } from '../../../lib/errors.ts'
import { findRepeatedName } from '../../../lib/json.ts'
import type { ImportRow, ParsedImport, System } from '../types.ts'
import { AUTH0_FIELDS, fromAuth0 } from './auth0.ts'
import { CSV_OPTIONS, findRepeatedColumn, toColumns, toCsvRecord } from './csv.ts'
import { FIREBASE_FIELDS, fromFirebase } from './firebase.ts'
import { findIgnored } from './ignored.ts'
import { fromKeycloak, KEYCLOAK_FIELDS } from './keycloak.ts'
import { type ForeignUser, given, isRecord, type RawRecord, textOf } from './record.ts'
import { parseRow } from './row.ts'

export const MAX_ROWS = 1000
export const CSV = 'text/csv'
export const NDJSON = ['application/x-ndjson', 'application/jsonl'] as const
export const FORMATS = ['auto', 'plain', 'firebase', 'auth0', 'keycloak'] as const
export type Format = (typeof FORMATS)[number]

interface Reader {
  readonly read: (record: RawRecord) => ForeignUser
  /** The names of the fields that it reads. */
  readonly fields: readonly string[]
}

const READERS: Readonly<Record<System, Reader>> = {
  firebase: { read: fromFirebase, fields: FIREBASE_FIELDS },
  auth0: { read: fromAuth0, fields: AUTH0_FIELDS },
  keycloak: { read: fromKeycloak, fields: KEYCLOAK_FIELDS },
}

/** Fields by which a system's records are detected, in this order: no other system and none of our fields has them. */
const MARKS: readonly (readonly [System, readonly string[]])[] = [
  ['firebase', ['localId']],
  ['keycloak', ['createdTimestamp', 'emailVerified', 'credentials', 'firstName', 'requiredActions']],
  ['auth0', ['_id', 'user_id', 'given_name', 'family_name', 'passwordHash', 'custom_password_hash', 'blocked']],
]

const recognize = (record: RawRecord): System | null =>
  MARKS.find(([, names]) => names.some((name) => Object.hasOwn(record, name)))?.[0] ?? null

function systemOf(record: RawRecord, format: Format): System | null {
  if (format === 'auto') return recognize(record)
  return format === 'plain' ? null : format
}

const malformed = (message: string) =>
  validationFailed({ validation_errors: [{ field: 'body', message, type: 'custom' }] })

/** Each non-empty line is a row. */
function readLines(text: string): (RawRecord | string)[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return lines.slice(0, MAX_ROWS + 1).map((line) => {
    try {
      const value: unknown = JSON.parse(line)
      if (!isRecord(value)) return 'is not a JSON object'
      const repeated = findRepeatedName(line)
      return repeated === undefined ? value : `names ${repeated.slice(0, 40)} twice`
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
    // The only remaining error: a quoted cell that does not end contains the rest of the file.
    on_skip: () => void lines.push('begins a quoted cell that does not end; nothing behind it was read'),
  })
  const [header, ...rows] = lines
  if (header === undefined) return []
  const columns = typeof header === 'string' ? [] : toColumns(header)
  if (!columns.includes('email'))
    throw malformed('The first line must name the columns, separated by commas; email is one')
  const repeated = findRepeatedColumn(columns)
  if (repeated !== undefined) throw malformed(`The first line names the column ${repeated.slice(0, 40)} twice`)
  return rows.map((cells) => (typeof cells === 'string' ? cells : toCsvRecord(columns, cells)))
}

const withoutEmpty = (fields: RawRecord): RawRecord =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => given(value) !== undefined))

const withoutUndefined = (fields: RawRecord): RawRecord =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

interface Reading {
  readonly format: Format
  readonly now: number
  /** CPU time in ms. */
  readonly maxHashMs: number
}

function toImportRow(row: number, record: RawRecord, { format, ...bounds }: Reading): ImportRow {
  const email = textOf(record.email)?.slice(0, 254) ?? null
  // Checked before the system is detected: readers of other systems would silently ignore `password`.
  if (given(record.password) !== undefined)
    return { row, email, reason: 'password: clear text is not taken, give password_hash' }
  if (Array.isArray(record.users)) return { row, email, reason: 'is an export with a list of users: send the users' }
  const system = systemOf(record, format)
  const foreign = system && READERS[system].read(record)
  if (foreign?.refusal) return { row, email, reason: foreign.refusal }
  // Hand-made files mix names: a `status` beside `user_id` or `firstName` must not be ignored (decision 0200).
  const result = parseRow(withoutEmpty({ ...record, ...withoutUndefined(foreign?.fields ?? {}) }), bounds)
  if ('reason' in result) return { row, email, ...result }
  const about = { ...result, row, system, leftBehind: foreign?.leftBehind ?? [] }
  if (!foreign?.foreignId) return about
  const { appMetadata } = result.user
  const known = isRecord(appMetadata?.imported) ? appMetadata.imported : {}
  const imported = { ...known, from: system, id: foreign.foreignId.slice(0, 200) }
  return { ...about, user: { ...result.user, appMetadata: { ...appMetadata, imported } } }
}

/** The rows of a body. Throws VALIDATION_ERROR for too many rows, and for a CSV without column names or with a repeated one. */
export function parseImport(body: { mediaType: string; text: string }, reading: Reading): ParsedImport {
  const records = body.mediaType === CSV ? readCsv(body.text) : readLines(body.text)
  if (records.length > MAX_ROWS) throw malformed('At most 1,000 rows are taken at once')
  const rows = records.map(
    (record, index): ImportRow =>
      typeof record === 'string'
        ? { row: index + 1, email: null, reason: record }
        : toImportRow(index + 1, record, reading),
  )
  const read = records.flatMap((record) => {
    if (typeof record === 'string') return []
    const system = systemOf(record, reading.format)
    return [{ record, reads: system === null ? [] : READERS[system].fields }]
  })
  return { rows, ignored: findIgnored(read) }
}

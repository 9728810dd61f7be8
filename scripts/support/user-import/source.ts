import { createReadStream, type ReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { parse } from 'csv-parse'
import { chain } from 'stream-chain'
import { pick } from 'stream-json/filters/pick.js'
import { parser } from 'stream-json/parser.js'
import { streamArray } from 'stream-json/streamers/stream-array.js'
import { CSV_OPTIONS, toColumns, toCsvRecord } from '../../../src/features/user-import/wire/csv.ts'
import { isFirebaseCsv, toFirebaseRecord } from '../../../src/features/user-import/wire/firebase.ts'
import { Refusal } from '../refusal.ts'
import { readLines } from './lines.ts'
import { MAX_LINE_BYTES, type SourceRow } from './row.ts'

export interface Source {
  rows(): AsyncGenerator<SourceRow>
  bytesRead(): number
}

export const FORMATS = ['auto', 'ndjson', 'csv', 'firebase', 'auth0', 'keycloak'] as const
export type Format = (typeof FORMATS)[number]

/** How records stand in the file, whoever wrote it. */
type Container = 'lines' | 'csv' | 'array' | 'document'

/** More than the first line of any file whose lines are users. */
const HEAD_BYTES = 4 * 1024 * 1024

async function readHead(file: string): Promise<string> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
    return buffer
      .toString('utf8', 0, bytesRead)
      .replace(/^\ufeff/, '')
      .trimStart()
  } finally {
    await handle.close()
  }
}

/** A line that is an object of its own, and not a whole realm or export on one line. */
function isRecordLine(line: string): boolean {
  try {
    const value = JSON.parse(line)
    return !Array.isArray(value.users)
  } catch {
    return false
  }
}

/** A first line that is closed before another opens, in no document: it need not be good, a bad row is rejected for itself. */
const CLOSED_LINE = /^[^\n]*\}\s*\n\s*\{/

function containerOf(head: string, format: Format): Container {
  if (format === 'csv') return 'csv'
  if (format === 'ndjson') return 'lines'
  if (head.startsWith('[')) return 'array'
  if (!head.startsWith('{')) return 'csv'
  return CLOSED_LINE.test(head) || isRecordLine(head.split('\n', 1)[0] ?? '') ? 'lines' : 'document'
}

/** What is no UTF-8 was replaced when it was read, and the name of a person is not ours to change. */
function toRow(row: number, record: unknown): SourceRow {
  const line = JSON.stringify(record)
  if (line.includes('\ufffd')) return { row, line, reason: 'is not UTF-8' }
  if (Buffer.byteLength(line) > MAX_LINE_BYTES) return { row, reason: 'is longer than 256 KiB' }
  return { row, line }
}

/** `[…]`, or the list `users` of one object: the rest of it is passed over and not kept. */
async function* readJson(input: ReadStream, container: 'array' | 'document'): AsyncGenerator<SourceRow> {
  const tokens = parser({ streamValues: false })
  const elements = streamArray()
  const stream =
    container === 'array'
      ? chain([input, tokens, elements])
      : chain([input, tokens, pick({ filter: 'users', once: true }), elements])
  let row = 0
  try {
    for await (const { value } of stream as AsyncIterable<{ value: unknown }>) yield toRow(++row, value)
  } catch (cause) {
    throw new Refusal(`the file is not JSON behind row ${row}: ${cause instanceof Error ? cause.message : cause}`)
  }
  if (row === 0) throw new Refusal('the file has no users: it must be a list, or an object with the list `users`')
}

async function* readCsv(input: ReadStream, format: Format): AsyncGenerator<SourceRow> {
  const cellsOf = parse({ ...CSV_OPTIONS, max_record_size: MAX_LINE_BYTES })
  input.on('error', (cause) => cellsOf.destroy(cause))
  input.pipe(cellsOf)
  let row = 0
  let columns: string[] | null = null
  try {
    for await (const cells of cellsOf as AsyncIterable<string[]>) {
      if (row === 0 && columns === null) {
        const isFirebase = isFirebaseCsv(cells) && (format === 'auto' || format === 'firebase')
        columns = isFirebase ? [] : toColumns(cells)
        if (!isFirebase && !columns.includes('email'))
          throw new Refusal('the first line must name the columns, separated by commas; `email` is one')
        if (!isFirebase) continue
      }
      row += 1
      const record = columns && columns.length > 0 ? toCsvRecord(columns, cells) : toFirebaseRecord(cells)
      yield typeof record === 'string' ? { ...toRow(row, { cells }), reason: record } : toRow(row, record)
    }
  } catch (cause) {
    if (cause instanceof Refusal) throw cause
    throw new Refusal(`the file is not CSV behind row ${row}: ${cause instanceof Error ? cause.message : cause}`)
  }
}

/** Records of a file, in bounded memory. */
export async function openSource(file: string, format: Format): Promise<Source> {
  const container = containerOf(await readHead(file), format)
  const input = createReadStream(file)
  return {
    bytesRead: () => input.bytesRead,
    rows() {
      if (container === 'lines') return readLines(input)
      return container === 'csv' ? readCsv(input, format) : readJson(input, container)
    },
  }
}

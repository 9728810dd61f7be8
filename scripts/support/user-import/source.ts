import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { parse } from 'csv-parse'
import { chain } from 'stream-chain'
import { pick } from 'stream-json/filters/pick.js'
import { parser } from 'stream-json/parser.js'
import { streamArray } from 'stream-json/streamers/stream-array.js'
import { streamValues } from 'stream-json/streamers/stream-values.js'
import { CSV_OPTIONS, findRepeatedColumn, toColumns, toCsvRecord } from '../../../src/features/user-import/wire/csv.ts'
import { isFirebaseCsv, joinFirebaseLines, toFirebaseRecord } from '../../../src/features/user-import/wire/firebase.ts'
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
type Container = 'lines' | 'csv' | 'array' | 'document' | 'realms'

/** More than the first line of any file whose lines are users. */
const HEAD_BYTES = 4 * 1024 * 1024

/** What a file begins with that is no text, and what to do about it. */
const PACKED: readonly (readonly [string, string])[] = [
  ['504b0304', 'is a ZIP archive: unpack it first'],
  ['425a68', 'is compressed with bzip2: unpack it first'],
  ['fd377a585a00', 'is compressed with xz: unpack it first'],
  ['28b52ffd', 'is compressed with zstd: unpack it first'],
  ['fffe', 'is UTF-16: save it as UTF-8'],
  ['feff', 'is UTF-16: save it as UTF-8'],
]

const GZIP = '1f8b'

async function readFirstBytes(file: string): Promise<string> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(8), 0, 8, 0)
    return buffer.toString('hex', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

interface Input {
  readonly text: Readable
  /** Of the file, packed as it is. */
  bytesRead(): number
  close(): void
}

/** The file's text; unpacked, where it is compressed with gzip. */
function openText(file: string, isPacked: boolean): Input {
  const bytes = createReadStream(file)
  const text = isPacked ? bytes.pipe(createGunzip()) : bytes
  if (isPacked) bytes.on('error', (cause) => text.destroy(cause))
  const close = () => {
    text.destroy()
    bytes.destroy()
  }
  return { text, bytesRead: () => bytes.bytesRead, close }
}

async function readHead(input: Input): Promise<string> {
  const pieces: Buffer[] = []
  let size = 0
  try {
    for await (const piece of input.text as AsyncIterable<Buffer>) {
      pieces.push(piece)
      size += piece.length
      if (size >= HEAD_BYTES) break
    }
  } catch (cause) {
    throw new Refusal(`the file cannot be read: ${cause instanceof Error ? cause.message : cause}`)
  } finally {
    input.close()
  }
  return Buffer.concat(pieces)
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart()
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

/** Keycloak's export of several realms into one file is a list of realms. */
const REALMS = /^\[\s*\{\s*(?:"id"\s*:\s*"[^"]*"\s*,\s*)?"realm"\s*:/

/** A first line that is closed before another opens, in no document: it need not be good, a bad row is rejected for itself. */
const CLOSED_LINE = /^[^\n]*\}\s*\n\s*\{/

function containerOf(head: string, format: Format): Container {
  if (format === 'csv') return 'csv'
  if (format === 'ndjson') return 'lines'
  if (REALMS.test(head)) return 'realms'
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

/** The elements of a list in JSON; the rest is passed over and not kept. */
function elementsOf(input: Readable, container: Exclude<Container, 'lines' | 'csv'>, realm: number) {
  const tokens = parser({ streamValues: false })
  if (container === 'array') return chain([input, tokens, streamArray()])
  return container === 'document'
    ? chain([input, tokens, pick({ filter: 'users', once: true }), streamArray()])
    : chain([input, tokens, pick({ filter: new RegExp(`^${realm}\\.users\\.\\d+$`) }), streamValues()])
}

const notJson = (cause: unknown, row: number): Refusal =>
  new Refusal(`the file is not JSON behind row ${row}: ${cause instanceof Error ? cause.message : cause}`)

/** `[…]`, the list `users` of one object, or that of one realm of several. */
async function* readJson(
  input: Readable,
  container: Exclude<Container, 'lines' | 'csv'>,
  realm: number,
): AsyncGenerator<SourceRow> {
  let row = 0
  try {
    const elements = elementsOf(input, container, realm) as AsyncIterable<{ value: unknown }>
    for await (const { value } of elements) yield toRow(++row, value)
  } catch (cause) {
    throw notJson(cause, row)
  }
  if (row === 0) throw new Refusal('the file has no users: it must be a list, or an object with the list `users`')
}

/** Which of the file's realms is imported: people of two realms may have one address, and are not one person for it. */
async function findRealm(input: Readable, wanted: string | null): Promise<number> {
  const names: string[] = []
  try {
    const values = chain([input, parser(), pick({ filter: /^\d+\.realm$/ }), streamValues()])
    for await (const { value } of values as AsyncIterable<{ value: unknown }>) names.push(String(value))
  } catch (cause) {
    throw notJson(cause, 0)
  }
  const index = wanted === null ? 0 : names.indexOf(wanted)
  if (index === -1 || (wanted === null && names.length > 1))
    throw new Refusal(`the file has the realms ${names.join(', ')}: name one of them with --realm`)
  return index
}

async function* readRecordLines(input: Readable): AsyncGenerator<SourceRow> {
  try {
    yield* readLines(input)
  } catch (cause) {
    throw new Refusal(`the file cannot be read: ${cause instanceof Error ? cause.message : cause}`)
  }
}

function readColumns(cells: readonly string[]): string[] {
  const columns = toColumns(cells)
  if (!columns.includes('email'))
    throw new Refusal('the first line must name the columns, separated by commas; `email` is one')
  const repeated = findRepeatedColumn(columns)
  if (repeated !== undefined) throw new Refusal(`the first line names the column \`${repeated}\` twice`)
  return columns
}

/** Whether the CSV is Firebase's, which has no header line: one of the first lines is a whole record of it. */
function hasFirebaseLines(head: string, format: Format): boolean {
  if (format !== 'auto' && format !== 'firebase') return false
  const names = head
    .split('\n', 1)[0]
    ?.split(',')
    .map((name) => name.trim())
  if (names?.includes('email')) return false
  return format === 'firebase' || head.split('\n', 50).some((line) => isFirebaseCsv(line.split(',')))
}

async function* readCsv(input: Readable, isFirebase: boolean): AsyncGenerator<SourceRow> {
  const lines = parse({ ...CSV_OPTIONS, max_record_size: MAX_LINE_BYTES })
  input.on('error', (cause) => lines.destroy(cause))
  input.pipe(lines)
  let row = 0
  let columns: string[] | null = null
  try {
    for await (const cells of isFirebase ? joinFirebaseLines(lines) : (lines as AsyncIterable<string[]>)) {
      if (!isFirebase && columns === null) {
        columns = readColumns(cells)
        continue
      }
      row += 1
      const record = columns === null ? toFirebaseRecord(cells) : toCsvRecord(columns, cells)
      yield typeof record === 'string' ? { ...toRow(row, { cells }), reason: record } : toRow(row, record)
    }
  } catch (cause) {
    if (cause instanceof Refusal) throw cause
    throw new Refusal(`the file is not CSV behind row ${row}: ${cause instanceof Error ? cause.message : cause}`)
  }
}

/** Records of a file, in bounded memory. `realm` is Keycloak's, where a file has several. */
export async function openSource(file: string, format: Format, realm: string | null = null): Promise<Source> {
  const bytes = await readFirstBytes(file)
  const packed = PACKED.find(([start]) => bytes.startsWith(start))
  if (packed) throw new Refusal(`${file} ${packed[1]}`)
  const openInput = () => openText(file, bytes.startsWith(GZIP))
  const head = await readHead(openInput())
  const container = containerOf(head, format)
  const index = container === 'realms' ? await findRealm(openInput().text, realm) : 0
  const input = openInput()
  return {
    bytesRead: input.bytesRead,
    rows() {
      if (container === 'lines') return readRecordLines(input.text)
      return container === 'csv'
        ? readCsv(input.text, hasFirebaseLines(head, format))
        : readJson(input.text, container, index)
    },
  }
}

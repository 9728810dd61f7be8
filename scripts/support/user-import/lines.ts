import { isUtf8 } from 'node:buffer'
import type { Readable } from 'node:stream'
import { MAX_LINE_BYTES, type SourceRow } from './row.ts'

const NEWLINE = 0x0a

function toRow(row: number, bytes: Buffer | null): SourceRow {
  if (bytes === null) return { row, reason: 'is longer than 256 KiB' }
  return isUtf8(bytes) ? { row, line: bytes.toString().trim() } : { row, reason: 'is not UTF-8' }
}

/** Pieces of one line; null once it is too long to be kept. */
type Pending = Buffer[] | null

function append(pending: Pending, piece: Buffer): Pending {
  const size = pending?.reduce((sum, { length }) => sum + length, piece.length) ?? Number.POSITIVE_INFINITY
  return size > MAX_LINE_BYTES ? null : [...(pending ?? []), piece]
}

const isBlank = (bytes: Buffer | null): boolean => bytes?.every((byte) => byte <= 0x20) ?? false

/** Each line that is not blank. A line without an end is not collected. */
export async function* readLines(input: Readable): AsyncGenerator<SourceRow> {
  let pending: Pending = []
  let row = 0
  const take = function* (): Generator<SourceRow> {
    const bytes = pending && Buffer.concat(pending)
    pending = []
    if (!isBlank(bytes)) yield toRow(++row, bytes)
  }
  for await (const chunk of input as AsyncIterable<Buffer>) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      pending = append(pending, chunk.subarray(start, end))
      start = end + 1
      yield* take()
    }
    pending = append(pending, chunk.subarray(start))
  }
  yield* take()
}

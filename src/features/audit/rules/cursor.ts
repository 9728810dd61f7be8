import { sha256Sync } from '../../../lib/crypto.ts'
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../../../lib/encoding.ts'
import type { Place, RecordFilter, View } from '../types.ts'

/** Where a page ended. It is bound to its filters, so that no page of others is taken for the next one. Its holder may change it: it gives no rights. */
export interface Cursor extends Place {
  /** The time that the first page began below, if it was asked for by a time. */
  readonly before: number | null
}

const digestOf = (view: View, filter: RecordFilter): string =>
  toBase64Url(
    sha256Sync(utf8(JSON.stringify([view, Object.entries(filter).toSorted(([a], [b]) => (a < b ? -1 : 1))]))),
  ).slice(0, 11)

export const writeCursor = (view: View, filter: RecordFilter, { position, time, before }: Cursor): string =>
  toBase64Url(utf8(JSON.stringify([position, time, before, digestOf(view, filter)])))

const ISO = /^(\d{4}-\d\d-(\d\d))([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?$/

/** Epoch milliseconds of a time, ISO 8601; in UTC where no zone is named. Undefined for anything else. */
export function findTime(text: string): number | undefined {
  const [isTime, date = '', day] = ISO.exec(text) ?? []
  // `Date.parse` accepts much more: it takes 5 for a day in May 2001, and February 30 for one in March.
  if (!isTime || new Date(date).getUTCDate() !== Number(day)) return undefined
  const time = Date.parse(text)
  return Number.isNaN(time) ? undefined : time
}

/** Also of an ISO 8601 time. Undefined for anything else, and for the cursor of other filters. */
export function readCursor(view: View, filter: RecordFilter, text: string): Cursor | { before: number } | undefined {
  const start = findTime(text)
  if (start !== undefined) return { before: start }
  const [position, time, before, digest] = readArray(text)
  if (!Number.isSafeInteger(position) || !Number.isSafeInteger(time) || digest !== digestOf(view, filter))
    return undefined
  if (before !== null && !Number.isSafeInteger(before)) return undefined
  return { position: position as number, time: time as number, before: before as number | null }
}

function readArray(text: string): readonly unknown[] {
  const bytes = fromBase64Url(text)
  if (!bytes) return []
  try {
    const value: unknown = JSON.parse(fromUtf8(bytes))
    return Array.isArray(value) ? value : []
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof TypeError) return []
    throw cause
  }
}

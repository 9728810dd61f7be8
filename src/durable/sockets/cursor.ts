import * as z from 'zod/mini'
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../../lib/encoding.ts'
import { isChannel } from './channels.ts'

/** The last seq sent on each subscribed channel. */
export type Positions = Readonly<Record<string, number>>

/** Bounds the length of a cursor and the size of a socket's attachment (at most 16 KiB). */
export const MAX_CHANNELS = 50
const MAX_CURSOR_LENGTH = 8192

const Entry = z.tuple([z.string().check(z.refine(isChannel)), z.int().check(z.minimum(0))])
const Entries = z.array(Entry).check(z.maxLength(MAX_CHANNELS))

/** A socket's positions as one opaque string. It grants no rights: these are checked when it is used. */
export const encodeCursor = (positions: Positions): string =>
  toBase64Url(utf8(JSON.stringify(Object.entries(positions))))

/** Returns undefined for an invalid cursor. */
export function decodeCursor(cursor: string): Positions | undefined {
  if (cursor.length > MAX_CURSOR_LENGTH) return undefined
  const bytes = fromBase64Url(cursor)
  if (!bytes) return undefined
  try {
    const entries = Entries.safeParse(JSON.parse(fromUtf8(bytes)))
    return entries.success ? Object.fromEntries(entries.data) : undefined
  } catch {
    return undefined
  }
}

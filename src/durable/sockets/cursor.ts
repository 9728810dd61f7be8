import * as z from 'zod'
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../../lib/encoding.ts'
import { isChannel } from './channels.ts'

/** The last seq sent on each subscribed channel. */
export type Positions = Readonly<Record<string, number>>

/** Keeps cursors, and what a socket's attachment holds (16 KiB), small. */
export const MAX_CHANNELS = 50
const MAX_CURSOR_LENGTH = 8192

const Entries = z.array(z.tuple([z.string().refine(isChannel), z.int().min(0)])).max(MAX_CHANNELS)

/** A socket's position as one opaque string. It grants nothing: rights are checked when it is used. */
export const encodeCursor = (positions: Positions): string =>
  toBase64Url(utf8(JSON.stringify(Object.entries(positions))))

/** Returns undefined for what is no cursor of ours. */
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

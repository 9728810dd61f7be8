import { open, rename, rm, stat } from 'node:fs/promises'
import type { SourceRow } from './row.ts'

export interface RejectedRow {
  readonly row: SourceRow
  readonly reason: string
}

export interface RejectsFile {
  /** Returns the length of the file, safely written. */
  append(rows: readonly RejectedRow[]): Promise<number>
  close(): Promise<void>
}

function parseLine(line: string | undefined): object {
  try {
    const value: unknown = JSON.parse(line ?? '')
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : { line }
  } catch {
    return line === undefined ? {} : { line }
  }
}

/** The record with the row and the reason beside its fields: once it is corrected, the file can be imported itself. */
const toLine = ({ row: { row, line }, reason }: RejectedRow): string =>
  `${JSON.stringify({ ...parseLine(line), rejected: { row, reason } })}\n`

const MAX_REASONS = 50

/** Writes nothing, and counts the reasons instead. */
export function countRejects(): RejectsFile & { reasons(): string[] } {
  const counts = new Map<string, number>()
  return {
    append: async (rows) => {
      for (const { reason } of rows)
        if (counts.has(reason) || counts.size < MAX_REASONS) counts.set(reason, (counts.get(reason) ?? 0) + 1)
      return 0
    },
    close: () => Promise.resolve(),
    reasons: () => [...counts].map(([reason, count]) => `rejected ${count}: ${reason}`),
  }
}

/** Keeps what an earlier run wrote, as `PATH.1`: somebody may still be correcting it. */
export async function setAside(path: string): Promise<void> {
  const known = await stat(path).catch(() => null)
  if (known?.isFile() && known.size > 0) await rename(path, `${path}.1`)
}

async function lengthOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw cause
  }
}

/**
 * Goes on at `length`: what an interrupted run wrote behind it belongs to rows that are sent again. A file that somebody
 * took away, or emptied, begins anew, and so does that of a new run.
 */
export async function openRejects(path: string, length: number): Promise<RejectsFile> {
  let end = (await lengthOf(path)) < length ? 0 : length
  if (end === 0) await setAside(path)
  // Rows hold password hashes.
  const handle = await open(path, end === 0 ? 'w' : 'r+', 0o600)
  await handle.truncate(end)
  return {
    async append(rows) {
      if (rows.length === 0) return end
      const { bytesWritten } = await handle.write(Buffer.from(rows.map(toLine).join('')), 0, null, end)
      await handle.sync()
      end += bytesWritten
      return end
    },
    async close() {
      await handle.close()
      if (end === 0) await rm(path, { force: true })
    },
  }
}

import type { Ctx } from '../../context.ts'
import type { UndeliveredEvent } from '../../db/delivery.ts'
import { markDelivered, readUndelivered } from '../../db/delivery.ts'
import { raiseClaimsVersion } from './credentials.ts'
import type { Turn } from './turn.ts'

const ROWS_PER_READ = 100

/** Hands the user's rows of D1 to `take` in order, and marks each batch once it is taken: a crash between repeats it. */
export async function drainRows(
  db: Ctx['db'],
  userId: string,
  now: number,
  take: (rows: readonly UndeliveredEvent[]) => void,
): Promise<void> {
  for (;;) {
    const rows = await readUndelivered(db, userId, ROWS_PER_READ)
    if (rows.length === 0) return
    take(rows)
    const ids = rows.map(({ event }) => event.id)
    await markDelivered(db, ids, now)
    if (rows.length < ROWS_PER_READ) return
  }
}

/** Takes rows from D1 into the object: their events, the claims they make stale, their feed entries. */
export function takeRows({ journal, userId, sql }: Turn, rows: readonly UndeliveredEvent[]): void {
  for (const { event, feedEntry } of rows) {
    journal.delivered.push(event)
    if (feedEntry) journal.feed.push(feedEntry)
  }
  const versions = rows.flatMap(({ claimsVersion }) => claimsVersion ?? [])
  if (versions.length === 0) return
  const below = Math.max(...versions)
  raiseClaimsVersion(sql, below)
  journal.feed.push({ kind: 'claims', userId, below })
}

import type { UndeliveredEvent } from '../../features/events/types.ts'
import { raiseClaimsVersion } from './credentials.ts'
import type { Turn } from './turn.ts'

/** Takes a user's rows from D1 into the object: their events, the claims they make stale, their feed entries. */
export function takeDelivered(turn: Turn, rows: readonly UndeliveredEvent[]): void {
  const { journal, userId, sql } = turn
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

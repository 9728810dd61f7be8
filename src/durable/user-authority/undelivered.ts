import type { Ctx } from '../../context.ts'
import { markDelivered, readUndelivered, type UndeliveredEvent } from '../../db/delivery.ts'
import { lastOrganization, rememberOrganization, updateClaimsVersion } from './credentials.ts'
import type { Transaction } from './transaction.ts'

const ROWS_PER_READ = 100

/** Passes the user's undelivered rows of D1 to `take` in order, and marks each batch after it. A crash in between repeats the batch. */
export async function drainRows(
  db: Ctx['db'],
  userId: string,
  now: number,
  take: (rows: readonly UndeliveredEvent[]) => void,
): Promise<void> {
  for (;;) {
    const rows = await readUndelivered(db, { userId, organizationId: null }, ROWS_PER_READ)
    if (rows.length === 0) return
    take(rows)
    const ids = rows.map(({ event }) => event.id)
    await markDelivered(db, ids, now)
    if (rows.length < ROWS_PER_READ) return
  }
}

/** Adds rows of D1 to the journal: their events, their feed entries, and the claims version that they raise. */
export function takeRows({ journal, userId, sql }: Transaction, rows: readonly UndeliveredEvent[]): void {
  for (const { event, feedEntry } of rows) {
    journal.delivered.push(event)
    // Later events of these sessions show devices and addresses: they are no longer the organization's.
    if (event.type === 'organization.member_removed' && event.organizationId !== null) leave(sql, event.organizationId)
    if (feedEntry) journal.feed.push(feedEntry)
  }
  const versions = rows.flatMap(({ claimsVersion }) => claimsVersion ?? [])
  if (versions.length === 0) return
  const below = Math.max(...versions)
  updateClaimsVersion(sql, below)
  journal.feed.push({ kind: 'claims', userId, below })
}

function leave(sql: SqlStorage, organizationId: string): void {
  sql.exec('update sessions set organization_id = null where organization_id = ?', organizationId)
  if (lastOrganization(sql) === organizationId) rememberOrganization(sql, null)
}

import { HOUR } from '../../lib/time.ts'
import { raiseCredentials, readState, writeState } from './credentials.ts'
import type { Turn } from './turn.ts'

/** Wakes the object when nothing of an erased user need be known any more. */
export const FORGET_ALARM = 'forget'

/** A sign-in that read the row before it was deleted may still ask for a session: for so long it is refused. */
export const TOMBSTONE_MS = HOUR

const TABLES = ['sessions', 'advances', 'state', 'devices', 'event_log', 'event_log_ids', 'tickets', 'outbox'] as const

export const hasLiveSession = (sql: SqlStorage): boolean =>
  sql.exec('select 1 from sessions where ended_at is null limit 1').toArray().length > 0

/** Leaves the version of the deleted row and no more: it says nothing of the person. */
export function eraseRows({ sql, now }: Pick<Turn, 'sql' | 'now'>, authVersion: number): void {
  for (const table of TABLES) sql.exec(`delete from ${table}`)
  raiseCredentials(sql, { authVersion, keptSessionId: null })
  writeState(sql, 'forget_at', now + TOMBSTONE_MS)
}

/** The storage may go as a whole. */
export function isForgettable(sql: SqlStorage, now: number): boolean {
  const at = readState(sql, 'forget_at')
  return typeof at === 'number' && at <= now && !hasLiveSession(sql)
}

import { HOUR } from '../../lib/time.ts'
import { CONTENTS, type ShownTable } from './contents.ts'
import { readState, updateCredentials, writeState } from './credentials.ts'
import type { Transaction } from './transaction.ts'

/** Deletes the object's storage, an hour after the user was erased. */
export const FORGET_ALARM = 'forget'

/** A sign-in that read the user's row before it was deleted may still try to open a session. It is refused for this long. */
export const TOMBSTONE_MS = HOUR

/** The rows of a table, for their user's data export. */
export const exportRows = (sql: SqlStorage, table: ShownTable) =>
  sql.exec<Record<string, string | number | null>>(`select ${CONTENTS[table].shows.join(', ')} from ${table}`).toArray()

export const hasLiveSession = (sql: SqlStorage): boolean =>
  sql.exec('select 1 from sessions where ended_at is null limit 1').toArray().length > 0

/** Keeps only the version of the deleted row, which is not personal data. */
export function eraseRows(tx: Pick<Transaction, 'sql' | 'now'>, authVersion: number): void {
  const { sql, now } = tx
  for (const table of Object.keys(CONTENTS)) sql.exec(`delete from ${table}`)
  updateCredentials(tx, { authVersion, keptSessionId: null })
  writeState(sql, 'forget_at', now + TOMBSTONE_MS)
}

/** Whether the whole storage may be deleted. */
export function mayDeleteStorage(sql: SqlStorage, now: number): boolean {
  const at = readState(sql, 'forget_at')
  return typeof at === 'number' && at <= now && !hasLiveSession(sql)
}

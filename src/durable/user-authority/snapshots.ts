import type { CheckInput, CheckResult, Grant, SessionSnapshot } from '../rpc.ts'
import { isStale, readClaimsVersion, readCredentials, updateCredentials } from './credentials.ts'
import { proofOf } from './proof.ts'
import { expiryOf, type SessionRow, toSnapshot } from './tables.ts'
import type { Transaction } from './transaction.ts'

// Queries about sessions, answered from storage.

export const findRow = (sql: SqlStorage, id: string): SessionRow | undefined =>
  sql.exec<SessionRow>('select * from sessions where id = ?', id).toArray()[0]

type Reading = Pick<Transaction, 'sql' | 'userId' | 'now'>

export function findSession({ sql, userId }: Reading, id: string): SessionSnapshot | null {
  const row = findRow(sql, id)
  return row ? toSnapshot(userId, row) : null
}

/** Newest first. */
export function listSessions({ sql, userId, now }: Reading, withEnded: boolean): SessionSnapshot[] {
  const rows = sql.exec<SessionRow>('select * from sessions order by number desc').toArray()
  const isLive = (row: SessionRow) => row.ended_at === null && now < expiryOf(row)
  return rows.filter((row) => withEnded || isLive(row)).map((row) => toSnapshot(userId, row))
}

export const grantOf = (userId: string, row: SessionRow): Grant => ({
  session: toSnapshot(userId, row),
  generation: row.generation,
  proof: proofOf(row, row.generation),
  advancedAt: row.advanced_at,
  ...(row.browser_idle_seconds !== null && { browserIdleSeconds: row.browser_idle_seconds }),
})

/** The check of `consistency=strong`: everything is read from storage. */
export function checkSession(tx: Pick<Transaction, 'sql' | 'now'>, input: CheckInput): CheckResult {
  const { sql, now } = tx
  const newest = input.credentials ? updateCredentials(tx, input.credentials) : readCredentials(sql)
  // Read after the credentials: updating them may have moved this session to the new version.
  const row = findRow(sql, input.sessionId)
  if (!row) return { live: false, reason: 'unknown' }
  if (row.ended_at !== null) return { live: false, reason: row.end_reason === 'expired' ? 'expired' : 'ended' }
  if (now >= expiryOf(row)) return { live: false, reason: 'expired' }
  if (isStale(row, newest)) return { live: false, reason: 'stale_credentials' }
  if (input.claimsVersion < readClaimsVersion(sql)) return { live: false, reason: 'stale_claims' }
  return { live: true }
}

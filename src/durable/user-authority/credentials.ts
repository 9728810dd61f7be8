import { hasSecondFactor, hasTwoFactorsWithoutCode } from '../../lib/amr.ts'
import type { SparedSessions } from '../rpc.ts'
import type { SessionRow } from './tables.ts'
import type { Transaction } from './transaction.ts'

/** The newest credentials of the user's row that this object knows. */
export interface Credentials {
  readonly authVersion: number
  /** The session that the change to `authVersion` does not end. */
  readonly keptSessionId: string | null
}

const UNKNOWN: Credentials = { authVersion: 0, keptSessionId: null }

export function readState(sql: SqlStorage, name: string): SqlStorageValue {
  return (
    sql.exec<{ value: SqlStorageValue }>('select value from state where name = ?', name).toArray()[0]?.value ?? null
  )
}

export const writeState = (sql: SqlStorage, name: string, value: string | number): unknown =>
  sql.exec(
    'insert into state (name, value) values (?, ?) on conflict (name) do update set value = excluded.value',
    name,
    value,
  )

export function readCredentials(sql: SqlStorage): Credentials {
  const stored = readState(sql, 'credentials')
  return typeof stored === 'string' ? (JSON.parse(stored) as Credentials) : UNKNOWN
}

/** Credentials as a caller has read them from the user's row. */
export interface SeenCredentials extends Credentials {
  readonly spares?: SparedSessions | null | undefined
}

const IS_SPARED: Readonly<Record<SparedSessions, (amr: readonly string[]) => boolean>> = {
  two_factors: hasSecondFactor,
  two_factors_without_code: hasTwoFactorsWithoutCode,
}

/**
 * Moves the sessions that the change to `authVersion` spares to that version. Sessions that also missed an earlier change
 * will end: which sessions that one spared is no longer known.
 */
function moveSparedSessions(sql: SqlStorage, { authVersion, spares }: SeenCredentials): void {
  if (!spares) return
  const live = 'select id, amr from sessions where ended_at is null and auth_version = ?'
  for (const { id, amr } of sql.exec<{ id: string; amr: string }>(live, authVersion - 1).toArray())
    if (IS_SPARED[spares](JSON.parse(amr) as string[]))
      sql.exec('update sessions set auth_version = ? where id = ?', authVersion, id)
}

/** A browser's session goes on to the next generation; any other stays as it is. */
export function moveBrowserOn({ sql, now }: Pick<Transaction, 'sql' | 'now'>, sessionId: string): void {
  sql.exec(
    `update sessions set generation = generation + 1, advanced_at = ?
       where id = ? and browser_idle_seconds is not null and ended_at is null`,
    now,
    sessionId,
  )
}

/**
 * Stores the newer of the stored credentials and those that a caller has read, and returns them. Also moves spared sessions,
 * and that of the browser that stays: whoever else has its cookie loses it with the others, whichever call is the first to know.
 */
export function updateCredentials(tx: Pick<Transaction, 'sql' | 'now'>, seen: SeenCredentials): Credentials {
  const { sql } = tx
  const stored = readCredentials(sql)
  if (seen.authVersion <= stored.authVersion) return stored
  const { authVersion, keptSessionId } = seen
  moveSparedSessions(sql, seen)
  if (keptSessionId !== null) moveBrowserOn(tx, keptSessionId)
  writeState(sql, 'credentials', JSON.stringify({ authVersion, keptSessionId }))
  return { authVersion, keptSessionId }
}

/** Whether the session was opened before a change of credentials that ends it. */
export const isStale = (session: Pick<SessionRow, 'id' | 'auth_version'>, newest: Credentials): boolean =>
  session.auth_version < newest.authVersion && newest.keptSessionId !== session.id

export const readClaimsVersion = (sql: SqlStorage): number => Number(readState(sql, 'claims_version') ?? 0)

export function updateClaimsVersion(sql: SqlStorage, version: number): void {
  if (version > readClaimsVersion(sql)) writeState(sql, 'claims_version', version)
}

/** The next session number: sequential, never reused. */
export function nextNumber(sql: SqlStorage): number {
  const number = Number(readState(sql, 'last_number') ?? 0) + 1
  writeState(sql, 'last_number', number)
  return number
}

export function readUserId(sql: SqlStorage): string | null {
  const stored = readState(sql, 'user_id')
  return typeof stored === 'string' ? stored : null
}

export const writeUserId = (sql: SqlStorage, userId: string): unknown => writeState(sql, 'user_id', userId)

/** The organization that was active last; null for none. */
export function lastOrganization(sql: SqlStorage): string | null {
  const stored = readState(sql, 'last_organization')
  return typeof stored === 'string' && stored !== '' ? stored : null
}

export const rememberOrganization = (sql: SqlStorage, id: string | null): unknown =>
  writeState(sql, 'last_organization', id ?? '')

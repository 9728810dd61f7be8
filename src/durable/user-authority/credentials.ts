import type { SessionRow } from './tables.ts'

/** The highest versions of the user's row that this object has heard of. */
export interface Credentials {
  readonly authVersion: number
  /** The session that the change to `authVersion` lets live. */
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

/** Keeps the newer of what is stored and what a caller has read, and returns it. */
export function raiseCredentials(sql: SqlStorage, seen: Credentials): Credentials {
  const stored = readCredentials(sql)
  if (seen.authVersion <= stored.authVersion) return stored
  const { authVersion, keptSessionId } = seen
  writeState(sql, 'credentials', JSON.stringify({ authVersion, keptSessionId }))
  return { authVersion, keptSessionId }
}

/** The session was opened before a change that did not spare it. */
export const isStale = (session: Pick<SessionRow, 'id' | 'auth_version'>, newest: Credentials): boolean =>
  session.auth_version < newest.authVersion && newest.keptSessionId !== session.id

export const readClaimsVersion = (sql: SqlStorage): number => Number(readState(sql, 'claims_version') ?? 0)

export function raiseClaimsVersion(sql: SqlStorage, version: number): void {
  if (version > readClaimsVersion(sql)) writeState(sql, 'claims_version', version)
}

/** Sequential, never used again. */
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

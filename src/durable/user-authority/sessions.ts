import { hasSecondFactor } from '../../lib/amr.ts'
import type { EventActor } from '../../lib/event.ts'
import { newUuid } from '../../lib/ids.ts'
import { DAY, MINUTE, SECOND } from '../../lib/time.ts'
import type { Device } from '../../lib/user-agent.ts'
import type {
  Caller,
  EndReason,
  EndSessionInput,
  EndSessionsInput,
  OpenSessionInput,
  OpenSessionResult,
  SessionSnapshot,
  TouchSessionInput,
} from '../rpc.ts'
import {
  lastOrganization,
  moveBrowserOn,
  nextNumber,
  rememberOrganization,
  updateClaimsVersion,
  updateCredentials,
  writeUserId,
} from './credentials.ts'
import { recordNewDevice, rememberDevice } from './devices.ts'
import { findRow, grantOf } from './snapshots.ts'
import { expiryOf, idleEndOf, type SessionRow, toSnapshot } from './tables.ts'
import { AUTHORITY, recordEvent, type Transaction } from './transaction.ts'

/** Ended sessions are kept so that they can be listed; their tokens are refused even without the row. */
const ENDED_KEPT_MS = 30 * DAY
const ENDED_KEPT = 100

const liveRows = (sql: SqlStorage): SessionRow[] =>
  sql.exec<SessionRow>('select * from sessions where ended_at is null order by number').toArray()

/** Opens a session, unless the credentials were changed after the caller had checked them. */
export function openSession(tx: Transaction, input: OpenSessionInput, device: Device): OpenSessionResult {
  const { sql, userId } = tx
  const newest = updateCredentials(tx, {
    authVersion: input.authVersion,
    keptSessionId: input.keptSessionId ?? null,
    spares: input.spares,
  })
  if (input.authVersion < newest.authVersion) return { outcome: 'stale_credentials' }
  updateClaimsVersion(sql, input.claimsVersion)
  writeUserId(sql, userId)
  expireDue(tx)
  if (input.standsOn && !isStanding(sql, input.standsOn)) return { outcome: 'stale_credentials' }
  const replaced = input.replaces === undefined ? undefined : findRow(sql, input.replaces)
  if (replaced?.ended_at === null) endRow(tx, replaced, 'signed_out', { type: 'user', id: userId }, input.caller)
  enforceSessionCap(tx, input.caller)
  const row = insertSession(tx, input)
  tx.journal.records.push({
    key: `session:${row.id}`,
    value: { user_id: userId, state: 'live', ended_at: null, reason: null },
    expiresAt: row.absolute_expires_at,
  })
  const isNewDevice = rememberDevice(tx, device, input.caller)
  recordOpening(tx, input, device, row)
  if (isNewDevice) recordNewDevice(tx, device, input.caller, row)
  return { outcome: 'opened', grant: grantOf(userId, row), isNewDevice, ended: tx.journal.ended }
}

function isStanding(sql: SqlStorage, { sessionId, generation }: NonNullable<OpenSessionInput['standsOn']>): boolean {
  const row = findRow(sql, sessionId)
  return row !== undefined && row.ended_at === null && row.generation === generation
}

/** Ends the oldest sessions until one more is within the cap. */
function enforceSessionCap(tx: Transaction, caller: Caller): void {
  const live = liveRows(tx.sql)
  const surplus = live.length - tx.settings.MAX_SESSIONS_PER_USER + 1
  for (const row of live.slice(0, Math.max(0, surplus))) endRow(tx, row, 'session_cap', AUTHORITY, caller)
}

/** The organization that was asked for; else the last active one, or the only one, of those that the session may be in. */
function chooseOrganization(sql: SqlStorage, { organizationId, organizations = [] }: OpenSessionInput): string | null {
  if (organizationId !== null) return organizationId
  const last = lastOrganization(sql)
  if (last !== null && organizations.includes(last)) return last
  return organizations.length === 1 ? (organizations[0] ?? null) : null
}

function insertSession({ sql, now, settings }: Transaction, input: OpenSessionInput): SessionRow {
  const { browserIdleSeconds = null, secondFactorAt = input.authTime } = input
  const organizationId = chooseOrganization(sql, input)
  if (organizationId !== null) rememberOrganization(sql, organizationId)
  return sql
    .exec<SessionRow>(
      `insert into sessions (id, number, client_id, opened_at, last_active_at, idle_expires_at, absolute_expires_at,
         ip, country, user_agent, amr, auth_time, second_factor_at, organization_id, auth_version, generation, advanced_at, secret, browser_idle_seconds)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?) returning *`,
      newUuid(),
      nextNumber(sql),
      input.clientId,
      now,
      now,
      idleEndOf({ browser_idle_seconds: browserIdleSeconds }, now, settings),
      Math.min(now + settings.SESSION_ABSOLUTE_SECONDS * SECOND, input.endsAt ?? Number.POSITIVE_INFINITY),
      input.caller.ip,
      input.caller.country,
      input.caller.userAgent,
      JSON.stringify(input.amr),
      input.authTime,
      hasSecondFactor(input.amr) ? secondFactorAt : null,
      organizationId,
      input.authVersion,
      now,
      crypto.getRandomValues(new Uint8Array(32)).buffer,
      browserIdleSeconds,
    )
    .one()
}

export function touchSession(tx: Transaction, input: TouchSessionInput): SessionSnapshot | null {
  const { sql, now, settings, userId } = tx
  expireDue(tx)
  const [row] = sql
    .exec<SessionRow>(
      `update sessions set last_active_at = ?, idle_expires_at = ? + min(?, coalesce(browser_idle_seconds, ?)) * 1000
         where id = ? and ended_at is null returning *`,
      now,
      now,
      settings.SESSION_IDLE_SECONDS,
      settings.SESSION_IDLE_SECONDS,
      input.sessionId,
    )
    .toArray()
  return row ? toSnapshot(userId, row) : null
}

function recordOpening(tx: Transaction, input: OpenSessionInput, { description }: Device, row: SessionRow): void {
  const common = {
    actor: { type: 'user', id: tx.userId },
    sessionId: row.id,
    organizationId: row.organization_id,
  } as const
  for (const { type, data = {}, organizationId = row.organization_id } of input.events)
    recordEvent(tx, input.caller, { ...common, type, subject: tx.userId, organizationId, data })
  recordEvent(tx, input.caller, {
    ...common,
    type: 'session.created',
    subject: row.id,
    data: { ...description, amr: input.amr, client_id: row.client_id },
  })
}

/** Ends a session that has not ended yet: updates its row and adds event, feed entry and KV record to the journal. */
export function endRow(
  tx: Transaction,
  row: SessionRow,
  reason: EndReason,
  actor: EventActor,
  caller: Caller | null,
  note: string | null = null,
): void {
  const { sql, now, journal, settings } = tx
  sql.exec('update sessions set ended_at = ?, end_reason = ? where id = ?', now, reason, row.id)
  sql.exec('delete from advances where session_id = ?', row.id)
  journal.ended.push(row.id)
  journal.feed.push({ kind: 'session', id: row.id })
  journal.records.push({
    key: `session:${row.id}`,
    value: { user_id: tx.userId, state: 'ended', ended_at: now, reason },
    // The session's access tokens have expired by then; two more minutes cover KV's propagation delay.
    expiresAt: now + settings.ACCESS_TOKEN_SECONDS * SECOND + 2 * MINUTE,
  })
  recordEvent(tx, caller, {
    type: reason === 'expired' ? 'session.expired' : 'session.revoked',
    subject: row.id,
    actor,
    sessionId: row.id,
    organizationId: row.organization_id,
    data: reason === 'expired' ? {} : { reason, ...(note && { note }) },
  })
}

/** Returns the session's id, or an empty list when it had ended or expired before. */
export function endSession(tx: Transaction, input: EndSessionInput): string[] {
  expireDue(tx)
  const row = findRow(tx.sql, input.sessionId)
  if (!row || row.ended_at !== null) return []
  endRow(tx, row, input.reason, input.actor, input.caller)
  for (const { type, data = {} } of input.events ?? []) {
    recordEvent(tx, input.caller, {
      type,
      subject: tx.userId,
      actor: input.actor,
      sessionId: row.id,
      organizationId: row.organization_id,
      data,
    })
  }
  return [row.id]
}

/** After a change of credentials only sessions of older versions end; those opened with the new credentials stay. */
export function endSessions(tx: Transaction, input: EndSessionsInput): string[] {
  const { sql } = tx
  expireDue(tx)
  const { authVersion, except, spares } = input
  if (authVersion !== null) {
    updateCredentials(tx, { authVersion, keptSessionId: except, spares })
    sql.exec('update sessions set auth_version = max(auth_version, ?) where id = ?', authVersion, except)
  } else if (except !== null) moveBrowserOn(tx, except)
  const older = liveRows(sql).filter((row) => authVersion === null || row.auth_version < authVersion)
  const rows = older.filter((row) => row.id !== except)
  for (const row of rows) endRow(tx, row, input.reason, input.actor, input.caller, input.note)
  return rows.map(({ id }) => id)
}

function expireDue(tx: Transaction): void {
  for (const row of liveRows(tx.sql)) {
    if (tx.now >= expiryOf(row)) endRow(tx, row, 'expired', AUTHORITY, null)
  }
}

/** The work of the sessions' alarm. */
export function sweepSessions(tx: Transaction): void {
  expireDue(tx)
  pruneEnded(tx)
}

function pruneEnded({ sql, now }: Transaction): void {
  sql.exec('delete from sessions where ended_at <= ?', now - ENDED_KEPT_MS)
  sql.exec(
    'delete from sessions where id in (select id from sessions where ended_at is not null order by ended_at desc limit -1 offset ?)',
    ENDED_KEPT,
  )
}

/** When the next session expires or its row is deleted. */
export const nextSessionDue = (sql: SqlStorage): number | null =>
  sql
    .exec<{ at: number | null }>(
      `select min(case when ended_at is null then min(idle_expires_at, absolute_expires_at) else ended_at + ${ENDED_KEPT_MS} end) as at from sessions`,
    )
    .one().at

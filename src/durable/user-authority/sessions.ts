import { hasSecondFactor } from '../../lib/amr.ts'
import type { EventActor } from '../../lib/event.ts'
import { newUuid } from '../../lib/ids.ts'
import { DAY, MINUTE, SECOND } from '../../lib/time.ts'
import { describeUserAgent } from '../../lib/user-agent.ts'
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
import { nextNumber, raiseClaimsVersion, raiseCredentials, writeUserId } from './credentials.ts'
import { recordNewDevice, seeDevice } from './devices.ts'
import { findRow, grantOf } from './snapshots.ts'
import { expiryOf, type SessionRow, toSnapshot } from './tables.ts'
import { AUTHORITY, recordEvent, type Turn } from './turn.ts'

/** Ended sessions are shown for a while; their tokens are refused with or without their row. */
const ENDED_KEPT_MS = 30 * DAY
const ENDED_KEPT = 100

const liveRows = (sql: SqlStorage): SessionRow[] =>
  sql.exec<SessionRow>('select * from sessions where ended_at is null order by number').toArray()

/** Opens a session, unless the credentials that were checked have been changed since. */
export function openSession(turn: Turn, input: OpenSessionInput): OpenSessionResult {
  const { sql, userId } = turn
  const newest = raiseCredentials(sql, {
    authVersion: input.authVersion,
    keptSessionId: input.keptSessionId ?? null,
    spares: input.spares,
  })
  if (input.authVersion < newest.authVersion) return { outcome: 'stale_credentials' }
  raiseClaimsVersion(sql, input.claimsVersion)
  writeUserId(sql, userId)
  expireDue(turn)
  makeRoom(turn, input.caller)
  const row = insertSession(turn, input)
  turn.journal.records.push({
    key: `session:${row.id}`,
    value: { user_id: userId, state: 'live', ended_at: null, reason: null },
    expiresAt: row.absolute_expires_at,
  })
  const isNewDevice = seeDevice(turn, input.caller)
  recordOpening(turn, input, row)
  if (isNewDevice) recordNewDevice(turn, input.caller, row)
  return { outcome: 'opened', grant: grantOf(userId, row), isNewDevice, ended: turn.journal.ended }
}

/** The oldest go until there is room for one more. */
function makeRoom(turn: Turn, caller: Caller): void {
  const live = liveRows(turn.sql)
  const surplus = live.length - turn.settings.MAX_SESSIONS_PER_USER + 1
  for (const row of live.slice(0, Math.max(0, surplus))) endRow(turn, row, 'session_cap', AUTHORITY, caller)
}

function insertSession({ sql, now, settings }: Turn, input: OpenSessionInput): SessionRow {
  return sql
    .exec<SessionRow>(
      `insert into sessions (id, number, client_id, opened_at, last_active_at, idle_expires_at, absolute_expires_at,
         ip, country, user_agent, amr, auth_time, second_factor_at, organization_id, auth_version, generation, advanced_at, secret)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?) returning *`,
      newUuid(),
      nextNumber(sql),
      input.clientId,
      now,
      now,
      now + settings.SESSION_IDLE_SECONDS * SECOND,
      now + settings.SESSION_ABSOLUTE_SECONDS * SECOND,
      input.caller.ip,
      input.caller.country,
      input.caller.userAgent,
      JSON.stringify(input.amr),
      input.authTime,
      hasSecondFactor(input.amr) ? input.authTime : null,
      input.organizationId,
      input.authVersion,
      now,
      crypto.getRandomValues(new Uint8Array(32)).buffer,
    )
    .one()
}

export function touchSession(turn: Turn, input: TouchSessionInput): SessionSnapshot | null {
  const { sql, now, settings, userId } = turn
  expireDue(turn)
  const [row] = sql
    .exec<SessionRow>(
      'update sessions set last_active_at = ?, idle_expires_at = ? where id = ? and ended_at is null returning *',
      now,
      now + settings.SESSION_IDLE_SECONDS * SECOND,
      input.sessionId,
    )
    .toArray()
  return row ? toSnapshot(userId, row) : null
}

function recordOpening(turn: Turn, input: OpenSessionInput, row: SessionRow): void {
  const common = {
    actor: { type: 'user', id: turn.userId },
    sessionId: row.id,
    organizationId: row.organization_id,
  } as const
  for (const { type, data = {} } of input.events)
    recordEvent(turn, input.caller, { ...common, type, subject: turn.userId, data })
  recordEvent(turn, input.caller, {
    ...common,
    type: 'session.created',
    subject: row.id,
    data: { ...describeUserAgent(input.caller.userAgent), amr: input.amr, client_id: row.client_id },
  })
}

/** Ends one session that has not ended: row, event, feed entry and KV record. */
export function endRow(turn: Turn, row: SessionRow, reason: EndReason, actor: EventActor, caller: Caller | null): void {
  const { sql, now, journal, settings } = turn
  sql.exec('update sessions set ended_at = ?, end_reason = ? where id = ?', now, reason, row.id)
  sql.exec('delete from advances where session_id = ?', row.id)
  journal.ended.push(row.id)
  journal.feed.push({ kind: 'session', id: row.id })
  journal.records.push({
    key: `session:${row.id}`,
    value: { user_id: turn.userId, state: 'ended', ended_at: now, reason },
    // No access token of the session outlives it; two minutes more for KV's own lag.
    expiresAt: now + settings.ACCESS_TOKEN_SECONDS * SECOND + 2 * MINUTE,
  })
  recordEvent(turn, caller, {
    type: reason === 'expired' ? 'session.expired' : 'session.revoked',
    subject: row.id,
    actor,
    sessionId: row.id,
    organizationId: row.organization_id,
    data: reason === 'expired' ? {} : { reason },
  })
}

/** Returns the session's id, or nothing when it had ended or expired before. */
export function endSession(turn: Turn, input: EndSessionInput): string[] {
  expireDue(turn)
  const row = findRow(turn.sql, input.sessionId)
  if (!row || row.ended_at !== null) return []
  endRow(turn, row, input.reason, input.actor, input.caller)
  for (const { type, data = {} } of input.events ?? []) {
    recordEvent(turn, input.caller, {
      type,
      subject: turn.userId,
      actor: input.actor,
      sessionId: row.id,
      organizationId: row.organization_id,
      data,
    })
  }
  return [row.id]
}

/** After a change of credentials, those who signed in with the new ones stay: only older versions end. */
export function endSessions(turn: Turn, input: EndSessionsInput): string[] {
  const { sql } = turn
  expireDue(turn)
  const { authVersion, except, spares } = input
  if (authVersion !== null) {
    raiseCredentials(sql, { authVersion, keptSessionId: except, spares })
    sql.exec('update sessions set auth_version = max(auth_version, ?) where id = ?', authVersion, except)
  }
  const older = liveRows(sql).filter((row) => authVersion === null || row.auth_version < authVersion)
  const rows = older.filter((row) => row.id !== except)
  for (const row of rows) endRow(turn, row, input.reason, input.actor, input.caller)
  return rows.map(({ id }) => id)
}

function expireDue(turn: Turn): void {
  for (const row of liveRows(turn.sql)) {
    if (turn.now >= expiryOf(row)) endRow(turn, row, 'expired', AUTHORITY, null)
  }
}

/** The work of the sessions' alarm. */
export function sweepSessions(turn: Turn): void {
  expireDue(turn)
  forgetEnded(turn)
}

function forgetEnded({ sql, now }: Turn): void {
  sql.exec('delete from sessions where ended_at <= ?', now - ENDED_KEPT_MS)
  sql.exec(
    'delete from sessions where id in (select id from sessions where ended_at is not null order by ended_at desc limit -1 offset ?)',
    ENDED_KEPT,
  )
}

/** When the next session expires or is forgotten. */
export const nextSessionDue = (sql: SqlStorage): number | null =>
  sql
    .exec<{ at: number | null }>(
      `select min(case when ended_at is null then min(idle_expires_at, absolute_expires_at) else ended_at + ${ENDED_KEPT_MS} end) as at from sessions`,
    )
    .one().at

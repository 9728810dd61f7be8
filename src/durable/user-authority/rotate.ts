import { isOtherNetwork, networkOf } from '../../lib/network.ts'
import { SECOND } from '../../lib/time.ts'
import type { InspectInput, InspectResult, RotateInput, RotateResult } from '../rpc.ts'
import { raiseClaimsVersion, raiseCredentials, readCredentials } from './credentials.ts'
import { answeredTokenExpiry, decideRotation } from './rotation.ts'
import { endRow } from './sessions.ts'
import { findRow, grantOf } from './snapshots.ts'
import { type AdvanceRow, type SessionRow, toSnapshot } from './tables.ts'
import { AUTHORITY, recordEvent, type Turn } from './turn.ts'

/** These are kept whatever their age: the rule of the third generation running looks back as far. */
const GENERATIONS_KEPT = 3

const readAdvances = (sql: SqlStorage, sessionId: string): AdvanceRow[] =>
  sql.exec<AdvanceRow>('select * from advances where session_id = ?', sessionId).toArray()

/** One refresh: decides by what storage says and applies the decision, in the caller's transaction. */
export function rotate(turn: Turn, input: RotateInput): RotateResult {
  const { sql, userId } = turn
  const credentials = raiseCredentials(sql, input)
  raiseClaimsVersion(sql, input.claimsVersion)
  // After them: they may have spared it.
  const session = findRow(sql, input.sessionId)
  const decision = decideRotation(
    { session, credentials, advances: readAdvances(sql, input.sessionId), settings: turn.settings, now: turn.now },
    { ...input, ip: input.caller.ip },
  )
  if (decision.kind === 'refuse') {
    if (session && decision.end) {
      if (decision.reason === 'reuse') recordReuse(turn, session, input)
      endRow(turn, session, decision.end, AUTHORITY, decision.end === 'expired' ? null : input.caller)
    }
    return { outcome: 'refused', reason: decision.reason }
  }
  if (!session) throw new Error('a decision without a session')
  keepUp(turn, session, credentials.authVersion)
  if (decision.kind === 'replay') {
    recordReplay(turn, session, decision, input)
    return { outcome: 'replayed', grant: grantOf(userId, session) }
  }
  return { outcome: 'rotated', grant: grantOf(userId, advance(turn, session, input)) }
}

/** The session that a change of credentials lets live lives on under the new version. */
function keepUp({ sql }: Turn, session: SessionRow, authVersion: number): void {
  if (session.auth_version < authVersion)
    sql.exec('update sessions set auth_version = ? where id = ?', authVersion, session.id)
}

function advance(turn: Turn, session: SessionRow, input: RotateInput): SessionRow {
  const { sql, now, settings } = turn
  const { ip, country, userAgent } = input.caller
  sql.exec(
    'insert into advances (session_id, generation, at, ip, network, key_hash) values (?, ?, ?, ?, ?, ?)',
    session.id,
    session.generation,
    now,
    ip,
    networkOf(ip),
    input.idempotencyKeyHash,
  )
  const moved = sql
    .exec<SessionRow>(
      `update sessions set generation = generation + 1, advanced_at = ?, last_active_at = ?, idle_expires_at = ?,
         ip = ?, country = ?, user_agent = ? where id = ? returning *`,
      now,
      now,
      now + settings.SESSION_IDLE_SECONDS * SECOND,
      ip,
      country,
      userAgent,
      session.id,
    )
    .one()
  forgetAdvances(turn, moved)
  return moved
}

/** Keeps the advances of the window, those whose key still counts, and the last three. */
function forgetAdvances({ sql, now, settings }: Turn, session: SessionRow): void {
  for (const row of readAdvances(sql, session.id)) {
    const isRecent = row.generation >= session.generation - GENERATIONS_KEPT
    const isInWindow = now - row.at <= settings.REFRESH_REPLAY_SECONDS * SECOND
    const keyCounts = row.key_hash !== null && now < answeredTokenExpiry(row.at, settings)
    if (isRecent || isInWindow || keyCounts) continue
    sql.exec('delete from advances where session_id = ? and generation = ?', session.id, row.generation)
  }
}

function recordReplay(
  turn: Turn,
  session: SessionRow,
  { advance, abroad }: { advance: AdvanceRow; abroad: boolean },
  input: RotateInput,
): void {
  if (abroad) {
    turn.sql.exec(
      'update advances set replayed_abroad = 1 where session_id = ? and generation = ?',
      session.id,
      advance.generation,
    )
  }
  recordEvent(turn, input.caller, {
    type: 'session.refresh_replayed',
    subject: session.id,
    actor: { type: 'user', id: turn.userId },
    sessionId: session.id,
    organizationId: session.organization_id,
    data: { same_network: !isOtherNetwork(advance.ip, input.caller.ip) },
  })
}

function recordReuse(turn: Turn, session: SessionRow, input: RotateInput): void {
  recordEvent(turn, input.caller, {
    type: 'session.reuse_detected',
    subject: session.id,
    actor: AUTHORITY,
    sessionId: session.id,
    organizationId: session.organization_id,
    data: { same_network: !isOtherNetwork(session.ip, input.caller.ip) },
  })
}

/** Whether a refresh token would be answered now; asking changes nothing. */
export function inspect(turn: Pick<Turn, 'sql' | 'userId' | 'now' | 'settings'>, input: InspectInput): InspectResult {
  const { sql, now, settings, userId } = turn
  const session = findRow(sql, input.sessionId)
  if (!session) return { active: false }
  const decision = decideRotation(
    {
      session,
      credentials: readCredentials(sql),
      advances: readAdvances(sql, session.id),
      settings,
      now,
    },
    { ...input, idempotencyKeyHash: null, ip: session.ip },
  )
  return decision.kind === 'refuse' ? { active: false } : { active: true, session: toSnapshot(userId, session) }
}

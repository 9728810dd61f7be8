import { isOtherNetwork, networkOf } from '../../lib/network.ts'
import { SECOND } from '../../lib/time.ts'
import type { InspectInput, InspectResult, RotateInput, RotateResult } from '../rpc.ts'
import { readCredentials, updateClaimsVersion, updateCredentials } from './credentials.ts'
import { answeredTokenExpiry, decideRotation } from './rotation.ts'
import { endRow } from './sessions.ts'
import { findRow, grantOf } from './snapshots.ts'
import { type AdvanceRow, type SessionRow, toSnapshot } from './tables.ts'
import { AUTHORITY, recordEvent, type Transaction } from './transaction.ts'

/** Kept whatever their age: the rule on consecutive replays from other networks looks this far back. */
const GENERATIONS_KEPT = 3

const readAdvances = (sql: SqlStorage, sessionId: string): AdvanceRow[] =>
  sql.exec<AdvanceRow>('select * from advances where session_id = ?', sessionId).toArray()

/** One refresh: decides from what is stored and applies the decision, in the caller's transaction. */
export function rotate(tx: Transaction, input: RotateInput): RotateResult {
  const { sql, userId } = tx
  const credentials = updateCredentials(tx, input)
  updateClaimsVersion(sql, input.claimsVersion)
  // Read after the credentials: updating them may have moved this session to the new version.
  const session = findRow(sql, input.sessionId)
  const decision = decideRotation(
    { session, credentials, advances: readAdvances(sql, input.sessionId), settings: tx.settings, now: tx.now },
    { ...input, ip: input.caller.ip },
  )
  if (decision.kind === 'refuse') {
    if (session && decision.end) {
      if (decision.reason === 'reuse') recordReuse(tx, session, input)
      endRow(tx, session, decision.end, AUTHORITY, decision.end === 'expired' ? null : input.caller)
    }
    return { outcome: 'refused', reason: decision.reason }
  }
  if (!session) throw new Error('a session was accepted that does not exist')
  moveToVersion(tx, session, credentials.authVersion)
  if (decision.kind === 'replay') {
    recordReplay(tx, session, decision, input)
    return { outcome: 'replayed', grant: grantOf(userId, session) }
  }
  return { outcome: 'rotated', grant: grantOf(userId, advance(tx, session, input)) }
}

/** A session that survives a change of credentials continues under the new version. */
function moveToVersion({ sql }: Transaction, session: SessionRow, authVersion: number): void {
  if (session.auth_version < authVersion)
    sql.exec('update sessions set auth_version = ? where id = ?', authVersion, session.id)
}

function advance(tx: Transaction, session: SessionRow, input: RotateInput): SessionRow {
  const { sql, now, settings } = tx
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
  pruneAdvances(tx, moved)
  return moved
}

/** Keeps advances within the replay window, those whose idempotency key is still valid, and the last three. */
function pruneAdvances({ sql, now, settings }: Transaction, session: SessionRow): void {
  for (const row of readAdvances(sql, session.id)) {
    const isRecent = row.generation >= session.generation - GENERATIONS_KEPT
    const isInWindow = now - row.at <= settings.REFRESH_REPLAY_SECONDS * SECOND
    const isKeyValid = row.key_hash !== null && now < answeredTokenExpiry(row.at, settings)
    if (isRecent || isInWindow || isKeyValid) continue
    sql.exec('delete from advances where session_id = ? and generation = ?', session.id, row.generation)
  }
}

function recordReplay(
  tx: Transaction,
  session: SessionRow,
  { advance, fromAnotherNetwork }: { advance: AdvanceRow; fromAnotherNetwork: boolean },
  input: RotateInput,
): void {
  if (fromAnotherNetwork) {
    tx.sql.exec(
      'update advances set replayed_abroad = 1 where session_id = ? and generation = ?',
      session.id,
      advance.generation,
    )
  }
  recordEvent(tx, input.caller, {
    type: 'session.refresh_replayed',
    subject: session.id,
    actor: { type: 'user', id: tx.userId },
    sessionId: session.id,
    organizationId: session.organization_id,
    data: { same_network: !isOtherNetwork(advance.ip, input.caller.ip) },
  })
}

function recordReuse(tx: Transaction, session: SessionRow, input: RotateInput): void {
  recordEvent(tx, input.caller, {
    type: 'session.reuse_detected',
    subject: session.id,
    actor: AUTHORITY,
    sessionId: session.id,
    organizationId: session.organization_id,
    data: { same_network: !isOtherNetwork(session.ip, input.caller.ip) },
  })
}

/** Whether a refresh token would be accepted now. Changes nothing. */
export function inspect(
  tx: Pick<Transaction, 'sql' | 'userId' | 'now' | 'settings'>,
  input: InspectInput,
): InspectResult {
  const { sql, now, settings, userId } = tx
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
    { idempotencyKeyHash: null, ip: session.ip, ...input },
  )
  return decision.kind === 'refuse' ? { active: false } : { active: true, session: toSnapshot(userId, session) }
}

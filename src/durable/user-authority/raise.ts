import { hasSecondFactor } from '../../lib/amr.ts'
import { SECOND, toSeconds } from '../../lib/time.ts'
import type { RaiseSessionInput, RaiseSessionResult } from '../rpc.ts'
import { isStale, raiseClaimsVersion, raiseCredentials } from './credentials.ts'
import { findRow, grantOf } from './snapshots.ts'
import { expiryOf, type SessionRow } from './tables.ts'
import { recordEvent, type Turn } from './turn.ts'

/** A factor that was just proved raises the session that asks: the credentials must still be those that were checked. */
export function raiseSession(turn: Turn, input: RaiseSessionInput): RaiseSessionResult {
  const { sql, userId, now } = turn
  const newest = raiseCredentials(sql, input)
  raiseClaimsVersion(sql, input.claimsVersion)
  const session = findRow(sql, input.sessionId)
  const isLive = session !== undefined && session.ended_at === null && now < expiryOf(session)
  if (!isLive || input.authVersion < newest.authVersion || isStale(session, newest)) return { outcome: 'not_live' }
  if (isOutdated(session, input)) return { outcome: 'not_live' }
  const raised = writeRaised(turn, session, input)
  recordRaise(turn, { before: session, after: raised }, input)
  return { outcome: 'raised', grant: { ...grantOf(userId, raised), advancedAt: now } }
}

/**
 * A token of before the session's second factor was proved may have been stolen from who proved it: one factor beside it must
 * not lead to a token of after. Its client refreshes, and asks again.
 */
const isOutdated = ({ second_factor_at }: SessionRow, { amr, tokenAuthTime }: RaiseSessionInput): boolean =>
  second_factor_at !== null &&
  tokenAuthTime !== undefined &&
  tokenAuthTime < toSeconds(second_factor_at) &&
  !hasSecondFactor(amr)

function writeRaised({ sql, now, settings }: Turn, session: SessionRow, input: RaiseSessionInput): SessionRow {
  const amr = [...new Set([...(JSON.parse(session.amr) as string[]), ...input.amr])]
  return sql
    .exec<SessionRow>(
      `update sessions set amr = ?, auth_time = max(auth_time, ?), second_factor_at = ?, auth_version = max(auth_version, ?),
         last_active_at = ?, idle_expires_at = ? where id = ? returning *`,
      JSON.stringify(amr),
      input.authTime,
      hasSecondFactor(input.amr) ? Math.max(session.second_factor_at ?? 0, input.authTime) : session.second_factor_at,
      input.authVersion,
      now,
      now + settings.SESSION_IDLE_SECONDS * SECOND,
      session.id,
    )
    .one()
}

function recordRaise(
  turn: Turn,
  { before, after }: { before: SessionRow; after: SessionRow },
  { caller }: RaiseSessionInput,
): void {
  const shown = ({ amr, auth_time }: SessionRow) => ({ amr: JSON.parse(amr) as string[], auth_time })
  recordEvent(turn, caller, {
    type: 'session.stepped_up',
    subject: after.id,
    actor: { type: 'user', id: turn.userId },
    sessionId: after.id,
    organizationId: after.organization_id,
    data: { before: shown(before), after: shown(after) },
  })
}

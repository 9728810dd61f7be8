import { hasSecondFactor } from '../../lib/amr.ts'
import { toSeconds } from '../../lib/time.ts'
import type { ActivateInput, ActivateResult, StepUpInput, StepUpResult } from '../rpc.ts'
import { isStale, moveBrowserOn, rememberOrganization, updateClaimsVersion, updateCredentials } from './credentials.ts'
import { findRow, grantOf } from './snapshots.ts'
import { expiryOf, idleEndOf, type SessionRow } from './tables.ts'
import { recordEvent, type Transaction } from './transaction.ts'

/** Adds a factor that was just proved to the session. Refused when the credentials have changed since the proof was checked. */
export function stepUpSession(tx: Transaction, input: StepUpInput): StepUpResult {
  const { sql, userId, now } = tx
  const known = findRow(sql, input.sessionId)
  const session = findCurrent(tx, input)
  if (!session || (isOutdated(session, input) && !hasSecondFactor(input.amr))) return { outcome: 'not_live' }
  // A change that this call is the first to know of has moved it on already.
  if (!input.isOfChange && session.generation === known?.generation) moveBrowserOn(tx, session.id)
  const after = updateSession(tx, session, input)
  recordStepUp(tx, { before: session, after }, input)
  return { outcome: 'raised', grant: { ...grantOf(userId, after), advancedAt: now } }
}

/** Makes an organization the session's active one, and the one that the user's next session begins with. */
export function activateOrganization(tx: Transaction, input: ActivateInput): ActivateResult {
  const { sql, userId, now } = tx
  const session = findCurrent(tx, input)
  if (!session || isOutdated(session, input)) return { outcome: 'not_live' }
  const { organizationId } = input
  sql.exec('update sessions set organization_id = ? where id = ?', organizationId, session.id)
  rememberOrganization(sql, organizationId)
  return {
    outcome: 'activated',
    grant: { ...grantOf(userId, { ...session, organization_id: organizationId }), advancedAt: now },
  }
}

/** The session, if it is live and no credential has changed since the caller read the user's row. */
function findCurrent(tx: Transaction, input: StepUpInput | ActivateInput): SessionRow | undefined {
  const { sql, now } = tx
  const newest = updateCredentials(tx, input)
  updateClaimsVersion(sql, input.claimsVersion)
  const session = findRow(sql, input.sessionId)
  const isLive = session !== undefined && session.ended_at === null && now < expiryOf(session)
  return isLive && input.authVersion >= newest.authVersion && !isStale(session, newest) ? session : undefined
}

/**
 * Whether the access token is older than the session's last second factor. A thief may have it, and must not get a token that
 * includes that second factor, by proving one more factor or none. A legitimate client refreshes and tries again.
 */
const isOutdated = ({ second_factor_at }: SessionRow, { tokenAuthTime }: Pick<StepUpInput, 'tokenAuthTime'>): boolean =>
  second_factor_at !== null && tokenAuthTime !== undefined && tokenAuthTime < toSeconds(second_factor_at)

function updateSession(tx: Transaction, session: SessionRow, input: StepUpInput): SessionRow {
  const { sql, now, settings } = tx
  const { browserIdleSeconds = session.browser_idle_seconds } = input
  const amr = [...new Set([...(JSON.parse(session.amr) as string[]), ...input.amr])]
  return sql
    .exec<SessionRow>(
      `update sessions set amr = ?, auth_time = max(auth_time, ?), second_factor_at = ?, auth_version = max(auth_version, ?),
         last_active_at = ?, idle_expires_at = ?, browser_idle_seconds = ? where id = ? returning *`,
      JSON.stringify(amr),
      input.authTime,
      hasSecondFactor(input.amr) ? Math.max(session.second_factor_at ?? 0, input.authTime) : session.second_factor_at,
      input.authVersion,
      now,
      idleEndOf({ browser_idle_seconds: browserIdleSeconds }, now, settings),
      browserIdleSeconds,
      session.id,
    )
    .one()
}

function recordStepUp(
  tx: Transaction,
  { before, after }: { before: SessionRow; after: SessionRow },
  { caller, events = [] }: StepUpInput,
): void {
  const shown = ({ amr, auth_time }: SessionRow) => ({ amr: JSON.parse(amr) as string[], auth_time })
  const common = {
    actor: { type: 'user', id: tx.userId },
    sessionId: after.id,
    organizationId: after.organization_id,
  } as const
  for (const { type, data = {} } of events) recordEvent(tx, caller, { ...common, type, subject: tx.userId, data })
  recordEvent(tx, caller, {
    type: 'session.stepped_up',
    ...common,
    subject: after.id,
    data: { before: shown(before), after: shown(after) },
  })
}

import { SECOND } from '../../lib/time.ts'
import type { BrowserUseInput, BrowserUseRefusal, BrowserUseResult } from '../rpc.ts'
import { isStale, updateClaimsVersion, updateCredentials } from './credentials.ts'
import { isProofOf } from './proof.ts'
import { findRow, grantOf } from './snapshots.ts'
import { expiryOf, idleEndOf, type SessionRow } from './tables.ts'
import type { Transaction } from './transaction.ts'

/** How long the cookie before the present one is good: for what a browser had sent before it got the next. */
const BEFORE_MS = 10 * SECOND

/** A page's use of a browser's session. What is refused ends nothing. */
export function useBrowserSession(tx: Transaction, input: BrowserUseInput): BrowserUseResult {
  const { sql, now, settings, userId } = tx
  const newest = updateCredentials(tx, input)
  updateClaimsVersion(sql, input.claimsVersion)
  const session = findRow(sql, input.sessionId)
  const refusal = refusalOf(session, input, now)
  if (!session || refusal) return { outcome: 'refused', reason: refusal ?? 'unknown_session' }
  if (isStale(session, newest)) return { outcome: 'refused', reason: 'stale_credentials' }
  const { ip, country, userAgent } = input.caller
  const used = sql
    .exec<SessionRow>(
      `update sessions set last_active_at = ?, idle_expires_at = ?, auth_version = max(auth_version, ?),
         ip = ?, country = ?, user_agent = ? where id = ? returning *`,
      now,
      idleEndOf(session, now, settings),
      newest.authVersion,
      ip,
      country,
      userAgent,
      session.id,
    )
    .one()
  return { outcome: 'used', grant: grantOf(userId, used) }
}

function refusalOf(session: SessionRow | undefined, input: BrowserUseInput, now: number): BrowserUseRefusal | null {
  if (!session || session.browser_idle_seconds === null) return 'unknown_session'
  if (!isProofOf(session, input.generation, input.proof)) return 'wrong_proof'
  if (session.ended_at !== null) return 'ended'
  if (now >= expiryOf(session)) return 'expired'
  const isBefore = input.generation === session.generation - 1 && now - session.advanced_at <= BEFORE_MS
  return input.generation === session.generation || isBefore ? null : 'superseded'
}

import type { ActorCtx } from '../../../context.ts'
import { listOwnSessions, revokeOwnSession, sessionNotFound } from '../../../features/sessions/service.ts'

/** Ends one of the caller's sessions by its number. Throws SESSION_NOT_FOUND, and SESSION_ALREADY_REVOKED for one that had ended. */
export async function endOwnSession(ctx: ActorCtx, number: number): Promise<{ propagated: boolean }> {
  // With those that have ended: a call that an outage broke off is repeated, and voids what was asked for in the session.
  const sessions = await listOwnSessions(ctx, { withEnded: true })
  const session = sessions.find((one) => one.number === number)
  if (!session) throw sessionNotFound()
  return revokeOwnSession(ctx, session.id)
}

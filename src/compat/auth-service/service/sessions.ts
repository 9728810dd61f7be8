import type { ActorCtx } from '../../../context.ts'
import { sessionNotFound } from '../../../features/sessions/errors.ts'
import { listUserSessions, revokeSession } from '../../../features/sessions/service.ts'

/** Ends one of the caller's sessions by its number. Throws SESSION_NOT_FOUND, also for one that has ended. */
export async function endOwnSession(ctx: ActorCtx, number: number): Promise<{ propagated: boolean }> {
  const sessions = await listUserSessions(ctx, ctx.actor.id, { withEnded: false })
  const session = sessions.find((one) => one.number === number)
  if (!session) throw sessionNotFound()
  return revokeSession(ctx, ctx.actor.id, session.id)
}

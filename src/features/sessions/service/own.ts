import { type ActorCtx, actorOf, type Ctx, type TargetCtx } from '../../../context.ts'
import type { EndResult, SessionSnapshot } from '../../../durable/rpc.ts'
import { defineError } from '../../../lib/errors.ts'
import { voidTokensRequestedIn } from '../../links/service.ts'
import { findUser, userNotFound } from '../../users/service/users.ts'
import { selectSession, selectSessions, updateLastUse } from '../store/sessions.ts'
import { endSessionById } from './ending.ts'
import { orUnavailable } from './minting.ts'

export const sessionNotFound = defineError('SESSION_NOT_FOUND', 'not_found', 'Session not found')

export const sessionAlreadyRevoked = defineError(
  'SESSION_ALREADY_REVOKED',
  'malformed',
  'The session is already revoked',
)

/** The caller's sessions, newest first. */
export const listOwnSessions = (
  ctx: ActorCtx,
  { withEnded }: { withEnded: boolean },
): Promise<readonly SessionSnapshot[]> => selectSessions(ctx, { userId: ctx.actor.id, withEnded })

/** The live sessions of the user in the path, newest first. Throws NOT_FOUND. */
export const listSessionsOf = async (ctx: TargetCtx): Promise<readonly SessionSnapshot[]> =>
  selectSessions(ctx, { userId: await targetId(ctx), withEnded: false })

/** A session of the caller. Throws SESSION_NOT_FOUND. */
export const getOwnSession = (ctx: ActorCtx, sessionId: string): Promise<SessionSnapshot> =>
  getSession(ctx, { userId: ctx.actor.id, sessionId })

async function getSession(ctx: Ctx, key: { userId: string; sessionId: string }): Promise<SessionSnapshot> {
  const session = await selectSession(ctx, key)
  if (!session) throw sessionNotFound()
  return session
}

/** Counts as a use of the session, so that its idle lifetime starts anew. Throws SESSION_NOT_FOUND unless it is live. */
export async function touchSession(ctx: ActorCtx, sessionId: string): Promise<SessionSnapshot> {
  const session = await updateLastUse(ctx, { userId: ctx.actor.id, sessionId })
  if (!session) throw sessionNotFound()
  return session
}

/** Ends a session of the caller. Throws SESSION_NOT_FOUND, or SESSION_ALREADY_REVOKED for one that had ended. */
export const revokeOwnSession = (ctx: ActorCtx, sessionId: string): Promise<EndResult> =>
  revokeSession(ctx, { userId: ctx.actor.id, sessionId })

/** As `revokeOwnSession`, for the user in the path. Throws NOT_FOUND, too. */
export const revokeSessionOf = async (ctx: TargetCtx, sessionId: string): Promise<EndResult> =>
  revokeSession(ctx, { userId: await targetId(ctx), sessionId })

async function revokeSession(ctx: ActorCtx, key: { userId: string; sessionId: string }): Promise<EndResult> {
  await getSession(ctx, key)
  const result = await endSessionById(ctx, { ...key, reason: 'revoked', actor: actorOf(ctx) })
  await orUnavailable(voidTokensRequestedIn(ctx, key.userId, { only: [key.sessionId] }))
  if (result.ended.length === 0) throw sessionAlreadyRevoked()
  return result
}

/** The user in the path. Checked before an object is called, which would be created for any id. Throws NOT_FOUND. */
async function targetId(ctx: TargetCtx): Promise<string> {
  const { ref, isSelf } = ctx.target
  if (isSelf) return ctx.actor.id
  const user = await orUnavailable(findUser(ctx, String(ref)))
  if (!user) throw userNotFound()
  return user.id
}

import type { ActorCtx, Ctx } from '../../../context.ts'
import { malformedRequest, tokenInvalid } from '../../../lib/errors.ts'
import { endSessionById, refreshSession } from '../../sessions/service.ts'
import type { RefreshedSession } from '../../sessions/types.ts'
import { findUser } from '../../users/service.ts'
import type { User } from '../../users/types.ts'

/** Ends the session that asks, with `user.signed_out`. `propagated`: every isolate refuses it within 5 seconds. */
export async function signOut(ctx: ActorCtx): Promise<{ propagated: boolean }> {
  const { id, sessionId } = ctx.actor
  const { propagated } = await endSessionById(ctx, {
    userId: id,
    sessionId,
    reason: 'signed_out',
    actor: { type: 'user', id },
    events: [{ type: 'user.signed_out' }],
  })
  return { propagated }
}

/** A key that a client repeats with a retry: printable ASCII, like every header value that is compared. */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/

/** The refresh token's successor. Throws TOKEN_ERROR for one that has none, VALIDATION_ERROR for a malformed key. */
export async function refresh(
  ctx: Ctx,
  input: { refreshToken: string; idempotencyKey: string | null },
): Promise<RefreshedSession> {
  if (input.idempotencyKey !== null && !IDEMPOTENCY_KEY.test(input.idempotencyKey))
    throw malformedRequest('Idempotency-Key must have 1 to 255 printable ASCII characters')
  return refreshSession(ctx, input)
}

/** The caller's own row. Throws TOKEN_ERROR when it is gone: the token speaks of nobody. */
export async function getCurrentUser(ctx: ActorCtx): Promise<User> {
  const user = await findUser(ctx, ctx.actor.id)
  if (!user || user.status === 'deleted') throw tokenInvalid()
  return user
}

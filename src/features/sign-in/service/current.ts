import type { ActorCtx, Ctx } from '../../../context.ts'
import { malformedRequest, tokenInvalid } from '../../../lib/errors.ts'
import { endSessionById, refreshSession } from '../../sessions/service.ts'
import type { RefreshedSession } from '../../sessions/types.ts'
import { sparedBy } from '../../users/service/change-user.ts'
import { getCurrentUser, isEmailConfirmed } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { isSessionLive } from '../../validation/service.ts'
import { addressUnanswered } from '../errors.ts'

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

/**
 * That the session which asks outlives the last change of the credentials of `user`. The row changes before the user's
 * object ends the older sessions: in between, whoever was just thrown out must not bind anything to the credentials of
 * whoever took the account over. Throws TOKEN_ERROR, SERVICE_UNAVAILABLE.
 */
export async function requireCurrentCredentials(ctx: ActorCtx, user: User): Promise<void> {
  const { id: userId, authVersion, keptSessionId, claimsVersion } = user
  const { sessionId } = ctx.actor
  const credentials = { authVersion, keptSessionId, spares: sparedBy(user) }
  // The row's claims, not the token's: the same request may have raised them.
  if (!(await isSessionLive(ctx, { userId, sessionId, claimsVersion, credentials }))) throw tokenInvalid()
}

/**
 * That a factor may be bound to the caller's account. Throws what `requireCurrentCredentials` throws. Where
 * REQUIRE_VERIFIED_EMAIL is on, throws EMAIL_NOT_VERIFIED (403) until somebody who has the address has said that the
 * account is theirs: the factor of a stranger would wait there for them.
 */
export async function requireBindable(ctx: ActorCtx, user: User): Promise<void> {
  if (ctx.config.REQUIRE_VERIFIED_EMAIL && !isEmailConfirmed(user)) throw addressUnanswered()
  await requireCurrentCredentials(ctx, user)
}

/** The caller's own row, for what binds a factor to it. Throws what `requireBindable` throws. */
export async function getBindingUser(ctx: ActorCtx): Promise<User> {
  const user = await getCurrentUser(ctx)
  await requireBindable(ctx, user)
  return user
}

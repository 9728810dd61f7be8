import type { ActorCtx, Ctx } from '../../../context.ts'
import { malformedRequest, tokenInvalid } from '../../../lib/errors.ts'
import { endSessionById } from '../../sessions/service/ending.ts'
import { refreshSession } from '../../sessions/service/refreshing.ts'
import type { RefreshedSession } from '../../sessions/types.ts'
import { sparedBy } from '../../users/service/change-user.ts'
import { getCurrentUser, isEmailConfirmed } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { isSessionLive } from '../../validation/service.ts'
import { emailUnconfirmed } from '../errors.ts'

/** Ends the caller's session, with `user.signed_out`. `propagated`: every isolate refuses it within 5 seconds. */
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

/** Printable ASCII, like every header value that is compared. */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/

/** Rotates the refresh token. Throws TOKEN_ERROR for an invalid one, VALIDATION_ERROR for a malformed key. */
export async function refresh(
  ctx: Ctx,
  input: { refreshToken: string; idempotencyKey: string | null; organizationId?: string | undefined },
): Promise<RefreshedSession> {
  if (input.idempotencyKey !== null && !IDEMPOTENCY_KEY.test(input.idempotencyKey))
    throw malformedRequest('Idempotency-Key must have 1 to 255 printable ASCII characters')
  return refreshSession(ctx, input)
}

/**
 * Requires that the caller's session survived the last change of the user's credentials. The row changes before the user's
 * object ends the older sessions: in between, whoever was just signed out must not add a factor to an account that its owner
 * has taken back. Throws TOKEN_ERROR, SERVICE_UNAVAILABLE.
 */
export async function requireCurrentCredentials(ctx: ActorCtx, user: User): Promise<void> {
  const { id: userId, authVersion, keptSessionId, claimsVersion } = user
  const { sessionId } = ctx.actor
  const credentials = { authVersion, keptSessionId, spares: sparedBy(user) }
  // The row's `claims_version`, not the token's: the same request may have raised it.
  if (!(await isSessionLive(ctx, { userId, sessionId, claimsVersion, credentials }))) throw tokenInvalid()
}

/**
 * Requires that a factor may be added to the caller's account. Throws what `requireCurrentCredentials` throws. With
 * REQUIRE_VERIFIED_EMAIL, throws EMAIL_NOT_VERIFIED (403) until the holder of the address has confirmed the account: otherwise
 * a stranger who signed up with the address could leave a factor in it.
 */
export async function requireBindable(ctx: ActorCtx, user: User): Promise<void> {
  if (ctx.config.REQUIRE_VERIFIED_EMAIL && !isEmailConfirmed(user)) throw emailUnconfirmed()
  await requireCurrentCredentials(ctx, user)
}

/** The caller's row, for adding a factor. Throws what `requireBindable` throws. */
export async function getBindingUser(ctx: ActorCtx): Promise<User> {
  const user = await getCurrentUser(ctx)
  await requireBindable(ctx, user)
  return user
}

import { type AdminCtx, actorOf } from '../../../context.ts'
import { removePasskeysOf } from '../../factors/passkeys/service/administration.ts'
import { disableSecondFactorOf } from '../../factors/totp/service/administration.ts'
import { requireFreshFactor } from '../../sign-in/service/step-up.ts'
import { getPresentUser } from '../../users/service/users.ts'
import type { User, UserRef } from '../../users/types.ts'

/** Whose factors are removed. One's own want a fresh factor here too: an admin's route is no way around it. Throws NOT_FOUND. */
async function getTarget(ctx: AdminCtx, ref: UserRef): Promise<User> {
  const user = await getPresentUser(ctx, ref)
  return user.id === ctx.actor.id ? requireFreshFactor(ctx) : user
}

/**
 * For a user who has lost the authenticator and proven by other means who they are. Every session ends: what was lost with
 * the factor may hold one. Throws NOT_FOUND, MFA_NOT_ENABLED, and STEP_UP_REQUIRED for oneself.
 */
export async function removeSecondFactor(ctx: AdminCtx, ref: UserRef): Promise<{ propagated: boolean }> {
  return disableSecondFactorOf(ctx, { user: await getTarget(ctx, ref), actor: actorOf(ctx) })
}

/** As `removeSecondFactor`, of one passkey or of all. Throws NOT_FOUND, PASSKEY_NOT_FOUND for one that is not there. */
export async function removePasskeys(
  ctx: AdminCtx,
  ref: UserRef,
  passkeyId: string | null,
): Promise<{ removed: number; propagated: boolean }> {
  return removePasskeysOf(ctx, { user: await getTarget(ctx, ref), passkeyId, actor: actorOf(ctx) })
}

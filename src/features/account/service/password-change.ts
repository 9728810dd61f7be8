import type { ActorCtx } from '../../../context.ts'
import { hashPassword } from '../../../lib/password-hash/password-hash.ts'
import { requireStrongPassword } from '../../factors/password/service/strength.ts'
import { passwordWrong } from '../../sign-in/errors.ts'
import { type GivenFactors, requirePresentPassword } from '../../sign-in/service/step-up.ts'
import { changeUser } from '../../users/service/change-user.ts'
import { notifyOwner } from '../../users/service/notices.ts'
import type { User } from '../../users/types.ts'
import { ownPassword, voidReportsBeforeChange } from '../store.ts'

export interface PasswordChange extends GivenFactors {
  readonly newPassword: string
}

/**
 * The user's own change: every session ends but the one that asks. Throws WEAK_PASSWORD, INVALID_PASSWORD also when the
 * credentials were changed meanwhile, and what `requirePresentPassword` throws.
 */
export async function changePassword(
  ctx: ActorCtx,
  { newPassword, ...given }: PasswordChange,
): Promise<{ propagated: boolean }> {
  const user = await requirePresentPassword(ctx, given)
  await requireStrongPassword(ctx, newPassword, user)
  return setOwnPassword(ctx, user, await hashPassword(ctx, newPassword))
}

/**
 * For who has proven to be the user, and a password that is strong: every session ends but the one that asks. Throws
 * INVALID_PASSWORD when the credentials were changed since `user` was read.
 */
export async function setOwnPassword(
  ctx: ActorCtx,
  user: User,
  passwordHash: string,
): Promise<{ propagated: boolean }> {
  const { id: userId, email, authVersion } = user
  const { sessionId } = ctx.actor
  const target = { userId, email, authVersion }
  const changed = await changeUser(ctx, {
    userId,
    ...ownPassword(target, passwordHash),
    actor: { type: 'user', id: userId },
    with: [voidReportsBeforeChange(ctx, target)],
    ends: { reason: 'password_changed', keeps: sessionId },
    events: [{ type: 'user.password_changed', sessionId }],
  })
  if (!changed) throw passwordWrong()
  notifyOwner(ctx, user, { kind: 'password_changed', params: {} })
  return { propagated: changed.propagated }
}

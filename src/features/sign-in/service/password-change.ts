import type { ActorCtx } from '../../../context.ts'
import { commitAll } from '../../../db/commit.ts'
import { forbidden } from '../../../lib/errors.ts'
import { hashPassword } from '../../../lib/password-hash/password-hash.ts'
import { requireStrongPassword } from '../../factors/password/service/strength.ts'
import { endSessionsAfterChange } from '../../users/service/end-sessions.ts'
import { tellPasswordChanged } from '../../users/service/owner-notice.ts'
import type { User } from '../../users/types.ts'
import { passwordWrong } from '../errors.ts'
import { updatePassword, voidReportsBeforeChange } from '../store/credentials.ts'
import { type GivenFactors, requirePresentPassword } from './step-up.ts'

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
  const actor = { type: 'user', id: userId } as const
  const change = { userId, email, authVersion, passwordHash, keptSessionId: sessionId }
  const [changed] = await commitAll(ctx, [voidReportsBeforeChange(ctx, change), updatePassword(ctx, change)], {
    type: 'user.password_changed',
    subject: userId,
    userId,
    actor,
    sessionId,
  })
  if (!changed) throw passwordWrong()
  const ended = await endSessionsAfterChange(ctx, {
    userId,
    except: sessionId,
    reason: 'password_changed',
    actor,
    authVersion: changed.authVersion,
  })
  tellPasswordChanged(ctx, user)
  return { propagated: ended.propagated }
}

/** As the route names its user. Throws FORBIDDEN for anybody else's: not even an admin knows another's password. */
export function changePasswordOf(
  ctx: ActorCtx,
  input: PasswordChange & { userId: string },
): Promise<{ propagated: boolean }> {
  if (input.userId !== ctx.actor.id) throw forbidden()
  return changePassword(ctx, input)
}

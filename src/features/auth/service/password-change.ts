import type { ActorCtx, Ctx } from '../../../context.ts'
import { commit } from '../../../db/commit.ts'
import { forbidden } from '../../../lib/errors.ts'
import { hashPassword, verifyPassword } from '../../../lib/password-hash/password-hash.ts'
import { endSessionsAfterChange } from '../../sessions/service/after-change.ts'
import type { User } from '../../users/types.ts'
import { passwordWrong } from '../errors.ts'
import { updatePassword } from '../store/credentials.ts'
import { attemptOf, countAttempt, failAttempt, failSlowly, passAttempt } from './attempts.ts'
import { getCurrentUser } from './current.ts'
import { tellPasswordChanged } from './password-notice.ts'
import { requireStrongPassword } from './passwords.ts'

export interface PasswordChange {
  readonly currentPassword: string
  readonly newPassword: string
}

/**
 * The user's own change: every session ends but the one that asks. Throws INVALID_PASSWORD (also when the credentials were
 * changed meanwhile), WEAK_PASSWORD, ACCOUNT_LOCKED: a wrong password counts as a failed sign-in does.
 */
export async function changePassword(ctx: ActorCtx, input: PasswordChange): Promise<{ propagated: boolean }> {
  const user = await getCurrentUser(ctx)
  await requireCurrentPassword(ctx, user, input.currentPassword)
  await requireStrongPassword(ctx, input.newPassword, user)
  return setOwnPassword(ctx, user, await hashPassword(ctx, input.newPassword))
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
  const [changed] = await commit(ctx, updatePassword(ctx, change), {
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

/** Counted before it is looked at, and as slow when it is wrong, like a sign-in. Throws INVALID_PASSWORD, ACCOUNT_LOCKED. */
export const requireCurrentPassword = (ctx: Ctx, user: User, password: string): Promise<void> =>
  failSlowly(ctx, () => checkCurrentPassword(ctx, user, password), password)

async function checkCurrentPassword(ctx: Ctx, user: User, password: string): Promise<void> {
  const attempt = await countAttempt(ctx, await attemptOf(ctx, user, user.email))
  const isRight = user.passwordHash !== null && (await verifyPassword(ctx, user.passwordHash, password)).matches
  if (!isRight) throw await failAttempt(ctx, attempt, passwordWrong())
  await passAttempt(ctx, attempt)
}

import type { Ctx } from '../../../context.ts'
import { commitAll } from '../../../db/commit.ts'
import { findMaintenance } from '../../maintenance/service.ts'
import { redeemOneTimeToken, redemptionOf } from '../../one-time-tokens/service.ts'
import type { OneTimeToken } from '../../one-time-tokens/types.ts'
import { endSessionsAfterChange } from '../../sessions/service/after-change.ts'
import { createUser, findUserByEmail, isSignInAllowed } from '../../users/service.ts'
import type { User } from '../../users/types.ts'
import { linkInvalid } from '../errors.ts'
import { deleteUnprovenFactors, updateUnprovenAccount } from '../store/credentials.ts'

/**
 * Uses up a link that was mailed to an address, and returns its user; an unknown address gets an account, verified, where
 * sign-ups are open. Throws INVALID_TOKEN: also for users who may not sign in, and when the address has changed hands;
 * MAINTENANCE, after which the link still works.
 */
export async function redeemForUser(ctx: Ctx, link: OneTimeToken, token: string): Promise<User> {
  const email = link.email ?? ''
  const user = await findUserByEmail(ctx, email)
  if (link.userId !== null && user?.id !== link.userId) throw linkInvalid()
  if (user ? !isSignInAllowed(user) : !ctx.config.SIGNUPS_ENABLED) throw linkInvalid()
  const closed = user?.role === 'admin' ? null : await findMaintenance(ctx)
  if (closed) throw closed
  if (!user) return redeemForNewUser(ctx, link, token, email)
  if (user.emailVerifiedAt === null) return takeOver(ctx, link, token, user)
  if (!(await redeemOneTimeToken(ctx, link.purpose, token))) throw linkInvalid()
  return user
}

async function redeemForNewUser(ctx: Ctx, link: OneTimeToken, token: string, email: string): Promise<User> {
  if (!(await redeemOneTimeToken(ctx, link.purpose, token))) throw linkInvalid()
  return createUser(ctx, { email, emailVerifiedAt: ctx.now() })
}

/**
 * The first proof of an address that an account was made with: whoever made it may have been somebody else, who waits for
 * the address's holder to use it. Password, factors and sessions of that time end.
 */
async function takeOver(ctx: Ctx, link: OneTimeToken, token: string, user: User): Promise<User> {
  const { id: userId, email, authVersion } = user
  const { redemption, statement } = await redemptionOf(ctx, link.purpose, token)
  const target = { userId, email, authVersion, redemption }
  const actor = { type: 'user', id: userId } as const
  const [changed] = await commitAll(
    ctx,
    [statement, ...deleteUnprovenFactors(ctx, target), updateUnprovenAccount(ctx, target)],
    {
      type: 'user.email_verified',
      subject: userId,
      userId,
      actor,
      data: { after: { email }, password_removed: user.passwordHash !== null },
    },
  )
  if (!changed) throw linkInvalid()
  const newVersion = changed.authVersion
  const reason = 'credentials_changed'
  await endSessionsAfterChange(ctx, { userId, except: null, reason, actor, authVersion: newVersion })
  return {
    ...user,
    status: 'active',
    emailVerifiedAt: ctx.now(),
    passwordHash: null,
    mfaEnabled: false,
    authVersion: newVersion,
    keptSessionId: null,
  }
}

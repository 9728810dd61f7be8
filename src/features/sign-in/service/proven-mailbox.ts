import type { Ctx } from '../../../context.ts'
import { redeemOneTimeToken } from '../../links/service.ts'
import type { OneTimeToken } from '../../links/types.ts'
import { findMaintenance } from '../../maintenance/service.ts'
import { createUser, findUserByEmail, isEmailConfirmed, isSignInAllowed } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { linkInvalid } from '../errors.ts'
import { takeOver } from './takeover.ts'

/**
 * Uses up a link that was mailed to an address, and returns its user; an unknown address gets an account, verified, where
 * sign-ups are open, and an account for which nobody has answered is taken over. Throws INVALID_TOKEN: also for users who may not sign in, and when the address has changed hands;
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
  if (!isEmailConfirmed(user)) return takeOver(ctx, { user, purpose: link.purpose, token, answer: null })
  if (!(await redeemOneTimeToken(ctx, link.purpose, token))) throw linkInvalid()
  return user
}

async function redeemForNewUser(ctx: Ctx, link: OneTimeToken, token: string, email: string): Promise<User> {
  if (!(await redeemOneTimeToken(ctx, link.purpose, token))) throw linkInvalid()
  return createUser(ctx, { email, emailVerifiedAt: ctx.now() })
}

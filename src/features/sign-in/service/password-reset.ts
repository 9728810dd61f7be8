import type { Ctx } from '../../../context.ts'
import { hashPassword } from '../../../lib/password-hash/password-hash.ts'
import { requireStrongPassword } from '../../factors/password/service/strength.ts'
import { findOneTimeToken, linkTo, redemptionOf } from '../../links/service.ts'
import { queueMail } from '../../mail/service/mails.ts'
import { changeUser } from '../../users/service/change-user.ts'
import { notifyOwner } from '../../users/service/notices.ts'
import {
  findUser,
  findUserByEmail,
  isEmailConfirmed,
  isSignInAllowed,
  recipientOf,
  userNotFound,
} from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { linkInvalid } from '../errors.ts'
import { passwordByLink, removeUnconfirmedFactors, voidSettledReports } from '../store/credentials.ts'
import { mailRecoveryLink } from './account-restore.ts'
import { liftAttemptLocks } from './lock.ts'
import { mayMailLink, requireMailTransport } from './mailed-links.ts'
import { requireAllowedRedirect } from './redirects.ts'
import { issueResetToken, RESET_LIFETIME_MS, resetRequestOf } from './reset-token.ts'
import { answerAlike } from './timing.ts'

/**
 * Mails a reset link to a user who may sign in, attempt locks or not, or else a recovery link (`mailRecoveryLink`). Answer
 * and time are the same for every address. With `base` the link leads to an application's page instead of ours; `search` is the
 * query that our pages carry on. Throws REDIRECT_NOT_ALLOWED.
 */
export async function requestPasswordReset(
  ctx: Ctx,
  input: { email: string; base?: string | undefined; search?: string },
): Promise<void> {
  requireMailTransport(ctx)
  const base = input.base === undefined ? null : requireAllowedRedirect(ctx, input.base)
  await answerAlike(
    ctx,
    () => findUserByEmail(ctx, input.email),
    async (user) => {
      if (user && isSignInAllowed(user)) await sendReset(ctx, user, { base, search: input.search ?? '' })
      else await mailRecoveryLink(ctx, input.email, user)
    },
  )
}

/**
 * As `requestPasswordReset`, for documented systems that reveal who has an account: throws NOT_FOUND for an unknown address,
 * unless HIDE_ACCOUNT_EXISTENCE. It takes the same time for every address.
 */
export async function requestPasswordResetOfKnown(ctx: Ctx, { email }: { email: string }): Promise<void> {
  await requestPasswordReset(ctx, { email })
  if (ctx.config.HIDE_ACCOUNT_EXISTENCE) return
  const user = await findUserByEmail(ctx, email)
  if (!user || user.status === 'deleted') throw userNotFound()
}

async function sendReset(ctx: Ctx, user: User, { base, search }: { base: URL | null; search: string }): Promise<void> {
  const { id: userId, email } = user
  if (!(await mayMailLink(ctx, 'password_reset', { email, userId }))) return
  const token = await issueResetToken(ctx, user, { search })
  const link = base ? linkBelow(base, token) : linkTo(ctx, '/reset-password', token)
  const params = { link, lifetimeMs: RESET_LIFETIME_MS }
  await queueMail(ctx, { kind: 'password_reset', ...recipientOf(user), params })
}

/** `/reset-password` below the application's URL, which keeps its query. */
function linkBelow(base: URL, token: string): string {
  const link = new URL(base)
  link.pathname = `${link.pathname.replace(/\/$/, '')}/reset-password`
  link.searchParams.set('token', token)
  return link.href
}

async function getReset(ctx: Ctx, token: string): Promise<{ user: User; provesAddress: boolean; search: string }> {
  const link = await findOneTimeToken(ctx, 'password_reset', token)
  const user = link?.userId ? await findUser(ctx, link.userId) : undefined
  if (!link || !user || !isSignInAllowed(user) || user.email !== link.email) throw linkInvalid()
  const { authVersion, ...request } = resetRequestOf(link)
  if (user.authVersion !== authVersion) throw linkInvalid()
  return { user, ...request }
}

/** The user of a reset link. Throws INVALID_TOKEN, also when the account has changed since it was issued. */
export const getResetUser = async (ctx: Ctx, token: string): Promise<User> => (await getReset(ctx, token)).user

/**
 * Sets a password by a mailed link, ends every session and lifts attempt locks. The link of an administratively locked user
 * is invalid; `search` is that of its request. If the account was not confirmed by the holder of its address, and the link was mailed to that address, its
 * factors are removed. Throws INVALID_TOKEN; WEAK_PASSWORD leaves the link valid.
 */
export async function resetPassword(
  ctx: Ctx,
  input: { token: string; newPassword: string },
): Promise<{ propagated: boolean; search: string }> {
  const { user, provesAddress, search } = await getReset(ctx, input.token)
  await requireStrongPassword(ctx, input.newPassword, user)
  const passwordHash = await hashPassword(ctx, input.newPassword)
  const { id: userId, email, authVersion } = user
  const { redemption, statement } = await redemptionOf(ctx, 'password_reset', input.token)
  const target = { userId, email, authVersion, redemption }
  const changed = await changeUser(ctx, {
    userId,
    ...passwordByLink(ctx, { ...target, passwordHash, provesAddress }),
    actor: { type: 'user', id: userId },
    with: [statement, voidSettledReports(ctx, target), ...(provesAddress ? removeUnconfirmedFactors(ctx, target) : [])],
    ends: { reason: 'password_reset' },
    events: [
      {
        type: 'user.password_reset',
        ...(provesAddress && !isEmailConfirmed(user) && { data: { factors_removed: true } }),
      },
    ],
  })
  if (!changed) throw linkInvalid()
  await tryLiftAttemptLocks(ctx, userId)
  notifyOwner(ctx, user, { kind: 'password_changed', params: {} })
  return { propagated: changed.propagated, search }
}

/** A failure changes nothing: the password is set, and the lock expires. */
async function tryLiftAttemptLocks(ctx: Ctx, userId: string): Promise<void> {
  try {
    await liftAttemptLocks(ctx, userId)
  } catch (cause) {
    ctx.log.error('locks_not_lifted', cause, { user_id: userId })
  }
}

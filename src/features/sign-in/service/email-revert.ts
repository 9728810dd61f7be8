import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { findOneTimeToken, issueOneTimeToken, linkTo, redemptionOf } from '../../links/service.ts'
import { queueMail } from '../../mail/service/mails.ts'
import { changeUser } from '../../users/service/change-user.ts'
import { findAddressChange, listFormerAddresses } from '../../users/service/former-addresses.ts'
import { findUser, isRestorable, isSignInAllowed, recipientOf } from '../../users/service/users.ts'
import type { FormerAddress, User } from '../../users/types.ts'
import { accountClosed, linkInvalid } from '../errors.ts'
import { deleteAddedSince, isRevertible, type Revert, reverted } from '../store/account-recovery.ts'
import { listSecondFactorsBefore } from './challenges.ts'
import { applyByLink, type GivenSecondFactor, requireSecondFactorBefore } from './link-proofs.ts'
import { issueResetToken } from './reset-token.ts'

/** The change that the link reverts. */
const RevertedChange = z.object({ changeId: z.string() })

/** Notifies the account's addresses of the last days of a new one, each with a link that reverts the change. */
export async function notifyFormerAddresses(ctx: Ctx, userId: string): Promise<void> {
  const newest = new Map((await listFormerAddresses(ctx, userId)).map((former) => [former.email, former]))
  for (const former of newest.values()) await mailRevertLink(ctx, former)
}

/** Mails the previous address a link that reverts the change; nothing when the change cannot be reverted. */
export async function mailRevertLink(ctx: Ctx, former: FormerAddress): Promise<void> {
  const { id: changeId, userId, email: to, changedAt: time, until } = former
  const user = await findUser(ctx, userId)
  if (!user || !mayRevert(ctx, user) || user.email === to) return
  const { token } = await issueOneTimeToken(ctx, {
    purpose: 'email_revert',
    userId,
    email: to,
    data: { changeId } satisfies z.input<typeof RevertedChange>,
    lifetimeMs: until - ctx.now(),
    // Links to other addresses, and of earlier mails, stay valid.
    keepsOlder: true,
  })
  const params = { newEmail: user.email, time, until, revertLink: linkTo(ctx, '/revert-email', token) }
  await queueMail(ctx, { kind: 'email_changed', ...recipientOf(user), to, params })
}

/** Also for a deleted account that its user may restore: a thief may have deleted it. What an admin did is not undone. */
const mayRevert = (ctx: Ctx, user: User): boolean => isSignInAllowed(user) || isRestorable(user, ctx.now())

async function getRevert(ctx: Ctx, token: string): Promise<{ former: FormerAddress; user: User }> {
  const link = await findOneTimeToken(ctx, 'email_revert', token)
  const former = link && (await findAddressChange(ctx, RevertedChange.parse(link.data).changeId))
  const user = former && (await findUser(ctx, former.userId))
  if (!former || !user) throw linkInvalid()
  if (mayRevert(ctx, user)) return { former, user }
  throw user.status === 'deleted' ? linkInvalid() : accountClosed()
}

/** The address that a link restores, and the methods of which one is needed; none when the link suffices. Throws INVALID_TOKEN, ACCOUNT_CLOSED. */
export async function getRevertedAddress(
  ctx: Ctx,
  token: string,
): Promise<{ email: string; methods: readonly string[] }> {
  const { former } = await getRevert(ctx, token)
  return { email: former.email, methods: await listSecondFactorsBefore(ctx, former.userId, former.changedAt) }
}

/**
 * Reverts a change of address, and later changes with it. Every session ends, factors added since the change are removed, and
 * the password is deleted: the returned token sets a new one. This cannot be undone. Needs a second factor that is older than
 * the change, if there is one. Throws INVALID_TOKEN; ACCOUNT_CLOSED and what `requireSecondFactorBefore` throws leave the link valid.
 */
export async function revertEmail(
  ctx: Ctx,
  { token, ...given }: { token: string } & GivenSecondFactor,
): Promise<{ email: string; resetToken: string; propagated: boolean }> {
  const { former } = await getRevert(ctx, token)
  await requireSecondFactorBefore(ctx, { userId: former.userId, before: former.changedAt }, given)
  const reverted = await applyByLink(async () => tryRevert(ctx, token, await getRevert(ctx, token)))
  return { email: former.email, ...reverted }
}

/** Null when the account was changed since `user` was read, or the change cannot be reverted. */
async function tryRevert(ctx: Ctx, token: string, { former, user }: Revert & { user: User }) {
  const { id: userId } = user
  const { email } = former
  const onlyIf = isRevertible(ctx, { former, user })
  const { redemption, statement } = await redemptionOf(ctx, 'email_revert', token, onlyIf)
  const changed = await changeUser(ctx, {
    userId,
    ...reverted(ctx, former, redemption),
    actor: { type: 'user', id: userId },
    with: [statement, ...deleteAddedSince(ctx, former, redemption)],
    changesClaims: true,
    ends: { reason: 'email_changed' },
    events: [{ type: 'user.email_changed', data: { before: { email: user.email }, after: { email }, reverted: true } }],
  })
  if (!changed) return null
  ctx.defer(mailReverted(ctx, user, email))
  return { resetToken: await issueResetToken(ctx, changed.user), propagated: changed.propagated }
}

/** Notifies the address that the account gives up: the restored mailbox may be the thief's. */
const mailReverted = (ctx: Ctx, user: User, newEmail: string): Promise<void> =>
  queueMail(ctx, { kind: 'email_reverted', ...recipientOf(user), params: { newEmail } })

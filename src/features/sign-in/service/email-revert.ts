import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { findOneTimeToken, issueOneTimeToken, linkTo, redemptionOf } from '../../links/service.ts'
import { queueMail } from '../../mail/service/mails.ts'
import { changeUser } from '../../users/service/change-user.ts'
import { findAddressChange, listFormerAddresses } from '../../users/service/former-addresses.ts'
import { findUser, isRestorable, isSignInAllowed } from '../../users/service/users.ts'
import type { FormerAddress, User } from '../../users/types.ts'
import { linkInvalid } from '../errors.ts'
import { deleteBoundSince, isRevertible, type Revert, reverted } from '../store/way-back.ts'
import { type GivenSecondFactor, listSecondFactorsBefore, requireSecondFactorBefore } from './older-factors.ts'
import { issueResetToken } from './reset-token.ts'

/** Which change the link takes back. */
const RevertedChange = z.object({ changeId: z.string() })

/** Tells those who had the account's addresses of the last days that it has another, each with a link that takes it back. */
export async function tellFormerAddresses(ctx: Ctx, userId: string): Promise<void> {
  const newest = new Map((await listFormerAddresses(ctx, userId)).map((former) => [former.email, former]))
  for (const former of newest.values()) await mailRevertLink(ctx, former)
}

/** A link that takes a change of address back, to the address of before. Nothing where nobody could use it. */
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
    // Links to other addresses, and earlier mails, stay good.
    keepsOlder: true,
  })
  const params = { newEmail: user.email, time, until, revertLink: linkTo(ctx, '/revert-email', token) }
  await queueMail(ctx, { kind: 'email_changed', to, userId, locale: user.locale, params })
}

/** A thief may have deleted the account, too; what an admin did stays. */
const mayRevert = (ctx: Ctx, user: User): boolean => isSignInAllowed(user) || isRestorable(user, ctx.now())

async function getRevert(ctx: Ctx, token: string): Promise<{ former: FormerAddress; user: User }> {
  const link = await findOneTimeToken(ctx, 'email_revert', token)
  const former = link && (await findAddressChange(ctx, RevertedChange.parse(link.data).changeId))
  const user = former && (await findUser(ctx, former.userId))
  if (!former || !user || !mayRevert(ctx, user)) throw linkInvalid()
  return { former, user }
}

/** The address that a link brings back, and with what beside it; empty when the link suffices. Throws INVALID_TOKEN. */
export async function getRevertedAddress(
  ctx: Ctx,
  token: string,
): Promise<{ email: string; methods: readonly string[] }> {
  const { former } = await getRevert(ctx, token)
  return { email: former.email, methods: await listSecondFactorsBefore(ctx, former.userId, former.changedAt) }
}

/** Others change the account at the same moment: it is looked at anew, so that what the event says of before is true. */
const ATTEMPTS = 5

/**
 * Takes a change of address back, and later ones with it: the address of before counts again, every session ends, what was
 * bound since the change goes, and no password is good until the user chooses one with the token that this answers. There
 * is no way back from it. A second factor that is older than the change is asked for first. Throws INVALID_TOKEN, and what
 * `requireSecondFactorBefore` throws: then the link still works.
 */
export async function revertEmail(
  ctx: Ctx,
  { token, ...given }: { token: string } & GivenSecondFactor,
): Promise<{ email: string; resetToken: string; propagated: boolean }> {
  const { former } = await getRevert(ctx, token)
  await requireSecondFactorBefore(ctx, { userId: former.userId, before: former.changedAt }, given)
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const result = await revertFrom(ctx, token, await getRevert(ctx, token))
    if (result) return { email: former.email, ...result }
  }
  throw linkInvalid()
}

/** Null when `user` is no longer as it was read, or the change cannot be taken back. */
async function revertFrom(ctx: Ctx, token: string, { former, user }: Revert & { user: User }) {
  const { id: userId } = user
  const { email } = former
  const onlyIf = isRevertible(ctx, { former, user })
  const { redemption, statement } = await redemptionOf(ctx, 'email_revert', token, onlyIf)
  const changed = await changeUser(ctx, {
    userId,
    ...reverted(ctx, former, redemption),
    actor: { type: 'user', id: userId },
    with: [statement, ...deleteBoundSince(ctx, former, redemption)],
    changesClaims: true,
    ends: { reason: 'email_changed' },
    events: [{ type: 'user.email_changed', data: { before: { email: user.email }, after: { email }, reverted: true } }],
  })
  if (!changed) return null
  ctx.defer(tellReverted(ctx, user, email))
  return { resetToken: await issueResetToken(ctx, changed.user), propagated: changed.propagated }
}

/** Who had the other address learns of it: the mailbox of before may be the thief's. */
const tellReverted = (ctx: Ctx, { id: userId, email: to, locale }: User, newEmail: string): Promise<void> =>
  queueMail(ctx, { kind: 'email_reverted', to, userId, locale, params: { newEmail } })

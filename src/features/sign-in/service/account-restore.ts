import type { Ctx } from '../../../context.ts'
import { DAY } from '../../../lib/time.ts'
import { verifyFurtherPasskey } from '../../factors/passkeys/service/assert.ts'
import { requireCode } from '../../factors/totp/service/codes.ts'
import { findOneTimeToken, issueOneTimeToken, linkTo, redemptionOf } from '../../links/service.ts'
import { queueMail } from '../../mail/service/mails.ts'
import { changeUser } from '../../users/service/change-user.ts'
import { notifyOwner } from '../../users/service/notices.ts'
import { findUser, isEmailConfirmed, isRestorable } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { accountLocked, linkInvalid, passwordWrong } from '../errors.ts'
import { restored } from '../store/way-back.ts'
import { listSecondFactors } from './challenges.ts'
import { mayMailLink } from './mailed-links.ts'
import { factorMissing, type GivenSecondFactor, secondFactorErrors } from './older-factors.ts'
import { requireCurrentPassword } from './step-up.ts'
import { failSlowly } from './timing.ts'

const LINK_LIFETIME_MS = DAY

/** What `restoreAccount` throws, for its route. */
export const restoreErrors = [linkInvalid, passwordWrong, accountLocked, ...secondFactorErrors]

/** Its user has the account back. */
export const RESTORED_EVENT = {
  type: 'user.restored',
  data: { before: { status: 'deleted' }, after: { status: 'active' } },
} as const

/** What comes with the link. */
export interface RestoreProof extends GivenSecondFactor {
  readonly password?: string | null | undefined
}

/** Tells the address of a deleted account until when it can be restored, with a link where its user may do that. */
export async function mailDeletion(ctx: Ctx, user: User): Promise<void> {
  const { id: userId, email: to, locale, eraseAt: until } = user
  if (user.status !== 'deleted' || until === null || until <= ctx.now()) return
  const kind = isRestorable(user, ctx.now()) ? 'deleted_account' : 'deleted_by_admin'
  if (!(await mayMailLink(ctx, kind, { email: to, userId }))) return
  if (kind === 'deleted_by_admin') return queueMail(ctx, { kind, to, userId, locale, params: { until } })
  const { token } = await issueOneTimeToken(ctx, {
    purpose: 'account_restore',
    userId,
    email: to,
    lifetimeMs: Math.min(LINK_LIFETIME_MS, until - ctx.now()),
  })
  const params = { until, link: linkTo(ctx, '/restore-account', token) }
  return queueMail(ctx, { kind, to, userId, locale, params })
}

async function getRestorable(ctx: Ctx, token: string): Promise<User> {
  const link = await findOneTimeToken(ctx, 'account_restore', token)
  const user = link?.userId ? await findUser(ctx, link.userId) : undefined
  if (!user || user.email !== link?.email || !isRestorable(user, ctx.now())) throw linkInvalid()
  return user
}

async function listProofsOf(ctx: Ctx, user: User): Promise<string[]> {
  // Whoever made the account may be somebody else: its factors are not asked of the address's holder (decision 0237).
  if (!isEmailConfirmed(user)) return []
  return [
    ...(user.passwordHash === null ? [] : ['password']),
    ...(user.mfaEnabled ? await listSecondFactors(ctx, user.id) : []),
  ]
}

/** With what, beside its link, an account is restored; empty when the link suffices. Throws INVALID_TOKEN. */
export const listRestoreProofs = async (ctx: Ctx, token: string): Promise<readonly string[]> =>
  listProofsOf(ctx, await getRestorable(ctx, token))

/** Whoever has the mailbox alone is not the user: of password and second factor one is proved, where there is any. */
async function requireProof(ctx: Ctx, user: User, { password, code, credential }: RestoreProof): Promise<void> {
  const methods = await listProofsOf(ctx, user)
  if (methods.length === 0) return
  if (password) await requireCurrentPassword(ctx, user, password)
  else if (code && user.mfaEnabled) await requireCode(ctx, user.id, code)
  else if (credential && user.mfaEnabled)
    await failSlowly(ctx, () => verifyFurtherPasskey(ctx, { userId: user.id, before: ['email'] }, { credential }))
  else throw factorMissing(methods)
}

/**
 * Brings back an account that its user deleted: usable as it was, without its sessions. Throws INVALID_TOKEN,
 * STEP_UP_REQUIRED with what would do, and for what is wrong INVALID_PASSWORD, ACCOUNT_LOCKED, INVALID_CODE,
 * SECOND_FACTOR_LOCKED and what `verifyFurtherPasskey` throws: then the link still works.
 */
export async function restoreAccount(
  ctx: Ctx,
  { token, ...given }: { token: string } & RestoreProof,
): Promise<{ propagated: boolean }> {
  const user = await getRestorable(ctx, token)
  await requireProof(ctx, user, given)
  const { id: userId } = user
  const { redemption, statement } = await redemptionOf(ctx, 'account_restore', token)
  const changed = await changeUser(ctx, {
    userId,
    ...restored(ctx, redemption),
    actor: { type: 'user', id: userId },
    with: [statement],
    changesClaims: true,
    events: [RESTORED_EVENT],
  })
  if (!changed) throw linkInvalid()
  notifyOwner(ctx, user, { kind: 'account_restored', params: {} })
  return { propagated: changed.propagated }
}

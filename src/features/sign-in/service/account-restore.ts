import type { Ctx } from '../../../context.ts'
import { DAY } from '../../../lib/time.ts'
import { verifyFurtherPasskey } from '../../factors/passkeys/service/assert.ts'
import { requireCode } from '../../factors/totp/service/codes.ts'
import { findOneTimeToken, issueOneTimeToken, linkTo, redemptionOf } from '../../links/service.ts'
import { queueMail } from '../../mail/service/mails.ts'
import { changeUser } from '../../users/service/change-user.ts'
import { findFormerAddress } from '../../users/service/former-addresses.ts'
import { notifyOwner } from '../../users/service/notices.ts'
import { findUser, isEmailConfirmed, isRestorable, recipientOf } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { accountLocked, linkInvalid, passwordWrong } from '../errors.ts'
import { restored } from '../store/account-recovery.ts'
import { listSecondFactors } from './challenges.ts'
import { mailRevertLink } from './email-revert.ts'
import { factorMissing, type GivenSecondFactor, secondFactorErrors } from './link-proofs.ts'
import { mayMailLink } from './mailed-links.ts'
import { requireCurrentPassword } from './step-up.ts'
import { failSlowly } from './timing.ts'

const LINK_LIFETIME_MS = DAY

/** What `restoreAccount` throws, for its route. */
export const restoreErrors = [linkInvalid, passwordWrong, accountLocked, ...secondFactorErrors]

export const RESTORED_EVENT = {
  type: 'user.restored',
  data: { before: { status: 'deleted' }, after: { status: 'active' } },
} as const

/** A proof given with the link. */
export interface RestoreProof extends GivenSecondFactor {
  readonly password?: string | null | undefined
}

/** Mails the address of a deleted account until when it can be restored, with a link unless an admin deleted it. */
export async function mailDeletion(ctx: Ctx, user: User): Promise<void> {
  const { id: userId, email, eraseAt: until } = user
  if (user.status !== 'deleted' || until === null || until <= ctx.now()) return
  const kind = isRestorable(user, ctx.now()) ? 'deleted_account' : 'deleted_by_admin'
  if (!(await mayMailLink(ctx, kind, { email, userId }))) return
  if (kind === 'deleted_by_admin') return queueMail(ctx, { kind, ...recipientOf(user), params: { until } })
  const { token } = await issueOneTimeToken(ctx, {
    purpose: 'account_restore',
    userId,
    email,
    lifetimeMs: Math.min(LINK_LIFETIME_MS, until - ctx.now()),
  })
  const params = { until, link: linkTo(ctx, '/restore-account', token) }
  return queueMail(ctx, { kind, ...recipientOf(user), params })
}

async function getRestorable(ctx: Ctx, token: string): Promise<User> {
  const link = await findOneTimeToken(ctx, 'account_restore', token)
  const user = link?.userId ? await findUser(ctx, link.userId) : undefined
  if (!user || user.email !== link?.email || !isRestorable(user, ctx.now())) throw linkInvalid()
  return user
}

async function listProofsOf(ctx: Ctx, user: User): Promise<string[]> {
  // A stranger may have created the account: the holder of the address does not have its factors (decision 0237).
  if (!isEmailConfirmed(user)) return []
  return [
    ...(user.passwordHash === null ? [] : ['password']),
    ...(user.mfaEnabled ? await listSecondFactors(ctx, user.id) : []),
  ]
}

/** The account's address, and the methods of which one is needed; none when the link suffices. Throws INVALID_TOKEN. */
export async function getRestoreProofs(
  ctx: Ctx,
  token: string,
): Promise<{ email: string; methods: readonly string[] }> {
  const user = await getRestorable(ctx, token)
  return { email: user.email, methods: await listProofsOf(ctx, user) }
}

/** The mailbox alone does not prove the user: needs the password or a second factor, if the account has one. */
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
 * Restores an account that its user deleted, without its sessions. Throws INVALID_TOKEN; STEP_UP_REQUIRED, INVALID_PASSWORD,
 * ACCOUNT_LOCKED, INVALID_CODE, SECOND_FACTOR_LOCKED and what `verifyFurtherPasskey` throws leave the link valid.
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

/**
 * For a request about an address that cannot sign in: mails a link that restores the deleted account (`user`), or that
 * reverts the change by which an account gave the address up. Limited as other links are. False when the address is free.
 */
export async function mailRecoveryLink(ctx: Ctx, email: string, user: User | undefined): Promise<boolean> {
  if (user) {
    await mailDeletion(ctx, user)
    return true
  }
  const former = await findFormerAddress(ctx, email)
  if (!former) return false
  if (await mayMailLink(ctx, 'email_changed', former)) await mailRevertLink(ctx, former)
  return true
}

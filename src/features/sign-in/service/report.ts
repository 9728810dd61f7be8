import type { Ctx } from '../../../context.ts'
import { DAY } from '../../../lib/time.ts'
import { listPasskeys } from '../../factors/passkeys/service/manage.ts'
import { findOneTimeToken, redemptionOf } from '../../links/service.ts'
import { changeUser } from '../../users/service/change-user.ts'
import { isNoticeAddress } from '../../users/service/former-addresses.ts'
import { notifyOwner, ReportedMail } from '../../users/service/notices.ts'
import { findUser, isRestorable, isSignInAllowed } from '../../users/service/users.ts'
import type { AddedFactor, User } from '../../users/types.ts'
import { linkInvalid } from '../errors.ts'
import { deleteReportedFactor, isReportable, reported } from '../store/credentials.ts'
import type { SecondStep } from '../types.ts'
import { RESTORED_EVENT } from './account-restore.ts'
import { type GivenSecondFactor, listSecondFactorsBefore, requireSecondFactorBefore } from './older-factors.ts'
import { issueResetToken } from './reset-token.ts'

/** Of a link that takes one factor away while another guards the account: without it, too, its owner gets in. */
const GUARDED_LIFETIME_MS = DAY

interface Report {
  readonly user: User
  /** Where the mail went. */
  readonly email: string
  readonly added: AddedFactor | null
  readonly toldAt: number
  /** When the added factor came: second factors of before it are asked for. */
  readonly addedAt: number
  /** Those that there are; empty when the link suffices. */
  readonly proofs: readonly SecondStep[]
}

/**
 * What guards the account beside the factor that a report takes away. An authenticator is guarded by nothing: a passkey
 * without it is another way in, not a second factor (decision 0120).
 */
async function findGuards(ctx: Ctx, userId: string, { added, toldAt }: Pick<Report, 'added' | 'toldAt'>) {
  if (added?.kind !== 'passkey') return { addedAt: toldAt, proofs: [] }
  const passkey = (await listPasskeys(ctx, userId)).find(({ id }) => id === added.id)
  const addedAt = passkey?.createdAt ?? toldAt
  return { addedAt, proofs: await listSecondFactorsBefore(ctx, userId, addedAt) }
}

/**
 * A mail that went to the account's address, or to one before: the link belongs to the user, whatever the address is now.
 * Not one that nobody had proved: it may be a stranger's, which its user has corrected since.
 */
async function getReport(ctx: Ctx, token: string): Promise<Report> {
  const link = await findOneTimeToken(ctx, 'activity_report', token)
  const user = link?.userId ? await findUser(ctx, link.userId) : undefined
  if (!link || !user || !(await isNoticeAddress(ctx, user, link.email))) throw linkInvalid()
  const told = { added: ReportedMail.parse(link.data).added, toldAt: link.createdAt }
  // Who added the factor may have deleted the account, too.
  if (!isSignInAllowed(user) && !(told.added && isRestorable(user, ctx.now()))) throw linkInvalid()
  const guards = await findGuards(ctx, user.id, told)
  if (guards.proofs.length > 0 && ctx.now() - told.toldAt >= GUARDED_LIFETIME_MS) throw linkInvalid()
  return { user, email: link.email ?? '', ...told, ...guards }
}

/** With what, beside its link, an account is secured; empty when the link suffices. Throws INVALID_TOKEN. */
export const listReportProofs = async (ctx: Ctx, token: string): Promise<readonly string[]> =>
  (await getReport(ctx, token)).proofs

/** Others change the account at the same moment: it is looked at anew, so that what the events say of before is true. */
const ATTEMPTS = 5

/**
 * Somebody else was in the account: every session ends, pending links are void, the factor that the mail told of as added
 * goes, and no password is good until the user chooses a new one with the token that this answers. A link that takes a
 * factor away asks for the second factor of before it, and brings back what its user deleted. Throws INVALID_TOKEN, and what
 * `requireSecondFactorBefore` throws: then the link still works.
 */
export async function reportActivity(
  ctx: Ctx,
  { token, ...given }: { token: string } & GivenSecondFactor,
): Promise<{ resetToken: string; propagated: boolean }> {
  const { user, addedAt, proofs } = await getReport(ctx, token)
  if (proofs.length > 0) await requireSecondFactorBefore(ctx, { userId: user.id, before: addedAt }, given)
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const secured = await reportOf(ctx, token, await getReport(ctx, token))
    if (secured) return secured
  }
  throw linkInvalid()
}

/** Null when the account has not the state any more that it was read with. */
async function reportOf(ctx: Ctx, token: string, { user, email, added, toldAt }: Report) {
  const { id: userId, status } = user
  const isRestored = status === 'deleted'
  const { redemption, statement } = await redemptionOf(ctx, 'activity_report', token, isReportable(ctx, user))
  const target = { userId, redemption, isRestored }
  const removal = added === null ? [] : deleteReportedFactor(ctx, target, { added, toldAt })
  const changed = await changeUser(ctx, {
    userId,
    ...reported(target),
    actor: { type: 'user', id: userId },
    with: [statement, ...removal],
    changesClaims: isRestored,
    ends: { reason: 'credentials_changed' },
    events: [
      { type: 'user.activity_reported', data: { removed_factor: added } },
      ...(isRestored ? [RESTORED_EVENT] : []),
    ],
  })
  if (!changed) return null
  if (isRestored) notifyOwner(ctx, user, { kind: 'account_restored', params: {} })
  const provesAddress = changed.user.email === email
  return {
    resetToken: await issueResetToken(ctx, changed.user, { provesAddress }),
    propagated: changed.propagated,
  }
}

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
import { RESTORED_EVENT } from './account-restore.ts'
import { listSecondFactorsBefore, type SecondStep } from './challenges.ts'
import { applyByLink, type GivenSecondFactor, requireSecondFactorBefore } from './link-proofs.ts'
import { issueResetToken } from './reset-token.ts'

/** For a link that removes one factor while another still protects the account: the owner can sign in without the link. */
const GUARDED_LIFETIME_MS = DAY

interface Report {
  readonly user: User
  /** The address that the mail was sent to. */
  readonly email: string
  readonly added: AddedFactor | null
  readonly mailedAt: number
  /** When the reported factor was added: an older second factor is needed. */
  readonly addedAt: number
  /** Older second factors; empty when the link suffices. */
  readonly proofs: readonly SecondStep[]
}

/**
 * The second factors that are older than the reported one. None beside a reported authenticator app: without it a passkey is
 * a first factor, not a second one (decision 0120).
 */
async function findOlderProofs(ctx: Ctx, userId: string, { added, mailedAt }: Pick<Report, 'added' | 'mailedAt'>) {
  if (added?.kind !== 'passkey') return { addedAt: mailedAt, proofs: [] }
  const passkey = (await listPasskeys(ctx, userId)).find(({ id }) => id === added.id)
  const addedAt = passkey?.createdAt ?? mailedAt
  return { addedAt, proofs: await listSecondFactorsBefore(ctx, userId, addedAt) }
}

/**
 * The link is valid for a mail to the account's present address or to a former one that was verified. An unverified former
 * address may be a stranger's: the user may have mistyped it.
 */
async function getReport(ctx: Ctx, token: string): Promise<Report> {
  const link = await findOneTimeToken(ctx, 'activity_report', token)
  const user = link?.userId ? await findUser(ctx, link.userId) : undefined
  if (!link || !user || !(await isNoticeAddress(ctx, user, link.email))) throw linkInvalid()
  const mailed = { added: ReportedMail.parse(link.data).added, mailedAt: link.createdAt }
  // Whoever added the factor may also have deleted the account.
  if (!isSignInAllowed(user) && !(mailed.added && isRestorable(user, ctx.now()))) throw linkInvalid()
  const older = await findOlderProofs(ctx, user.id, mailed)
  if (older.proofs.length > 0 && ctx.now() - mailed.mailedAt >= GUARDED_LIFETIME_MS) throw linkInvalid()
  return { user, email: link.email ?? '', ...mailed, ...older }
}

/** Methods of which one is needed beside the link; empty when the link suffices. Throws INVALID_TOKEN. */
export const listReportProofs = async (ctx: Ctx, token: string): Promise<readonly string[]> =>
  (await getReport(ctx, token)).proofs

/**
 * Secures an account that somebody else used: every session ends, pending links are voided, the factor whose addition was
 * mailed is removed, and the password is deleted: the returned token sets a new one. A link that removes a factor needs an
 * older second factor, if there is one, and restores a deleted account. Throws INVALID_TOKEN; what
 * `requireSecondFactorBefore` throws leaves the link valid.
 */
export async function reportActivity(
  ctx: Ctx,
  { token, ...given }: { token: string } & GivenSecondFactor,
): Promise<{ resetToken: string; propagated: boolean }> {
  const { user, addedAt, proofs } = await getReport(ctx, token)
  if (proofs.length > 0) await requireSecondFactorBefore(ctx, { userId: user.id, before: addedAt }, given)
  return applyByLink(async () => trySecure(ctx, token, await getReport(ctx, token)))
}

/** Null when the account's status has changed since it was read. */
async function trySecure(ctx: Ctx, token: string, { user, email, added, mailedAt }: Report) {
  const { id: userId, status } = user
  const isRestored = status === 'deleted'
  const { redemption, statement } = await redemptionOf(ctx, 'activity_report', token, isReportable(ctx, user))
  const target = { userId, redemption, isRestored }
  const removal = added === null ? [] : deleteReportedFactor(ctx, target, { added, mailedAt })
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

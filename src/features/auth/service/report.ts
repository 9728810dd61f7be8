import type { Ctx } from '../../../context.ts'
import { commitAll } from '../../../db/commit.ts'
import { DAY } from '../../../lib/time.ts'
import type { SecondStep } from '../../mfa/types.ts'
import { findOneTimeToken, redemptionOf } from '../../one-time-tokens/service.ts'
import { listPasskeys } from '../../passkeys/service/list.ts'
import { endSessionsAfterChange } from '../../sessions/service/after-change.ts'
import { isNoticeAddress } from '../../users/service/former-addresses.ts'
import { findUser, isSignInAllowed } from '../../users/service.ts'
import { linkInvalid } from '../errors.ts'
import { deleteReportedFactor, updateReported } from '../store/credentials.ts'
import type { AddedFactor } from '../types.ts'
import { type GivenSecondFactor, listSecondFactorsBefore, requireSecondFactorBefore } from './older-factors.ts'
import { ReportedMail } from './report-link.ts'
import { issueResetToken } from './reset-token.ts'

export { issueReportLink } from './report-link.ts'

/** Of a link that takes one factor away while another guards the account: without it, too, its owner gets in. */
const GUARDED_LIFETIME_MS = DAY

interface Report {
  readonly userId: string
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
  if (!link || !user || !isSignInAllowed(user) || !(await isNoticeAddress(ctx, user, link.email))) throw linkInvalid()
  const told = { added: ReportedMail.parse(link.data).added, toldAt: link.createdAt }
  const guards = await findGuards(ctx, user.id, told)
  if (guards.proofs.length > 0 && ctx.now() - told.toldAt >= GUARDED_LIFETIME_MS) throw linkInvalid()
  return { userId: user.id, email: link.email ?? '', ...told, ...guards }
}

/** With what, beside its link, an account is secured; empty when the link suffices. Throws INVALID_TOKEN. */
export const listReportProofs = async (ctx: Ctx, token: string): Promise<readonly string[]> =>
  (await getReport(ctx, token)).proofs

/**
 * Somebody else was in the account: every session ends, pending links are void, the factor that the mail told of as added
 * goes, and no password is good until the user chooses a new one with the token that this answers. A link that takes a
 * factor away asks for the second factor of before it. Throws INVALID_TOKEN, and what `requireSecondFactorBefore` throws:
 * then the link still works.
 */
export async function reportActivity(
  ctx: Ctx,
  { token, ...given }: { token: string } & GivenSecondFactor,
): Promise<{ resetToken: string; propagated: boolean }> {
  const { userId, email, added, toldAt, addedAt, proofs } = await getReport(ctx, token)
  if (proofs.length > 0) await requireSecondFactorBefore(ctx, { userId, before: addedAt }, given)
  const { redemption, statement } = await redemptionOf(ctx, 'activity_report', token)
  const target = { userId, redemption }
  const actor = { type: 'user', id: userId } as const
  const removal = added === null ? [] : deleteReportedFactor(ctx, target, { added, toldAt })
  const [changed] = await commitAll(ctx, [statement, ...removal, updateReported(ctx, target)], {
    type: 'user.activity_reported',
    subject: userId,
    userId,
    actor,
    data: { removed_factor: added },
  })
  if (!changed) throw linkInvalid()
  const { authVersion } = changed
  const reason = 'credentials_changed'
  const { propagated } = await endSessionsAfterChange(ctx, { userId, except: null, reason, actor, authVersion })
  const provesAddress = changed.email === email
  return { resetToken: await issueResetToken(ctx, changed, { provesAddress }), propagated }
}

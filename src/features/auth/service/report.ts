import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { commitAll } from '../../../db/commit.ts'
import { DAY } from '../../../lib/time.ts'
import { findOneTimeToken, issueOneTimeToken, redemptionOf } from '../../one-time-tokens/service.ts'
import type { OneTimeToken } from '../../one-time-tokens/types.ts'
import { endSessionsAfterChange } from '../../sessions/service/after-change.ts'
import { findUser, isSignInAllowed } from '../../users/service.ts'
import type { User } from '../../users/types.ts'
import { linkInvalid } from '../errors.ts'
import { deleteReportedFactor, updateReported } from '../store/credentials.ts'
import type { AddedFactor } from '../types.ts'
import { linkTo } from './links.ts'
import { issueResetToken } from './reset-token.ts'

const LINK_LIFETIME_MS = 7 * DAY

const Added = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('passkey'), id: z.string() }),
  z.object({ kind: z.literal('totp') }),
]) satisfies z.ZodType<AddedFactor>

/** What the link remembers of its mail. */
const ReportedMail = z.object({ added: Added.nullable() })

/**
 * For a mail that tells of a change or a sign-in: with it the user says that it was somebody else. Works once. `added` is
 * the factor that the mail tells of: it goes with the report.
 */
export async function issueReportLink(
  ctx: Ctx,
  user: Pick<User, 'id' | 'email'>,
  added: AddedFactor | null = null,
): Promise<string> {
  const { token } = await issueOneTimeToken(ctx, {
    purpose: 'activity_report',
    userId: user.id,
    email: user.email,
    data: { added } satisfies z.input<typeof ReportedMail>,
    lifetimeMs: LINK_LIFETIME_MS,
    // Each mail's own link: a newer mail must not take the report of the older one away.
    besidesOlder: true,
  })
  return linkTo(ctx, '/report-activity', token)
}

/** Whose account a link speaks of. Throws INVALID_TOKEN. */
export async function getReportedUser(ctx: Ctx, token: string): Promise<User> {
  return (await getReport(ctx, token)).user
}

async function getReport(ctx: Ctx, token: string): Promise<{ link: OneTimeToken; user: User }> {
  const link = await findOneTimeToken(ctx, 'activity_report', token)
  const user = link?.userId ? await findUser(ctx, link.userId) : undefined
  if (!link || !user || !isSignInAllowed(user) || user.email !== link.email) throw linkInvalid()
  return { link, user }
}

/**
 * Somebody else was in the account: every session ends, pending links are void, the factor that the mail told of as added
 * goes, and no password is good until the user chooses a new one with the token that this answers. Throws INVALID_TOKEN.
 */
export async function reportActivity(
  ctx: Ctx,
  input: { token: string },
): Promise<{ resetToken: string; propagated: boolean }> {
  const { link, user } = await getReport(ctx, input.token)
  const { added } = ReportedMail.parse(link.data)
  const { id: userId, email, authVersion } = user
  const { redemption, statement } = await redemptionOf(ctx, 'activity_report', input.token)
  const target = { userId, email, authVersion, redemption }
  const actor = { type: 'user', id: userId } as const
  const removal = added === null ? [] : deleteReportedFactor(ctx, target, { added, toldAt: link.createdAt })
  const [changed] = await commitAll(ctx, [statement, ...removal, updateReported(ctx, target)], {
    type: 'user.activity_reported',
    subject: userId,
    userId,
    actor,
    data: { removed_factor: added },
  })
  if (!changed) throw linkInvalid()
  const reason = 'credentials_changed'
  const { propagated } = await endSessionsAfterChange(ctx, {
    userId,
    except: null,
    reason,
    actor,
    authVersion: changed.authVersion,
  })
  return { resetToken: await issueResetToken(ctx, { ...user, authVersion: changed.authVersion }), propagated }
}

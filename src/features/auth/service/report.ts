import type { Ctx } from '../../../context.ts'
import { commitAll } from '../../../db/commit.ts'
import { DAY } from '../../../lib/time.ts'
import { findOneTimeToken, issueOneTimeToken, redemptionOf } from '../../one-time-tokens/service.ts'
import { findUser, isSignInAllowed } from '../../users/service.ts'
import type { User } from '../../users/types.ts'
import { linkInvalid } from '../errors.ts'
import { updateReported } from '../store/credentials.ts'
import { endSessionsAfterChange } from './ended-sessions.ts'
import { linkTo } from './links.ts'
import { issueResetToken } from './reset-token.ts'

const LINK_LIFETIME_MS = 7 * DAY

/** For a mail that tells of a change or a sign-in: with it the user says that it was somebody else. Works once. */
export async function issueReportLink(ctx: Ctx, user: Pick<User, 'id' | 'email'>): Promise<string> {
  const { token } = await issueOneTimeToken(ctx, {
    purpose: 'activity_report',
    userId: user.id,
    email: user.email,
    lifetimeMs: LINK_LIFETIME_MS,
    // Each mail's own link: a newer mail must not take the report of the older one away.
    besidesOlder: true,
  })
  return linkTo(ctx, '/report-activity', token)
}

/** Whose account a link speaks of. Throws INVALID_TOKEN. */
export async function getReportedUser(ctx: Ctx, token: string): Promise<User> {
  const link = await findOneTimeToken(ctx, 'activity_report', token)
  const user = link?.userId ? await findUser(ctx, link.userId) : undefined
  if (!user || !isSignInAllowed(user) || user.email !== link?.email) throw linkInvalid()
  return user
}

/**
 * Somebody else was in the account: every session ends, pending links are void, and no password is good until the user
 * chooses a new one with the token that this answers. Throws INVALID_TOKEN.
 */
export async function reportActivity(
  ctx: Ctx,
  input: { token: string },
): Promise<{ resetToken: string; propagated: boolean }> {
  const user = await getReportedUser(ctx, input.token)
  const { id: userId, email, authVersion } = user
  const { redemption, statement } = await redemptionOf(ctx, 'activity_report', input.token)
  const actor = { type: 'user', id: userId } as const
  const [changed] = await commitAll(ctx, [statement, updateReported(ctx, { userId, email, authVersion, redemption })], {
    type: 'user.activity_reported',
    subject: userId,
    userId,
    actor,
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

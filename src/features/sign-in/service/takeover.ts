import type { Ctx } from '../../../context.ts'
import { commitAll } from '../../../db/commit.ts'
import { redemptionOf } from '../../links/service.ts'
import type { OneTimePurpose } from '../../links/types.ts'
import { endSessionsAfterChange } from '../../users/service/end-sessions.ts'
import type { User } from '../../users/types.ts'
import { linkInvalid } from '../errors.ts'
import { removeUnansweredFactors, updateUnansweredAccount } from '../store/credentials.ts'

/**
 * The holder of an address takes over an account for which nobody has answered: whoever made it may have been somebody
 * else, who waits for the holder to use it. Password, factors, sessions and pending links of that time end, and
 * the address is verified. `token` is a link that was mailed to the user's present address; it is used up. Throws
 * INVALID_TOKEN, also when somebody has answered meanwhile.
 */
export async function takeOver(
  ctx: Ctx,
  { user, purpose, token, answer }: { user: User; purpose: OneTimePurpose; token: string; answer: 'no' | null },
): Promise<User> {
  const { id: userId, email, authVersion } = user
  const { redemption, statement } = await redemptionOf(ctx, purpose, token)
  const target = { userId, email, authVersion, redemption }
  const actor = { type: 'user', id: userId } as const
  const [changed] = await commitAll(
    ctx,
    [statement, ...removeUnansweredFactors(ctx, target), updateUnansweredAccount(ctx, target)],
    {
      type: 'user.email_verified',
      subject: userId,
      userId,
      actor,
      data: { after: { email }, answer, password_removed: user.passwordHash !== null },
    },
  )
  if (!changed) throw linkInvalid()
  const newVersion = changed.authVersion
  const reason = 'credentials_changed'
  await endSessionsAfterChange(ctx, { userId, except: null, reason, actor, authVersion: newVersion })
  return {
    ...user,
    status: 'active',
    emailVerifiedAt: user.emailVerifiedAt ?? ctx.now(),
    emailUnansweredSince: null,
    passwordHash: null,
    mfaEnabled: false,
    authVersion: newVersion,
    keptSessionId: null,
  }
}

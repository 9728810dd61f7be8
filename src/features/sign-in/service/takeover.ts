import type { Ctx } from '../../../context.ts'
import { redemptionOf } from '../../links/service.ts'
import type { OneTimePurpose } from '../../links/types.ts'
import { changeUser } from '../../users/service/change-user.ts'
import type { User } from '../../users/types.ts'
import { linkInvalid } from '../errors.ts'
import { removeUnansweredFactors, takenOver } from '../store/credentials.ts'

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
  const changed = await changeUser(ctx, {
    userId,
    ...takenOver(ctx, target),
    actor: { type: 'user', id: userId },
    with: [statement, ...removeUnansweredFactors(ctx, target)],
    ends: { reason: 'credentials_changed' },
    events: [
      { type: 'user.email_verified', data: { after: { email }, answer, password_removed: user.passwordHash !== null } },
    ],
  })
  if (!changed) throw linkInvalid()
  return changed.user
}

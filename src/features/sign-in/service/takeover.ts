import type { Ctx } from '../../../context.ts'
import { redemptionOf } from '../../links/service.ts'
import type { OneTimePurpose } from '../../links/types.ts'
import { changeUser } from '../../users/service/change-user.ts'
import type { User } from '../../users/types.ts'
import { linkInvalid } from '../errors.ts'
import { removeUnconfirmedFactors, takenOver } from '../store/credentials.ts'

/**
 * The holder of an address takes over an account that they have not confirmed. A stranger may have created it, to share it
 * once the holder uses it: password, factors, sessions and pending links end, and the address is verified. `token`, a link
 * mailed to the present address, is redeemed. Throws INVALID_TOKEN, also when the account was confirmed meanwhile.
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
    with: [statement, ...removeUnconfirmedFactors(ctx, target)],
    ends: { reason: 'credentials_changed' },
    events: [
      { type: 'user.email_verified', data: { after: { email }, answer, password_removed: user.passwordHash !== null } },
    ],
  })
  if (!changed) throw linkInvalid()
  return changed.user
}

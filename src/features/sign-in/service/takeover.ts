import type { Ctx } from '../../../context.ts'
import { redemptionOf } from '../../links/service.ts'
import type { OneTimePurpose } from '../../links/types.ts'
import { changeUser, type UserChange } from '../../users/service/change-user.ts'
import type { User } from '../../users/types.ts'
import { linkInvalid } from '../errors.ts'
import { type Allowed, removeUnconfirmedFactors, takenOver } from '../store/credentials.ts'

/**
 * The holder of an address takes over an account that they have not confirmed. A stranger may have created it, to share it
 * once the holder uses it: password, factors, sessions and pending links end, and the address is verified. `token`, a link
 * mailed to the present address, is redeemed. Throws INVALID_TOKEN, also when the account was confirmed meanwhile.
 */
export async function takeOver(
  ctx: Ctx,
  { user, purpose, token, answer }: { user: User; purpose: OneTimePurpose; token: string; answer: 'no' | null },
): Promise<User> {
  const { id: userId } = user
  const { redemption, statement } = await redemptionOf(ctx, purpose, token)
  const parts = takeoverParts(ctx, user, { by: { redemption }, answer })
  const changed = await changeUser(ctx, {
    userId,
    ...parts,
    actor: { type: 'user', id: userId },
    with: [statement, ...parts.with],
  })
  if (!changed) throw linkInvalid()
  return changed.user
}

/** What `changeUser` takes for a takeover, also for one that is part of another change. */
export function takeoverParts(
  ctx: Ctx,
  { id: userId, email, authVersion, passwordHash }: User,
  { by, answer }: { by: Allowed; answer: 'no' | null },
) {
  const target = { userId, email, authVersion, ...by }
  const events: UserChange['events'] = [
    { type: 'user.email_verified', data: { after: { email }, answer, password_removed: passwordHash !== null } },
  ]
  return {
    ...takenOver(ctx, target),
    with: removeUnconfirmedFactors(ctx, target),
    ends: { reason: 'credentials_changed' } as const,
    events,
  }
}

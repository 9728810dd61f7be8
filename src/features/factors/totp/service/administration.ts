import type { Ctx } from '../../../../context.ts'
import type { EventActor } from '../../../../lib/event.ts'
import { changeUser } from '../../../users/service/change-user.ts'
import { notificationOf, notifyOwner } from '../../../users/service/notices.ts'
import type { User } from '../../../users/types.ts'
import { mfaNotEnabled } from '../errors.ts'
import { FACTOR } from '../rules/totp.ts'
import { disabling } from '../store.ts'
import { DISABLED_EVENT } from './enrolment.ts'

/**
 * Turns a user's second factor off, by somebody who may: who may is for the caller to say. The user's sessions end with
 * it, and a mail and a notification tell. Throws MFA_NOT_ENABLED.
 */
export async function disableSecondFactorOf(
  ctx: Ctx,
  { user, actor }: { user: User; actor: EventActor },
): Promise<{ propagated: boolean }> {
  const { id: userId } = user
  const disabled = await changeUser(ctx, {
    userId,
    ...disabling(ctx, userId),
    actor,
    ends: { reason: 'credentials_changed' },
    events: [DISABLED_EVENT, notificationOf(user, { kind: 'factor_removed', actor, params: { factor: FACTOR } })],
  })
  if (!disabled) throw mfaNotEnabled()
  notifyOwner(ctx, user, { kind: 'factor_removed', params: { factor: FACTOR, ended: 'all' } })
  return { propagated: disabled.propagated }
}

import type { Ctx } from '../../../../context.ts'
import { commitAll } from '../../../../db/commit.ts'
import type { EventActor } from '../../../../lib/event.ts'
import { endSessionsAfterChange } from '../../../users/service/end-sessions.ts'
import { noticeOf } from '../../../users/service/notices.ts'
import { tellOwner } from '../../../users/service/owner-notice.ts'
import type { User } from '../../../users/types.ts'
import { mfaNotEnabled } from '../errors.ts'
import { FACTOR } from '../rules/totp.ts'
import { deleteBackupCodes, deleteFactor, isEnabled, updateDisabledWithSessions } from '../store.ts'

export { mfaNotEnabled } from '../errors.ts'

/**
 * Turns a user's second factor off, by somebody who may: who may is for the caller to say. The user's sessions end with
 * it, and a mail and a notification tell. Throws MFA_NOT_ENABLED.
 */
export async function disableSecondFactorOf(
  ctx: Ctx,
  { user, actor }: { user: User; actor: EventActor },
): Promise<{ propagated: boolean }> {
  const { id: userId } = user
  const [disabled] = await commitAll(
    ctx,
    [
      deleteBackupCodes(ctx, userId, isEnabled(userId)),
      deleteFactor(ctx, userId),
      updateDisabledWithSessions(ctx, userId),
    ],
    {
      type: 'mfa.disabled',
      subject: userId,
      userId,
      actor,
      data: { before: { mfa_enabled: true, method: 'totp' }, after: { mfa_enabled: false } },
    },
    noticeOf({ user, kind: 'factor_removed', actor, params: { factor: FACTOR } }),
  )
  if (!disabled) throw mfaNotEnabled()
  tellOwner(ctx, user, { kind: 'factor_removed', params: { factor: FACTOR, ended: 'all' } })
  const { authVersion } = disabled
  return endSessionsAfterChange(ctx, { userId, except: null, reason: 'credentials_changed', actor, authVersion })
}

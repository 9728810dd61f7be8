import type { ActorCtx } from '../../../context.ts'
import { MINUTE } from '../../../lib/time.ts'
import { issueOneTimeToken } from '../../links/service.ts'
import { findProviderToTell } from '../../sessions/service/opening.ts'

const LIFETIME_MS = 5 * MINUTE

/**
 * Where a browser goes after its session has ended, to sign out at the organization's provider that opened it; null where none
 * did. Good once. The sign-out stands, whatever becomes of this.
 */
export async function findProviderLogout(ctx: ActorCtx): Promise<string | null> {
  try {
    const row = await findProviderToTell(ctx, ctx.actor.sessionId)
    if (!row) return null
    const { connectionId, sealed } = row
    const { token } = await issueOneTimeToken(ctx, {
      purpose: 'sso_logout',
      userId: ctx.actor.id,
      email: null,
      data: { connectionId, sealed },
      lifetimeMs: LIFETIME_MS,
      keepsOlder: true,
    })
    return `${ctx.config.PUBLIC_URL}/api/v1/sso/logout?token=${token}`
  } catch (cause) {
    ctx.log.error('provider_logout_not_offered', cause)
    return null
  }
}

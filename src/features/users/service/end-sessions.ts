import { type Ctx, callerOf } from '../../../context.ts'
import type { EndReason, EndResult, SparedSessions } from '../../../durable/rpc.ts'
import type { EventActor } from '../../../lib/event.ts'
import { forgetSessions } from '../../../revocation/freshness.ts'
import type { User } from '../types.ts'

export interface EndManyInput {
  readonly userId: string
  readonly except: string | null
  readonly reason: EndReason
  readonly actor: EventActor
  /** The row's `auth_version` after a change of credentials: sessions opened with the new ones stay. Else null. */
  readonly authVersion: number | null
  /** Whom such a change lets live beside `except`. */
  readonly spares?: SparedSessions
}

/** Ends a user's sessions but `except`. */
export async function endOtherSessions(ctx: Ctx, input: EndManyInput): Promise<EndResult> {
  const result = await ctx.objects.user(input.userId).endSessions({ ...input, caller: callerOf(ctx) })
  forgetSessions(ctx, result.ended)
  return result
}

/**
 * Ends what a committed change of credentials ends, all but `except`. The change stands when the user's object is silent:
 * then the row refuses the sessions at their next refresh, and the answer says that nothing was propagated.
 */
export async function endSessionsAfterChange(
  ctx: Ctx,
  input: EndManyInput & { readonly authVersion: number },
): Promise<{ propagated: boolean }> {
  try {
    const { propagated } = await endOtherSessions(ctx, input)
    return { propagated }
  } catch (cause) {
    ctx.log.error('sessions_not_ended', cause, { user_id: input.userId })
    return { propagated: false }
  }
}

/** Whom the last change spared beside the session that made it, when that was one of the second factor. */
export function sparedBy({ authVersion, factorVersion, mfaEnabled }: User): SparedSessions | null {
  if (factorVersion !== authVersion) return null
  return mfaEnabled ? 'two_factors_without_code' : 'two_factors'
}

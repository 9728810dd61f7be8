import type { Ctx } from '../../../context.ts'
import type { EndReason, SparedSessions } from '../../../durable/rpc.ts'
import type { EventActor } from '../../../lib/event.ts'
import { endOtherSessions } from '../service.ts'

/**
 * Ends what a committed change of credentials ends, all but `except`. The change stands when the user's object is silent:
 * then the row refuses the sessions at their next refresh, and the answer says that nothing was propagated.
 */
export async function endSessionsAfterChange(
  ctx: Ctx,
  input: {
    userId: string
    except: string | null
    reason: EndReason
    actor: EventActor
    authVersion: number
    spares?: SparedSessions
  },
): Promise<{ propagated: boolean }> {
  try {
    const { propagated } = await endOtherSessions(ctx, input)
    return { propagated }
  } catch (cause) {
    ctx.log.error('sessions_not_ended', cause, { user_id: input.userId })
    return { propagated: false }
  }
}

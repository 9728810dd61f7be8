import type { Ctx } from '../../../context.ts'
import { endOtherThanFederated } from '../../sessions/service.ts'
import { selectEndings, selectObliged, updateEnding } from '../store/connections.ts'

const POLICIES_PER_RUN = 5
const MEMBERS_PER_RUN = 50

/**
 * Cron: where an organization that requires single sign-on wants it, ends the sessions of its people that came otherwise, some
 * members a run. One whose object does not answer is tried again by the next run.
 */
export async function endOtherSessionsOfPolicies(ctx: Ctx): Promise<void> {
  for (const { organizationId, after } of await selectEndings(ctx, POLICIES_PER_RUN))
    if (after !== null) await endSlice(ctx, { organizationId, from: after })
}

async function endSlice(ctx: Ctx, { organizationId, from }: { organizationId: string; from: string }): Promise<void> {
  const members = await selectObliged(ctx, { organizationId, after: from }, MEMBERS_PER_RUN)
  let last = from
  for (const { id } of members) {
    try {
      await endOtherThanFederated(ctx, { userId: id, organizationId })
      last = id
    } catch (cause) {
      ctx.log.error('sessions_not_ended', cause, { user_id: id })
      await updateEnding(ctx, { organizationId, from, to: last })
      return
    }
  }
  await updateEnding(ctx, { organizationId, from, to: members.length < MEMBERS_PER_RUN ? null : last })
}

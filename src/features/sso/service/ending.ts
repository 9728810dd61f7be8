import type { Ctx } from '../../../context.ts'
import { SECOND } from '../../../lib/time.ts'
import { endOtherThanFederated } from '../../sessions/service/ending.ts'
import { selectEndings, selectObliged, updateEnding } from '../store/policies.ts'

const POLICIES_PER_RUN = 5
const MEMBERS_PER_RUN = 50
/** Longer than a sign-in takes from its session to the row that says who opened it. */
const SETTLED_AFTER_MS = 10 * SECOND

/**
 * Cron: where an organization that requires single sign-on wants it, ends the sessions of its people from before that came
 * otherwise, some members a run.
 */
export async function endOtherSessionsOfPolicies(ctx: Ctx): Promise<void> {
  const due = await selectEndings(ctx, { before: ctx.now() - SETTLED_AFTER_MS, limit: POLICIES_PER_RUN })
  for (const { organizationId, after, changedAt } of due)
    if (after !== null) await endSlice(ctx, { organizationId, from: after, before: changedAt })
}

interface Slice {
  readonly organizationId: string
  /** The user whose sessions ended last. */
  readonly from: string
  readonly before: number
}

async function endSlice(ctx: Ctx, { organizationId, from, before }: Slice): Promise<void> {
  const members = await selectObliged(ctx, { organizationId, after: from }, MEMBERS_PER_RUN)
  for (const { id } of members) {
    try {
      await endOtherThanFederated(ctx, { userId: id, organizationId, before })
    } catch (cause) {
      // Left out, so that the others are ended: the organization refuses such a session anyway.
      ctx.log.error('sessions_not_ended', cause, { user_id: id })
    }
  }
  const to = members.length < MEMBERS_PER_RUN ? null : (members.at(-1)?.id ?? null)
  await updateEnding(ctx, { organizationId, from, to })
}

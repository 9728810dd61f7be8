import type { Ctx } from '../../../context.ts'
import { nudgeOwner } from '../../../db/commit.ts'
import { within } from '../../../lib/time.ts'
import { applyToOwnView } from '../../../revocation/freshness.ts'
import { RAISED_EACH } from '../store/mapping.ts'
import { findOrganizationVersion, selectMapped } from '../store.ts'

export { areAll, isAccount, mapping } from '../store/mapping.ts'

const BOUND_MS = 2000

/** Tells objects and this isolate whose mapped roles a write changed. Whether every isolate refuses tokens from before within 5 seconds. */
export async function settleMapped(
  ctx: Ctx,
  of: { organizationId: string; mappingId: string },
): Promise<{ propagated: boolean }> {
  const { organizationId } = of
  const touched = await selectMapped(ctx, { ...of, limit: RAISED_EACH + 1 })
  if (touched.length === 0) return { propagated: true }
  const few = touched.length <= RAISED_EACH
  const owners = few
    ? touched.map(({ userId }) => ({ userId, organizationId: null }))
    : [{ userId: null, organizationId }]
  applyToOwnView(
    ctx,
    few
      ? touched.map(({ userId, claimsVersion }) => ({ kind: 'claims', userId, below: claimsVersion }) as const)
      : [{ kind: 'organization', id: organizationId, below: await findOrganizationVersion(ctx, organizationId) }],
  )
  const answers = await Promise.allSettled(owners.map((owner) => within(BOUND_MS, nudgeOwner(ctx, owner))))
  for (const answer of answers) if (answer.status === 'rejected') ctx.log.error('nudge_failed', answer.reason)
  return { propagated: answers.every((answer) => answer.status === 'fulfilled' && answer.value.propagated) }
}

import type { Ctx } from '../../../context.ts'
import { commitAndPropagate, type Statement, versionEntry } from '../../../db/commit.ts'
import type { EventDraft } from '../../../lib/event.ts'
import { applyToOwnView } from '../../../revocation/freshness.ts'
import { raiseVersion, versionOf } from '../store.ts'

/**
 * Writes a change of what the custom roles of a scope allow. The same batch raises the version of their definitions and writes
 * the event, whose feed entry makes every isolate read them again; this one does so at once. If the last statement changes no
 * row, nothing is raised or written, and `changed` is false.
 */
export async function changeDefinitions(
  ctx: Ctx,
  scope: string,
  statements: readonly [...Statement[], Statement],
  event: EventDraft,
): Promise<{ changed: boolean; propagated: boolean }> {
  const { rows, propagated } = await commitAndPropagate(ctx, [...statements, raiseVersion(ctx, scope)], {
    ...event,
    computedFeedEntry: versionEntry('roles', scope, versionOf(scope)),
  })
  const [raised] = rows
  if (raised) applyToOwnView(ctx, [{ kind: 'roles', id: scope, below: raised.version }])
  return { changed: raised !== undefined, propagated }
}

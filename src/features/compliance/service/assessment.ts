import type { Ctx } from '../../../context.ts'
import { commit } from '../../../db/commit.ts'
import type { EventActor } from '../../../lib/event.ts'
import { isolateSlot } from '../../../lib/isolate.ts'
import { DAY } from '../../../lib/time.ts'
import { assess, controlsOf } from '../rules/assessment.ts'
import type { Control } from '../rules/control.ts'
import { findNewestDay, findNewestHead, hasDay, insertDay } from '../store/results.ts'
import type { ControlStatus, FrameworkId, Result } from '../types.ts'
import { formerRootKeyOf, gatherFacts, type OrganizationData } from './facts.ts'

const SYSTEM: EventActor = { type: 'system', id: 'compliance' }

/** The last day that this isolate has seen assessed: cron asks each minute. */
const assessed = isolateSlot('assessed day', () => ({ day: -1 }))

/** Cron: computes the controls of the day (UTC) if nobody has. Of two runs at once one writes, with `compliance.assessed`. */
export async function assessDay(ctx: Ctx, organizationData: OrganizationData): Promise<void> {
  const day = Math.floor(ctx.now() / DAY)
  const memory = assessed(ctx)
  if (memory.day === day) return
  if (!(await hasDay(ctx, day))) {
    const results = assess(await gatherFacts(ctx, organizationData))
    const idsOf = (status: ControlStatus) => Object.keys(results).filter((id) => results[id]?.status === status)
    const row = {
      day,
      assessedAt: ctx.now(),
      results,
      head: (await findNewestHead(ctx)) ?? null,
      formerRootKey: formerRootKeyOf(ctx),
    }
    await commit(ctx, insertDay(ctx, row), {
      type: 'compliance.assessed',
      subject: 'compliance',
      userId: null,
      actor: SYSTEM,
      data: { day: dateOf(day), failed: idsOf('fail'), not_tested: idsOf('not_tested') },
    })
  }
  memory.day = day
}

/** `2026-01-31`. */
export const dateOf = (day: number): string => new Date(day * DAY).toISOString().slice(0, 'YYYY-MM-DD'.length)

export interface ControlState {
  readonly control: Control
  readonly result: Result
  /** Null before it was assessed. */
  readonly assessedAt: number | null
}

/** The result of a control that no day has: it is younger than that day, or no day was assessed. */
export const unassessed = (control: Control): Result => ({
  status: 'not_tested',
  value: null,
  threshold: control.threshold,
  reason: 'It was not assessed yet',
})

/** Controls as they were found last. */
export async function listControls(
  ctx: Pick<Ctx, 'db'>,
  { framework, status }: { framework?: FrameworkId | undefined; status?: ControlStatus | undefined },
): Promise<ControlState[]> {
  const newest = await findNewestDay(ctx)
  return controlsOf(framework)
    .map((control) => {
      const result = newest?.results[control.id]
      return result && newest
        ? { control, result, assessedAt: newest.assessedAt }
        : { control, result: unassessed(control), assessedAt: null }
    })
    .filter(({ result }) => status === undefined || result.status === status)
}

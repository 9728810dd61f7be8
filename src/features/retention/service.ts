import { type AdminCtx, actorOf, type Ctx } from '../../context.ts'
import { commit } from '../../db/commit.ts'
import { defineError } from '../../lib/errors.ts'
import { DAY } from '../../lib/time.ts'
import { selectDays, upsertDays } from './store.ts'
import { MOST_DAYS, type Retention, type RetentionKind } from './types.ts'

export const retentionOutOfRange = defineError(
  'RETENTION_OUT_OF_RANGE',
  'invalid',
  'This is kept for more days than that, or for fewer',
)

/** The fewest days of each kind: whoever has an admin's session must not shorten the record. */
export const leastDays = ({ EVENT_RETENTION_DAYS }: Ctx['config']): Retention => ({
  record: EVENT_RETENTION_DAYS,
  attempts: 7,
  mails: 7,
  dead_mails: 30,
  // They prove that people were answered, until claims lapse.
  requests: 1095,
  // A report over a year needs its days.
  reports: 400,
})

/** How many days each kind is kept: what an admin has said, never fewer than configuration says. Whatever prunes asks this. */
export async function readRetention(ctx: Pick<Ctx, 'db' | 'config'>): Promise<Retention> {
  const least = leastDays(ctx.config)
  const given = await selectDays(ctx)
  const days = given.map(({ kind, days }) => [kind, Math.max(days, least[kind] ?? 0)] as const)
  return { ...least, ...Object.fromEntries(days) }
}

/** Before which time a kind is over. Throws while the database does not answer: then nothing is pruned. */
export async function keptSince(ctx: Pick<Ctx, 'db' | 'config' | 'now'>, kind: RetentionKind): Promise<number> {
  return ctx.now() - (await readRetention(ctx))[kind] * DAY
}

/** Sets the days of a kind, with `compliance.retention_changed`. Throws RETENTION_OUT_OF_RANGE below the fewest, and above ten years. */
export async function changeRetention(
  ctx: AdminCtx,
  { kind, days }: { kind: RetentionKind; days: number },
): Promise<void> {
  const least = leastDays(ctx.config)[kind]
  if (days < least || days > MOST_DAYS) throw retentionOutOfRange({ kind, minimum: least, maximum: MOST_DAYS })
  const before = (await readRetention(ctx))[kind]
  await commit(ctx, upsertDays(ctx, { kind, days }), {
    type: 'compliance.retention_changed',
    subject: 'compliance',
    userId: null,
    actor: actorOf(ctx),
    data: { kind, before: { days: before }, after: { days } },
  })
}

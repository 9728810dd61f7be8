import { type SQL, sql } from 'drizzle-orm'
import type { BatchItem } from 'drizzle-orm/batch'
import type { Ctx } from '../context.ts'
import { type EventDraft, type FeedEntry, requireDeliverable } from '../lib/event.ts'
import { within } from '../lib/time.ts'
import { events } from './tables.ts'

/** An event that rides in the batch of its change. */
export interface CommittedEvent extends EventDraft {
  /** Computed in the batch: the user's `claims_version`, which the change raised. The row carries it to the feed. */
  readonly claimsVersion?: SQL
  /** JSON that the database computes in the batch, instead of `data`: what only it knows of the change. */
  readonly computedData?: SQL
  /** Handed to the revocation feed when the row is delivered. */
  readonly feedEntry?: Extract<FeedEntry, { kind: 'key' | 'client' }>
}

/** One of a batch. */
export type Statement = BatchItem<'sqlite'>

type Rows<S> = S extends { _: { result: infer R } } ? R : never

/** How long an answer waits for its events to be delivered before it says `propagated: false`. */
const DELIVERY_BOUND_MS = 2000

/**
 * Writes a change and its events in one batch, then nudges whoever delivers them.
 * The events are written only if the statement changed a row. Returns the statement's rows.
 */
export async function commit<S extends Statement>(
  ctx: Ctx,
  statement: S,
  ...drafts: CommittedEvent[]
): Promise<Rows<S>> {
  return commitAll(ctx, [statement], ...drafts)
}

/** As `commit` for several statements. The last decides whether the events are written, so it must depend on the others. */
export async function commitAll<S extends Statement>(
  ctx: Ctx,
  statements: readonly [...Statement[], S],
  ...drafts: CommittedEvent[]
): Promise<Rows<S>> {
  const result = await write(ctx, statements, drafts)
  if (hasChanged(result)) ctx.defer(nudge(ctx, drafts))
  return result as Rows<S>
}

/** As `commitAll`, and waits until the change is delivered: `propagated` says whether the revocation feed has taken it. */
export async function commitAndPropagate<S extends Statement>(
  ctx: Ctx,
  statements: readonly [...Statement[], S],
  ...drafts: CommittedEvent[]
): Promise<{ rows: Rows<S>; propagated: boolean }> {
  const result = await write(ctx, statements, drafts)
  return { rows: result as Rows<S>, propagated: hasChanged(result) ? await nudge(ctx, drafts) : true }
}

/** Writes events of what changed no row, all or none, then nudges whoever delivers them. */
export async function record(ctx: Ctx, ...drafts: EventDraft[]): Promise<void> {
  const [first, ...rest] = drafts
  if (!first) return
  // `changes()` would be that of whatever statement this connection ran before.
  await ctx.db.batch([insertEvent(ctx, first, sql`true`), ...rest.map((draft) => insertEvent(ctx, draft))])
  ctx.defer(nudge(ctx, drafts))
}

/** Returns the result of the last statement of the change. */
async function write(ctx: Ctx, statements: readonly Statement[], drafts: readonly CommittedEvent[]): Promise<unknown> {
  const batch = [...statements, ...drafts.map((draft) => insertEvent(ctx, draft))]
  const [first, ...rest] = batch
  if (!first) return []
  const results: unknown[] = await ctx.db.batch([first, ...rest])
  return results[statements.length - 1]
}

/** Rows of a RETURNING statement, or the count of one without. A change that lost its race must wake no object. */
function hasChanged(result: unknown): boolean {
  return Array.isArray(result) ? result.length > 0 : (result as D1Result).meta.changes > 0
}

/** `changes()` counts the statement just before, so each event is written only when the one before it was. */
function insertEvent(ctx: Ctx, draft: CommittedEvent, condition: SQL = sql`changes() > 0`) {
  requireDeliverable({ type: draft.type, data: draft.data ?? {} })
  const row = sql`select
    null, ${ctx.newId()}, ${draft.type}, ${ctx.now()}, ${draft.subject}, ${draft.userId}, ${draft.actor.type}, ${draft.actor.id},
    ${draft.sessionId ?? null}, ${draft.organizationId ?? null}, ${draft.computedData ?? JSON.stringify(draft.data ?? {})}, ${ctx.ip}, ${ctx.userAgent},
    ${draft.claimsVersion ?? sql`null`}, ${draft.feedEntry ? JSON.stringify(draft.feedEntry) : null}, null
    where ${condition}`
  return ctx.db.insert(events).select(row)
}

/** Tells each log that has new rows. When nobody answers, the rows stay undelivered and cron finds them. */
async function nudge(ctx: Ctx, drafts: readonly CommittedEvent[]): Promise<boolean> {
  const owners = [...new Set(drafts.map((draft) => draft.userId))]
  const answers = await Promise.all(
    owners.map(async (userId) => {
      try {
        const told =
          userId === null
            ? ctx.objects.hub('platform').nudge({ topic: 'platform' })
            : ctx.objects.user(userId).nudge({ userId })
        return (await within(DELIVERY_BOUND_MS, told)).propagated
      } catch (cause) {
        ctx.log.error('nudge_failed', cause)
        return false
      }
    }),
  )
  return answers.every(Boolean)
}

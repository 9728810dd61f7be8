import { type SQL, sql } from 'drizzle-orm'
import type { BatchItem } from 'drizzle-orm/batch'
import type { Ctx } from '../context.ts'
import {
  type EventActor,
  type EventDraft,
  type EventName,
  type EventOwner,
  type FeedEntry,
  ownerOf,
  requireDeliverable,
} from '../lib/event.ts'
import { within } from '../lib/time.ts'
import { events, newSalt } from './tables.ts'

/** An event that is written in the batch of its change. */
export interface CommittedEvent extends EventDraft {
  /** Computed in the batch: the user's `claims_version`, which the change incremented. The event's row carries it to the feed. */
  readonly claimsVersion?: SQL
  /** Replaces `data`: JSON that the database computes in the batch, for values that only it knows. */
  readonly computedData?: SQL
  /** Appended to the revocation feed when the event is delivered. */
  readonly feedEntry?: Extract<FeedEntry, { kind: 'key' | 'client' }>
  /** Replaces `feedEntry`: computed in the batch, for versions that only the database knows. See `versionEntry`. */
  readonly computedFeedEntry?: SQL
}

/** A feed entry with the version that `below` selects: it is evaluated in the batch, after the change that raised it. */
export const versionEntry = (
  kind: Extract<FeedEntry, { below: number; id: string }>['kind'],
  id: string,
  below: SQL,
): SQL => sql`json_object('kind', ${kind}, 'id', ${id}, 'below', ${below})`

/** A statement of a batch. */
export type Statement = BatchItem<'sqlite'>

type Rows<S> = S extends { _: { result: infer R } } ? R : never

/** How long an answer waits for the delivery of its events before it says `propagated: false`. */
const DELIVERY_BOUND_MS = 2000

/**
 * Writes a change and its events in one batch, then nudges the objects that deliver them.
 * The events are written only if the statement changed a row. Returns the statement's rows.
 */
export async function commit<S extends Statement>(
  ctx: Ctx,
  statement: S,
  ...drafts: CommittedEvent[]
): Promise<Rows<S>> {
  return commitAll(ctx, [statement], ...drafts)
}

/** As `commit`, for several statements. The events are written only if the last one changed a row, so it must depend on the others. */
export async function commitAll<S extends Statement>(
  ctx: Ctx,
  statements: readonly [...Statement[], S],
  ...drafts: CommittedEvent[]
): Promise<Rows<S>> {
  const result = await write(ctx, statements, drafts)
  if (hasChanged(result)) ctx.defer(nudge(ctx, drafts))
  return result as Rows<S>
}

/** As `commitAll`, but waits for delivery: `propagated` says whether the revocation feed has accepted the change. */
export async function commitAndPropagate<S extends Statement>(
  ctx: Ctx,
  statements: readonly [...Statement[], S],
  ...drafts: CommittedEvent[]
): Promise<{ rows: Rows<S>; propagated: boolean }> {
  const result = await write(ctx, statements, drafts)
  return { rows: result as Rows<S>, propagated: hasChanged(result) ? await nudge(ctx, drafts) : true }
}

/** Writes events that belong to no change of a row, all or none, then nudges the objects that deliver them. */
export async function record(ctx: Ctx, ...drafts: EventDraft[]): Promise<void> {
  const [first, ...rest] = drafts
  if (!first) return
  // Not `changes()`: it would count an unrelated earlier statement of this connection.
  await ctx.db.batch([insertEvent(ctx, first, sql`true`), ...rest.map((draft) => insertEvent(ctx, draft))])
  ctx.defer(nudge(ctx, drafts))
}

/** As `record`, for one event that is written only if a condition holds then. Says whether it was. */
export async function recordIf(ctx: Ctx, condition: SQL, draft: EventDraft): Promise<boolean> {
  const written = await insertEvent(ctx, draft, condition).returning({ id: events.id })
  if (written.length > 0) ctx.defer(nudge(ctx, [draft]))
  return written.length > 0
}

/** Returns the result of the last statement of the change. */
async function write(ctx: Ctx, statements: readonly Statement[], drafts: readonly CommittedEvent[]): Promise<unknown> {
  const batch = [...statements, ...drafts.map((draft) => insertEvent(ctx, draft))]
  const [first, ...rest] = batch
  if (!first) return []
  const results: unknown[] = await ctx.db.batch([first, ...rest])
  return results[statements.length - 1]
}

/** Whether the statement (with RETURNING or without) changed a row. If not, no event was written and no object is nudged. */
function hasChanged(result: unknown): boolean {
  return Array.isArray(result) ? result.length > 0 : (result as D1Result).meta.changes > 0
}

/** `changes()` is that of the previous statement, so each event is written only if the change or event before it was. */
function insertEvent(ctx: Ctx, draft: CommittedEvent, condition: SQL = sql`changes() > 0`) {
  requireDeliverable({ type: draft.type, data: draft.data ?? {} })
  const row = sql`select
    null, ${ctx.newId()}, ${draft.type}, ${ctx.now()}, ${draft.subject}, ${draft.userId}, ${draft.actor.type}, ${draft.actor.id},
    ${draft.sessionId ?? null}, ${draft.organizationId ?? null}, ${draft.computedData ?? JSON.stringify(draft.data ?? {})}, ${ctx.ip}, ${ctx.userAgent},
    ${draft.claimsVersion ?? sql`null`}, ${draft.computedFeedEntry ?? (draft.feedEntry ? JSON.stringify(draft.feedEntry) : null)}, null,
    ${newSalt}, ${newSalt}
    where ${condition}`
  return ctx.db.insert(events).select(row)
}

/** Events of many rows, which a query selects. */
export interface RowEvents {
  readonly type: EventName
  readonly actor: EventActor
  readonly subject: SQL
  /** Whom they concern; no user when absent. */
  readonly userId?: SQL
  readonly organizationId: SQL
  /** JSON. */
  readonly data: SQL
  /** As of `CommittedEvent`, for each row. */
  readonly claimsVersion?: SQL
  /** As `computedFeedEntry`, for each row. */
  readonly feedEntry?: SQL
  /** `from … where …`: the rows, as they are at this place of the batch. */
  readonly from: SQL
}

/** A UUID v4 for each row. */
export const newRowId = sql`lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-'
  || substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))`

/** A statement for the batch of a change of many rows. Cron delivers the events, unless another one of the batch nudges their log. */
export const insertEventsOf = (ctx: Pick<Ctx, 'db' | 'now' | 'ip' | 'userAgent'>, of: RowEvents) =>
  ctx.db
    .insert(events)
    .select(sql`select null, ${newRowId}, ${of.type}, ${ctx.now()}, ${of.subject}, ${of.userId ?? sql`null`}, ${of.actor.type},
    ${of.actor.id}, null, ${of.organizationId}, ${of.data}, ${ctx.ip}, ${ctx.userAgent}, ${of.claimsVersion ?? sql`null`},
    ${of.feedEntry ?? sql`null`}, null, ${newSalt}, ${newSalt} ${of.from}`)

/** Makes the objects read their undelivered events. If one does not answer, a cron job repeats the nudge. */
async function nudge(ctx: Ctx, drafts: readonly CommittedEvent[]): Promise<boolean> {
  const owners = [...new Map(drafts.map(ownerOf).map((owner) => [JSON.stringify(owner), owner])).values()]
  const answers = await Promise.all(
    owners.map(async (owner) => {
      try {
        return (await within(DELIVERY_BOUND_MS, nudgeOwner(ctx, owner))).propagated
      } catch (cause) {
        ctx.log.error('nudge_failed', cause)
        return false
      }
    }),
  )
  return answers.every(Boolean)
}

/** Makes the object that has the owner's log read its undelivered events. `propagated`: the feed has accepted their entries. */
export function nudgeOwner(
  { objects }: Pick<Ctx, 'objects'>,
  { userId, organizationId }: EventOwner,
): Promise<{ propagated: boolean }> {
  if (userId !== null) return objects.user(userId).nudge({ userId })
  if (organizationId === null) return objects.hub('platform').nudge({ topic: 'platform' })
  return objects.hub(`organization:${organizationId}`).nudgeOrganization({ organizationId })
}

import { and, asc, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm'
import * as z from 'zod'
import type { EventOwner, FeedEntry, RecordedEvent } from '../lib/event.ts'
import type { Db } from './client.ts'
import { deadLetters, events } from './tables.ts'

// The objects' access to the event record: events that are not in their logs yet, and dead letters.

export type EventRow = typeof events.$inferSelect

const IDS_PER_UPDATE = 90

/** An event of the record that is not in a log yet, with its entries for the feed. */
export interface UndeliveredEvent {
  readonly event: RecordedEvent
  /** The user's `claims_version` after the change, if the change incremented it. */
  readonly claimsVersion: number | null
  readonly feedEntry: FeedEntry | null
}

export const ActorType = z.enum(['user', 'client', 'system'])

/** The feed entry of a change in D1, as `db/commit.ts` writes it. */
const FeedEntryJson = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('key'), id: z.string() }),
  z.object({ kind: z.literal('client'), id: z.string() }),
  z.object({ kind: z.literal('organization'), id: z.string(), below: z.int() }),
  z.object({ kind: z.literal('roles'), id: z.string(), below: z.int() }),
])

const toFeedEntry = (json: string | null): FeedEntry | null =>
  json === null ? null : FeedEntryJson.parse(JSON.parse(json))

export function toRecorded(row: EventRow): RecordedEvent {
  const { id, type, time, subject, userId, actorType, actorId, sessionId, organizationId, data, ip, userAgent } = row
  const actor = { type: ActorType.parse(actorType), id: actorId }
  return { id, type, time, subject, userId, actor, sessionId, organizationId, data, ip, userAgent }
}

function ownedBy({ userId, organizationId }: EventOwner): SQL | undefined {
  if (userId !== null) return eq(events.userId, userId)
  const isOfHub = organizationId === null ? isNull(events.organizationId) : eq(events.organizationId, organizationId)
  return and(isNull(events.userId), isOfHub)
}

const selectUndelivered = (db: Db, owner: EventOwner, limit: number): Promise<EventRow[]> =>
  db
    .select()
    .from(events)
    .where(and(ownedBy(owner), isNull(events.deliveredAt)))
    .orderBy(asc(events.position))
    .limit(limit)

function toUndelivered(row: EventRow): UndeliveredEvent {
  const feedEntry = toFeedEntry(row.feedEntry)
  const raised = feedEntry?.kind === 'organization' ? { organizationVersion: feedEntry.below } : {}
  return { event: { ...toRecorded(row), ...raised }, claimsVersion: row.claimsVersion, feedEntry }
}

/** Events that are not in their owner's log yet, in commit order. */
export const readUndelivered = async (db: Db, owner: EventOwner, limit: number): Promise<readonly UndeliveredEvent[]> =>
  (await selectUndelivered(db, owner, limit)).map(toUndelivered)

/** Call it only after the log has stored the events: a crash in between delivers them again, with the same ids. */
export async function markDelivered(db: Db, ids: readonly string[], now: number): Promise<void> {
  for (let start = 0; start < ids.length; start += IDS_PER_UPDATE) {
    const some = ids.slice(start, start + IDS_PER_UPDATE)
    await db
      .update(events)
      .set({ deliveredAt: now })
      .where(and(inArray(events.id, some), isNull(events.deliveredAt)))
  }
}

type DeadLetterRow = typeof deadLetters.$inferSelect

/** Inserts nothing for a user who was erased meanwhile. */
const insertDeadLetter = (db: Db, row: DeadLetterRow) =>
  db.insert(deadLetters).select(
    sql`select ${row.id}, ${row.userId}, ${row.destination}, ${row.payload}, ${row.attempts}, ${row.createdAt}
      where ${row.userId} is null or exists (select 1 from users where id = ${row.userId})`,
  )

/** Stores the dead letters of an object's outbox: of a user's object, or (null) of a hub. Payloads are JSON. */
export async function keepDeadLetters(
  { db, now, newId }: { readonly db: Db; now(): number; newId(): string },
  userId: string | null,
  letters: readonly { readonly destination: string; readonly payload: string; readonly attempts: number }[],
): Promise<void> {
  const [first, ...rest] = letters.map((letter) =>
    insertDeadLetter(db, { ...letter, id: newId(), userId, createdAt: now() }),
  )
  if (first) await db.batch([first, ...rest])
}

import { and, asc, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm'
import * as z from 'zod'
import type { FeedEntry, RecordedEvent } from '../lib/event.ts'
import type { Db } from './client.ts'
import { deadLetters, events } from './tables.ts'

// What objects ask of the record: rows that their logs have not taken, and a place for what nobody takes.

export type EventRow = typeof events.$inferSelect

const IDS_PER_UPDATE = 90

/** A row of the record that no log has taken yet, with what its delivery carries. */
export interface UndeliveredEvent {
  readonly event: RecordedEvent
  /** The user's `claims_version` after the change, when the change raised it. */
  readonly claimsVersion: number | null
  readonly feedEntry: FeedEntry | null
}

export const ActorType = z.enum(['user', 'client', 'system'])

/** What a change in D1 hands to the feed; `db/commit.ts` writes it. */
const FeedEntryJson = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('key'), id: z.string() }),
  z.object({ kind: z.literal('client'), id: z.string() }),
])

const toFeedEntry = (json: string | null): FeedEntry | null =>
  json === null ? null : FeedEntryJson.parse(JSON.parse(json))

/** A row of the record as an event. */
export function toRecorded(row: EventRow): RecordedEvent {
  const { id, type, time, subject, userId, actorType, actorId, sessionId, organizationId, data, ip, userAgent } = row
  const actor = { type: ActorType.parse(actorType), id: actorId }
  return { id, type, time, subject, userId, actor, sessionId, organizationId, data, ip, userAgent }
}

const ownedBy = (owner: string | null): SQL => (owner === null ? isNull(events.userId) : eq(events.userId, owner))

const selectUndelivered = (db: Db, owner: string | null, limit: number): Promise<EventRow[]> =>
  db
    .select()
    .from(events)
    .where(and(ownedBy(owner), isNull(events.deliveredAt)))
    .orderBy(asc(events.position))
    .limit(limit)

/** Rows that `owner`'s log (null: the `platform` hub's) has not taken yet, in the order of their commits. */
export async function readUndelivered(
  db: Db,
  owner: string | null,
  limit: number,
): Promise<readonly UndeliveredEvent[]> {
  const rows = await selectUndelivered(db, owner, limit)
  return rows.map((row) => ({
    event: toRecorded(row),
    claimsVersion: row.claimsVersion,
    feedEntry: toFeedEntry(row.feedEntry),
  }))
}

/** Says that a log holds the rows. Only after it does: a crash in between delivers them again under the same ids. */
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

/** Of a user who was erased meanwhile nothing is kept. */
const insertDeadLetter = (db: Db, row: DeadLetterRow) =>
  db.insert(deadLetters).select(
    sql`select ${row.id}, ${row.userId}, ${row.destination}, ${row.payload}, ${row.attempts}, ${row.createdAt}
      where ${row.userId} is null or exists (select 1 from users where id = ${row.userId})`,
  )

/** Keeps what an object's outbox sets aside: of a user's object, or (null) of the `platform` hub. Payloads are JSON. */
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

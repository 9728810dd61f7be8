import { and, desc, eq, getTableColumns, gt, gte, inArray, isNotNull, isNull, lt, lte, ne, or, sql } from 'drizzle-orm'
import type { Ctx } from '../../context.ts'
import type { EventRow } from '../../db/delivery.ts'
import { listPage } from '../../db/list.ts'
import { countPrunable, prune } from '../../db/prune.ts'
import { auditBlocks, counts, deadLetters, events } from '../../db/tables.ts'
import { deletedRows, HIDDEN, type Piece, shownRows, type UserData, withheld } from '../../db/user-data.ts'
import type { EventOwner, RecordedEvent } from '../../lib/event.ts'
import { NAMING_ADDRESSES } from './types.ts'

/** D1 allows 100 bound parameters for each statement; a row has 13. */
const ROWS_PER_INSERT = 7

/** `data` is about the row's user: what it says goes, that it happened stays. */
const DATA_CLEARED = { data: {}, dataSalt: null }
/** Address and user agent are those of whoever acted. */
const ORIGIN_CLEARED = { ip: null, userAgent: null, originSalt: null }
const hasData = or(ne(sql`${events.data}`, sql`'{}'`), isNotNull(events.dataSalt))
const hasOrigin = or(isNotNull(events.ip), isNotNull(events.userAgent), isNotNull(events.originSalt))

/** A user's own row, whose actor is nobody else. */
const isByOwner = or(ne(events.actorType, 'user'), eq(events.actorId, events.userId))
/** As the index `events_by_actor` says it. */
const isByOther = sql`${events.actorId} is not ${events.userId}`

/** The parts of a person in the record: of which rows, and what is cleared there. */
const PARTS = [
  { of: (id: string) => eq(events.userId, id), where: hasData, cleared: DATA_CLEARED },
  { of: (id: string) => eq(events.userId, id), where: and(hasOrigin, isByOwner), cleared: ORIGIN_CLEARED },
  {
    of: (id: string) => and(eq(events.actorId, id), isByOther),
    where: and(hasOrigin, eq(events.actorType, 'user')),
    cleared: ORIGIN_CLEARED,
  },
] as const

type Part = (typeof PARTS)[number]

const ROWS_PER_CLEARING = 500
const CLEARINGS_PER_RUN = 40

/** Clears at most 500 rows of a user after a position; returns the last one's position, or null when there are no more. */
async function clearSome(
  { db }: Pick<Ctx, 'db'>,
  { of, where, cleared }: Part,
  userId: string,
  after: number,
): Promise<number | null> {
  const some = db
    .select({ position: events.position })
    .from(events)
    .where(and(of(userId), gt(events.position, after), where))
    .orderBy(events.position)
    .limit(ROWS_PER_CLEARING)
  const rows = await db
    .update(events)
    .set(cleared)
    .where(inArray(events.position, some))
    .returning({ position: events.position })
  return rows.length < ROWS_PER_CLEARING ? null : Math.max(...rows.map(({ position }) => position))
}

const IS_AUDIT = 'the record keeps who did what to whom, and when, without anything else about the person'

const eventData: UserData = {
  table: events,
  erases: Object.keys({ ...DATA_CLEARED, ...ORIGIN_CLEARED }),
  keeps: { userId: IS_AUDIT, subject: IS_AUDIT, actorId: IS_AUDIT },
  statements: ({ db, now }, { id, email }, isDue) => [
    db
      .update(events)
      .set(DATA_CLEARED)
      .where(and(inArray(events.type, NAMING_ADDRESSES), sql`${events.data} ->> '$.email' = ${email}`, isDue)),
    ...PARTS.map(({ of, where, cleared }) =>
      db
        .update(events)
        .set(cleared)
        .where(and(of(id), where, isDue)),
    ),
    db
      .update(events)
      .set({ deliveredAt: now() })
      .where(and(eq(events.userId, id), isNull(events.deliveredAt), isDue)),
  ],
  prepare: async (ctx, userId) => {
    let run = 0
    for (const part of PARTS) {
      for (let after: number | null = 0; after !== null; run += 1) {
        if (run >= CLEARINGS_PER_RUN) return false
        after = await clearSome(ctx, part, userId, after)
      }
    }
    return true
  },
  ...shownRows(events, {
    part: 'record',
    by: { userId: 'id' },
    shows: [
      'id',
      'type',
      'time',
      'subject',
      'actorType',
      'actorId',
      'sessionId',
      'organizationId',
      'data',
      'ip',
      'userAgent',
    ],
    see: (piece, { id }) => (piece.actor_type === 'user' && piece.actor_id === id ? piece : withoutOrigin(piece)),
    hides: {
      [HIDDEN.internal]: ['position', 'userId', 'claimsVersion', 'feedEntry', 'deliveredAt', 'dataSalt', 'originSalt'],
    },
  }),
}

/** Address and user agent are those of whoever acted, and which admin that was is not said. */
const withoutOrigin = (piece: Piece): Piece => ({
  ...piece,
  ip: null,
  user_agent: null,
  ...(piece.actor_type === 'user' && { actor_id: 'an admin' }),
})

/** What the person did to others: `data` is about those. */
const actionData: UserData = {
  table: events,
  erases: [],
  statements: () => [],
  ...shownRows(events, {
    part: 'record',
    name: 'what_you_did',
    by: { actorId: ({ id }) => sql`(actor_id = ${id} and actor_id is not user_id and actor_type = 'user')` },
    shows: ['id', 'type', 'time', 'subject', 'sessionId', 'organizationId', 'ip', 'userAgent'],
  }),
}

export const userData: readonly UserData[] = [
  {
    ...deletedRows(deadLetters, { userId: 'id' }),
    ...withheld('events on their way to the record, or to an endpoint that refused them'),
  },
  {
    ...deletedRows(counts, { name: ({ id }) => eq(counts.name, `sessions.open:${id}`) }),
    ...withheld('the number of the open sessions, which the export lists'),
  },
  eventData,
  actionData,
]

/** Newest first. */
export const selectOfUser = (
  { db }: Pick<Ctx, 'db'>,
  userId: string,
  { types, since, limit }: { types: readonly string[]; since: number; limit: number },
): Promise<EventRow[]> =>
  db
    .select()
    .from(events)
    .where(and(eq(events.userId, userId), inArray(events.type, [...types]), gte(events.time, since)))
    .orderBy(desc(events.position))
    .limit(limit)

/** The owners of events that are undelivered since before `before`. In random order, so that none starves. */
export function selectOwnersOfUndelivered(
  { db }: Pick<Ctx, 'db'>,
  before: number,
  limit: number,
): Promise<EventOwner[]> {
  const organizationId = sql<string | null>`case when ${events.userId} is null then ${events.organizationId} end`
  return db
    .select({ userId: events.userId, organizationId })
    .from(events)
    .where(and(isNull(events.deliveredAt), lt(events.time, before)))
    .groupBy(events.userId, organizationId)
    .orderBy(sql`random()`)
    .limit(limit)
}

/** Inserts events that an object has already delivered. Ignores events that are there. */
export async function insertDelivered(
  { db }: Pick<Ctx, 'db'>,
  recorded: readonly RecordedEvent[],
  now: number,
): Promise<void> {
  const rows = recorded.map(({ actor, ...event }) => ({
    ...event,
    actorType: actor.type,
    actorId: actor.id,
    deliveredAt: now,
  }))
  const statements = []
  for (let start = 0; start < rows.length; start += ROWS_PER_INSERT) {
    const some = rows.slice(start, start + ROWS_PER_INSERT)
    statements.push(db.insert(events).values(some).onConflictDoNothing({ target: events.id }))
  }
  const [first, ...rest] = statements
  if (first) await db.batch([first, ...rest])
}

/**
 * Up to where the record may be pruned: the last block that is older than its newest head says, so that whoever verifies knows a
 * pruned record from a deleted one. Records from before the chain go by their time, as all do before there is a block.
 */
const prunableUpTo = sql`coalesce(
  (select ${auditBlocks.lastPosition} from ${auditBlocks}
   where ${auditBlocks.time} < (select ${auditBlocks.head} ->> '$.pruned_before' from ${auditBlocks} order by ${auditBlocks.number} desc limit 1)
   order by ${auditBlocks.time} desc limit 1),
  (select ${auditBlocks.lastPosition} from ${auditBlocks} where ${auditBlocks.number} = 0),
  ${Number.MAX_SAFE_INTEGER})`

const oldEvents = (before: number) => ({
  table: events,
  key: events.position,
  where: and(lt(events.time, before), isNotNull(events.deliveredAt), lte(events.position, prunableUpTo)),
  of: { users: [events.userId, events.actorId], organizations: [events.organizationId] },
  order: events.time,
})

/** Deletes delivered events from before `before`. */
export const deleteOldEvents = (store: Pick<Ctx, 'db'>, before: number, runs: number): Promise<void> =>
  prune(store, oldEvents(before), { runs })

type Store = Pick<Ctx, 'db'>

const { payload: _content, ...columns } = getTableColumns(deadLetters)

/** Those of the whole deployment, newest first, without their content. */
export const selectDeadLetters = (store: Store, range: { limit: number; offset: number }) =>
  listPage(store, { table: deadLetters, columns, order: [desc(deadLetters.createdAt), deadLetters.id] }, range)

const oldDeadLetters = (before: number) => ({
  table: deadLetters,
  key: deadLetters.id,
  where: lt(deadLetters.createdAt, before),
  of: { users: [deadLetters.userId] },
  order: deadLetters.createdAt,
})

export const deleteOldDeadLetters = (store: Store, before: number): Promise<void> =>
  prune(store, oldDeadLetters(before))

/** Events and dead letters from before `before`. */
export const countOldEvents = (store: Store, before: number): Promise<number> =>
  countPrunable(store, [oldEvents(before), oldDeadLetters(before)])

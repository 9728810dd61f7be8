import { and, eq, gte, inArray, isNotNull, lte, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import type { Ctx } from '../../../context.ts'
import { auditBlocks, counts, events } from '../../../db/tables.ts'
import type { EventName } from '../../../lib/event.ts'
import { memberships } from '../../memberships/tables.ts'
import { users } from '../../users/tables.ts'
import type { Place, RecordFilter, RecordRow, View } from '../types.ts'

type Store = Pick<Ctx, 'db'>

/** What one page may read to find its rows. */
const ROWS_PER_PAGE = 20_000
const MATCHES_COUNTED = 10_000
const ROWS_COUNTED = 100_000
/** D1 joins no more selects than five. */
const WALKS_AT_ONCE = 3

/** How rows are found: by walks along indexes, which are all in one order, and what else must hold of a row. */
interface Source {
  readonly walks: readonly (SQL | undefined)[]
  readonly isByTime: boolean
  readonly rest: SQL | undefined
}

/** No index: the plus keeps SQLite from using another one than that of the walk. */
const plain = (column: SQLiteColumn): SQL => sql`+${column}`

const isIn = (column: SQLiteColumn, values: readonly string[]): SQL =>
  sql`${plain(column)} in (select value from json_each(${JSON.stringify(values)}))`

/** Holds for the people whose address the organization's admins may see. */
const isOfMember = (organizationId: string, userId: SQLiteColumn): SQL =>
  sql`exists (select 1 from ${memberships} where ${memberships.userId} = ${userId}
    and +${memberships.organizationId} = ${organizationId} and ${memberships.takenUpAt} is not null)`

function seesOrigin(view: View): SQL | undefined {
  if (view.of === 'platform') return undefined
  const isByUser = eq(events.actorType, 'user')
  if (view.of === 'user') return and(isByUser, sql`${plain(events.actorId)} = ${view.userId}`)
  return and(isByUser, isOfMember(view.organizationId, events.actorId))
}

const byOrAbout = (userId: string) => [
  eq(events.userId, userId),
  and(eq(events.actorId, userId), sql`${events.actorId} is not ${events.userId}`),
]

/** The walk: the narrowest index first. A user's rows are few, and a type may have most of the record. */
function walksOf(view: View, filter: RecordFilter): Pick<Source, 'walks' | 'isByTime'> {
  const { person, userIds, actorId, organizationId, types, since, until } = filter
  const [userId, ...others] = userIds ?? []
  const ranged = (walk?: SQL) =>
    and(
      walk,
      since === undefined ? undefined : gte(events.time, since),
      until === undefined ? undefined : lte(events.time, until),
    )
  if (view.of === 'user') return { walks: byOrAbout(view.userId), isByTime: false }
  if (view.of === 'organization') {
    return { walks: [ranged(eq(events.organizationId, view.organizationId))], isByTime: true }
  }
  if (person !== undefined) return { walks: byOrAbout(person), isByTime: false }
  if (userId !== undefined && others.length === 0) return { walks: [eq(events.userId, userId)], isByTime: false }
  if (organizationId !== undefined)
    return { walks: [ranged(eq(events.organizationId, organizationId))], isByTime: true }
  if (actorId !== undefined) return { walks: byOrAbout(actorId), isByTime: false }
  if (since !== undefined || until !== undefined) return { walks: [ranged()], isByTime: true }
  if (types !== undefined && types.length > 0 && types.length <= WALKS_AT_ONCE)
    return { walks: types.map((type) => eq(events.type, type)), isByTime: false }
  return { walks: [undefined], isByTime: false }
}

function sourceOf(view: View, filter: RecordFilter): Source {
  const { person, userIds, actorId, organizationId, types, subject, ip, since, until } = filter
  const equals = (column: SQLiteColumn, value: string | undefined) =>
    value === undefined ? undefined : sql`${plain(column)} = ${value}`
  const rest = and(
    person === undefined
      ? undefined
      : sql`(${plain(events.userId)} = ${person} or ${plain(events.actorId)} = ${person})`,
    userIds && isIn(events.userId, userIds),
    equals(events.actorId, actorId),
    equals(events.organizationId, organizationId),
    types && isIn(events.type, types),
    equals(events.subject, subject),
    ip === undefined ? undefined : and(eq(events.ip, ip), seesOrigin(view)),
    since === undefined ? undefined : sql`${plain(events.time)} >= ${since}`,
    until === undefined ? undefined : sql`${plain(events.time)} <= ${until}`,
  )
  return { ...walksOf(view, filter), rest: isWhole(view, filter) ? undefined : rest }
}

/** Whether the walk alone is what is asked for. */
function isWhole(view: View, filter: RecordFilter): boolean {
  const asked = Object.values(filter).filter((value) => value !== undefined)
  if (asked.length === 0) return true
  if (view.of !== 'platform') return false
  const { person, userIds, organizationId, types, since, until } = filter
  const isRange = asked.length === [since, until].filter((value) => value !== undefined).length
  const isOne = asked.length === 1 && (person ?? organizationId) !== undefined
  const isUser = asked.length === 1 && userIds?.length === 1
  const isTypes = asked.length === 1 && types !== undefined && types.length > 0 && types.length <= WALKS_AT_ONCE
  return isRange || isOne || isUser || isTypes
}

function isBelow({ isByTime }: Source, below: Place | null): SQL | undefined {
  if (below === null) return undefined
  const { position, time } = below
  if (!isByTime) return sql`${events.position} < ${position}`
  return sql`${events.time} <= ${time} and (${events.time} < ${time} or ${events.position} < ${position})`
}

/** At this place or newer. */
function isFrom({ isByTime }: Source, from: Place | undefined): SQL | undefined {
  if (from === undefined) return undefined
  const { position, time } = from
  if (!isByTime) return sql`${events.position} >= ${position}`
  return sql`${events.time} >= ${time} and (${events.time} > ${time} or ${events.position} >= ${position})`
}

const blockOf = sql`(select ${auditBlocks.number} from ${auditBlocks} where ${auditBlocks.lastPosition} >= ${events.position}
  order by ${auditBlocks.lastPosition}, ${auditBlocks.number} limit 1)`

const ROW = sql`${events.position} as position, ${events.time} as time, ${events.id} as id, ${events.type} as type, ${events.subject} as subject,
  ${events.userId} as userId, ${events.actorType} as actorType, ${events.actorId} as actorId, ${events.sessionId} as sessionId,
  ${events.organizationId} as organizationId, ${events.data} as data, ${events.dataSalt} as dataSalt, ${events.ip} as ip,
  ${events.userAgent} as userAgent, ${events.originSalt} as originSalt, ${blockOf} as block`
const PLACE = sql`${events.position} as position, ${events.time} as time`

interface Slice {
  readonly columns: SQL
  readonly where: SQL | undefined
  readonly limit: number
  readonly offset?: number
}

/** One select for each walk, merged in their order, newest first. */
function select<T>({ db }: Store, source: Source, { columns, where, limit, offset = 0 }: Slice): Promise<T[]> {
  const selects = source.walks.map(
    (walk) => sql`select ${columns} from ${events} where ${and(walk, where) ?? sql`true`}`,
  )
  const order = source.isByTime ? sql`time desc, position desc` : sql`position desc`
  return db.all<T>(sql`${sql.join(selects, sql` union all `)} order by ${order} limit ${limit} offset ${offset}`)
}

export interface Slot {
  readonly view: View
  readonly filter: RecordFilter
}

interface PageRange {
  /** The page begins after it. */
  readonly below: Place | null
  /** The last place that may be on it, if it is known; else the page reads 20,000 rows at most. */
  readonly upTo?: Place | null
  readonly limit: number
  /** Reads what it skips: callers bound it. */
  readonly offset?: number
}

/** Where a walk would have read so many rows, if there are as many. */
const findFloor = async (store: Store, source: Source, below: Place | null, rows: number): Promise<Place | undefined> =>
  (await select<Place>(store, source, { columns: PLACE, where: isBelow(source, below), limit: 1, offset: rows - 1 }))[0]

/**
 * The rows below a place, newest first, at most `limit`. `end`: where the page stopped before that; there may be more below it.
 */
export async function selectRecords(
  store: Store,
  { view, filter }: Slot,
  { below, upTo, limit, offset = 0 }: PageRange,
): Promise<{ rows: RecordRow[]; end: Place | null }> {
  const source = sourceOf(view, filter)
  const isOpen = upTo === undefined && source.rest !== undefined
  const floor = isOpen ? await findFloor(store, source, below, ROWS_PER_PAGE) : (upTo ?? undefined)
  const where = and(isBelow(source, below), isFrom(source, floor), source.rest)
  const rows = await select<RecordRow>(store, source, { columns: ROW, where, limit, offset })
  return { rows, end: rows.length < limit ? (floor ?? null) : null }
}

/** As `selectRecords` without a filter, found by subtracting from the newest position (decision 0173). */
export async function findPlaceOfOffset({ db }: Store, offset: number): Promise<Place> {
  const [row] = await db.all<{ position: number | null }>(
    sql`select max(${events.position}) as position from ${events}`,
  )
  return { position: (row?.position ?? 0) - offset + 1, time: 0 }
}

/** How many rows match: counting stops at 10,000 of them, or after 100,000 rows. */
export async function countRecords({ db }: Store, { view, filter }: Slot): Promise<number> {
  const { walks, rest } = sourceOf(view, filter)
  const selects = walks.map((walk) => sql`select * from ${events} where ${walk ?? sql`true`}`)
  const walked = sql`(${sql.join(selects, sql` union all `)} limit ${rest ? ROWS_COUNTED : MATCHES_COUNTED}) as ${events}`
  const [row] = await db.all<{ total: number }>(
    sql`select count(*) as total from (select 1 from ${walked} where ${rest ?? sql`true`} limit ${MATCHES_COUNTED})`,
  )
  return row?.total ?? 0
}

/** Where the first so many matches end, or the first so many rows: whichever comes first. Null when all are within both. */
export async function findEnd(
  store: Store,
  { view, filter }: Slot,
  { below, matches, rows }: { below: Place | null; matches: number; rows: number },
): Promise<Place | null> {
  const source = sourceOf(view, filter)
  const floor = source.rest && (await findFloor(store, source, below, rows))
  const where = and(isBelow(source, below), isFrom(source, floor), source.rest)
  const [last] = await select<Place>(store, source, { columns: PLACE, where, limit: 1, offset: matches - 1 })
  return last ?? floor ?? null
}

/** Holds while somebody has exported the record less often than `limit` times since a time. */
export const hasExportedLess = (actorId: string, { since, limit }: { since: number; limit: number }): SQL =>
  sql`(select count(*) from ${events} as exported where exported.type = ${'audit.exported' satisfies EventName}
    and exported.actor_id = ${actorId} and exported.time > ${since}) < ${limit}`

export async function findRecord({ db }: Store, id: string): Promise<RecordRow | undefined> {
  return (await db.all<RecordRow>(sql`select ${ROW} from ${events} where ${events.id} = ${id}`))[0]
}

/** Rows of the whole record in the order of commits. */
export const selectByPosition = (
  { db }: Store,
  { after, upTo, limit }: { after: number; upTo: number; limit: number },
): Promise<RecordRow[]> =>
  db.all<RecordRow>(
    sql`select ${ROW} from ${events} where ${events.position} > ${after} and ${events.position} <= ${upTo} order by ${events.position} limit ${limit}`,
  )

/** The address of each user that exists, by id. */
export async function selectEmails({ db }: Store, userIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await db
    .select({ id: users.id, email: users.email })
    .from(users)
    // All ids in one parameter: D1 allows a hundred.
    .where(sql`${users.id} in (select value from json_each(${JSON.stringify(userIds)}))`)
  return new Map(rows.map(({ id, email }) => [id, email]))
}

/**
 * Those of these users who have or had taken up membership, and their addresses. The address of today is null for whoever has left
 * the organization or deleted the account: they no longer show it there.
 */
export async function selectMembers(
  { db }: Store,
  organizationId: string,
  userIds: readonly string[],
): Promise<Map<string, string | null>> {
  const isThere = sql`${memberships.removedAt} is null and ${users.status} <> 'deleted'`
  const rows = await db
    .select({ id: memberships.userId, email: sql<string | null>`max(case when ${isThere} then ${users.email} end)` })
    .from(memberships)
    .leftJoin(users, eq(users.id, memberships.userId))
    .where(
      and(
        inArray(memberships.userId, sql`(select value from json_each(${JSON.stringify(userIds)}))`),
        sql`+${memberships.organizationId} = ${organizationId}`,
        isNotNull(memberships.takenUpAt),
      ),
    )
    .groupBy(memberships.userId)
  return new Map(rows.map(({ id, email }) => [id, email]))
}

/** How many events there are of each type. */
export async function selectTypeCounts({ db }: Store): Promise<{ type: string; count: number }[]> {
  const rows = await db
    .select({ name: counts.name, count: counts.value })
    .from(counts)
    .where(sql`${counts.name} >= 'events:' and ${counts.name} < 'events;' and ${counts.value} > 0`)
  return rows.map(({ name, count }) => ({ type: name.slice('events:'.length), count }))
}

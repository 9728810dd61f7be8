import { and, desc, eq, lt, lte, max, or, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { events } from '../../../db/tables.ts'
import { users } from '../../users/tables.ts'

type Store = Pick<Ctx, 'db'>
export type ActivityRow = typeof events.$inferSelect

/**
 * The newest rows but `offset`. Positions follow each other but where the record was pruned or a repeat used one up, so
 * the page is found by arithmetic: after a gap it may repeat rows of the page before, and misses none.
 */
export async function selectNewest({ db }: Store, page: { offset: number; limit: number }): Promise<ActivityRow[]> {
  const newest = db.select({ position: max(events.position) }).from(events)
  return db
    .select()
    .from(events)
    .where(lte(events.position, sql`(${newest}) - ${page.offset}`))
    .orderBy(desc(events.position))
    .limit(page.limit)
}

/** A row of the record, as the list knows its place. */
export type Place = Pick<ActivityRow, 'position' | 'time'>

export interface ActivityFilter {
  readonly userId?: string | undefined
  readonly type?: string | undefined
  /** Epoch milliseconds, both included. */
  readonly since?: number | undefined
  readonly until?: number | undefined
}

/** A time that was asked for is found by its index, and read in its order; a user's rows are few. */
const isByTime = ({ userId, since, until }: ActivityFilter): boolean =>
  userId === undefined && (since !== undefined || until !== undefined)

/** The narrower index finds the rows: a user has few, a time is a range, a type may have most of the record. */
function conditionOf(filter: ActivityFilter): SQL | undefined {
  const { userId, type, since, until } = filter
  const byTime = isByTime(filter)
  const time = byTime ? sql`${events.time}` : sql`+${events.time}`
  const byType = userId === undefined && !byTime
  return and(
    userId === undefined ? undefined : eq(events.userId, userId),
    type === undefined ? undefined : byType ? eq(events.type, type) : sql`+${events.type} = ${type}`,
    since === undefined ? undefined : sql`${time} >= ${since}`,
    until === undefined ? undefined : sql`${time} <= ${until}`,
  )
}

function belowOf(filter: ActivityFilter, { position, time }: Place): SQL | undefined {
  const below = lt(events.position, position)
  return isByTime(filter) ? and(lte(events.time, time), or(lt(events.time, time), below)) : below
}

/** A page of what the filter lets through, newest first, below a place if one is given; `offset` is bounded by the caller. */
export const selectFiltered = (
  { db }: Store,
  { below, offset, limit, ...filter }: ActivityFilter & { below: Place | null; offset: number; limit: number },
): Promise<ActivityRow[]> =>
  db
    .select()
    .from(events)
    .where(and(conditionOf(filter), below === null ? undefined : belowOf(filter, below)))
    .orderBy(...(isByTime(filter) ? [desc(events.time)] : []), desc(events.position))
    .limit(limit)
    .offset(offset)

export async function findPlace({ db }: Store, eventId: string): Promise<Place | undefined> {
  const [row] = await db
    .select({ position: events.position, time: events.time })
    .from(events)
    .where(eq(events.id, eventId))
    .limit(1)
  return row
}

/** Addresses by id, of those who have an account. */
export async function selectEmails({ db }: Store, userIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await db
    .select({ id: users.id, email: users.email })
    .from(users)
    // One parameter: D1 takes a hundred.
    .where(sql`${users.id} in (select value from json_each(${JSON.stringify(userIds)}))`)
  return new Map(rows.map(({ id, email }) => [id, email]))
}

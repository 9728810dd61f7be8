import { and, desc, eq, lt, lte, max, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { events } from '../../events/tables.ts'
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

/** The newest rows below `position`. */
export const selectNewestBelow = (
  { db }: Store,
  position: number,
  { limit, ...filter }: ActivityFilter & { limit: number },
): Promise<ActivityRow[]> =>
  db
    .select()
    .from(events)
    .where(and(lt(events.position, position), conditionOf(filter)))
    .orderBy(desc(events.position))
    .limit(limit)

export interface ActivityFilter {
  readonly userId?: string | undefined
  readonly type?: string | undefined
}

/** The narrower index finds the rows: a user has few, a type may have most of the record. */
const conditionOf = ({ userId, type }: ActivityFilter): SQL | undefined => {
  if (userId === undefined) return type === undefined ? undefined : eq(events.type, type)
  return and(eq(events.userId, userId), type === undefined ? undefined : sql`+${events.type} = ${type}`)
}

/** A page of what the filter lets through; `offset` is bounded by the caller. */
export const selectFiltered = (
  { db }: Store,
  { offset, limit, ...filter }: ActivityFilter & { offset: number; limit: number },
): Promise<ActivityRow[]> =>
  db.select().from(events).where(conditionOf(filter)).orderBy(desc(events.position)).limit(limit).offset(offset)

export async function findPosition({ db }: Store, eventId: string): Promise<number | undefined> {
  const [row] = await db.select({ position: events.position }).from(events).where(eq(events.id, eventId)).limit(1)
  return row?.position
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

import { and, desc, eq, gte, inArray, isNotNull, isNull, lt, lte, max, ne, or, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import type { Ctx } from '../../context.ts'
import { counts, events } from '../../db/tables.ts'
import { identities } from '../factors/identities/tables.ts'
import { passkeys } from '../factors/passkeys/tables.ts'
import { totpFactors } from '../factors/totp/tables.ts'
import { signingKeys } from '../keys/tables.ts'
import { mails } from '../mail/tables.ts'
import { isTakenUp, memberships, organizations } from '../memberships/tables.ts'
import { ALL_USERS, type RowChange, userCounts, users } from '../users/tables.ts'
import { webhookEndpoints } from '../webhooks/tables.ts'

type Store = Pick<Ctx, 'db'>

/** The number of open sessions, passkeys and organizations, and the linked providers, of at most 100 users. */
export async function selectCountsOfUsers({ db }: Store, userIds: readonly string[]) {
  const none = new Map<string, number>()
  if (userIds.length === 0)
    return { sessions: none, passkeys: none, providers: new Map<string, string[]>(), organizations: none }
  const nameOf = (userId: string) => `sessions.open:${userId}`
  const [open, held, linked, joined] = await db.batch([
    db
      .select()
      .from(counts)
      .where(inArray(counts.name, userIds.map(nameOf))),
    db
      .select({ userId: passkeys.userId, count: sql<number>`count(*)` })
      .from(passkeys)
      .where(inArray(passkeys.userId, [...userIds]))
      .groupBy(passkeys.userId),
    db
      .select({ userId: identities.userId, provider: identities.provider })
      .from(identities)
      .where(inArray(identities.userId, [...userIds]))
      .orderBy(identities.createdAt),
    db
      .select({ userId: memberships.userId, count: sql<number>`count(*)` })
      .from(memberships)
      .innerJoin(organizations, eq(organizations.id, memberships.organizationId))
      .where(and(inArray(memberships.userId, [...userIds]), isTakenUp(), isNull(organizations.deletedAt)))
      .groupBy(memberships.userId),
  ])
  const values = new Map(open.map(({ name, value }) => [name, value]))
  return {
    // Negative while a session's end was recorded before its beginning.
    sessions: new Map(userIds.map((id) => [id, Math.max(0, values.get(nameOf(id)) ?? 0)])),
    providers: providersOf(linked),
    passkeys: new Map(held.map(({ userId, count }) => [userId, count])),
    organizations: new Map(joined.map(({ userId, count }) => [userId, count])),
  }
}

const providersOf = (linked: readonly { userId: string; provider: string }[]): Map<string, string[]> =>
  new Map(
    [...Map.groupBy(linked, ({ userId }) => userId)].map(([userId, rows]) => [
      userId,
      [...new Set(rows.map(({ provider }) => provider))],
    ]),
  )

/** Applies unless the user is deleted, or the address has this state already. */
export const emailVerified = ({ now }: Pick<Ctx, 'now'>, verified: boolean): RowChange => ({
  set: {
    emailVerifiedAt: verified ? now() : null,
    emailUnansweredSince: verified ? now() : null,
    ...(verified && { status: sql`case ${users.status} when 'pending' then 'active' else ${users.status} end` }),
  },
  when: and(ne(users.status, 'deleted'), verified ? isNull(users.emailVerifiedAt) : isNotNull(users.emailVerifiedAt)),
})

/** The statistics, in one batch: counts of users by kind, named counts, and an index range. No table is scanned. */
export async function selectStats({ db }: Store, { names, since }: { names: readonly string[]; since: number }) {
  const [kinds, named, [recent]] = await db.batch([
    db
      .select({ status: userCounts.status, mfaEnabled: userCounts.mfaEnabled, count: userCounts.count })
      .from(userCounts)
      .where(eq(userCounts.bucket, ALL_USERS)),
    db
      .select()
      .from(counts)
      .where(inArray(counts.name, [...names])),
    db.select({ count: sql<number>`count(*)` }).from(users).where(gte(users.createdAt, since)),
  ])
  return { kinds, counts: new Map(named.map(({ name, value }) => [name, value])), recent: recent?.count ?? 0 }
}
const rootOf = (sealed: SQLiteColumn) => sql<string>`substr(${sealed}, 1, instr(${sealed}, '.') - 1)`.as('root')
const count = sql<number>`count(*)`.as('count')

/** How many rows are sealed under each root key. Reads every TOTP secret and every webhook endpoint, as cron does each minute. */
export async function selectSeals({ db }: Store) {
  const [keys, factors, waiting, webhooks] = await db.batch([
    db
      .select({ root: rootOf(signingKeys.privateSealed), count })
      .from(signingKeys)
      .groupBy(sql`root`),
    db
      .select({ root: rootOf(totpFactors.secretSealed), count })
      .from(totpFactors)
      .groupBy(sql`root`),
    db
      .select({ root: rootOf(mails.contentSealed), count })
      .from(mails)
      .where(and(eq(mails.status, 'queued'), isNotNull(mails.contentSealed)))
      .groupBy(sql`root`),
    db
      .select({ root: rootOf(webhookEndpoints.secretSealed), count })
      .from(webhookEndpoints)
      .groupBy(sql`root`),
  ])
  return { keys, factors, waiting, webhooks }
}

export type ActivityRow = typeof events.$inferSelect

/**
 * The newest rows after the first `offset`. The page is found by subtracting from the newest position. Positions are
 * consecutive except where rows were pruned or a repeated insert used one up: there a page may repeat rows of the one before.
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

/** The place of a row in the list. */
export type Place = Pick<ActivityRow, 'position' | 'time'>

export interface ActivityFilter {
  readonly userId?: string | undefined
  /** No index finds an actor: another part of the filter must. */
  readonly actorId?: string | undefined
  readonly type?: string | undefined
  /** Epoch milliseconds, both included. */
  readonly since?: number | undefined
  readonly until?: number | undefined
}

/** Whether the index of times finds the rows, which are then in its order. A user's rows are few, so their index is narrower. */
const isByTime = ({ userId, since, until }: ActivityFilter): boolean =>
  userId === undefined && (since !== undefined || until !== undefined)

/** Uses the narrowest index: that of the user, of the time, or of the type, which may cover most of the record. The plus excludes an index. */
function conditionOf(filter: ActivityFilter): SQL | undefined {
  const { userId, actorId, type, since, until } = filter
  const byTime = isByTime(filter)
  const time = byTime ? sql`${events.time}` : sql`+${events.time}`
  const byType = userId === undefined && !byTime
  return and(
    userId === undefined ? undefined : eq(events.userId, userId),
    actorId === undefined ? undefined : eq(events.actorId, actorId),
    type === undefined ? undefined : byType ? eq(events.type, type) : sql`+${events.type} = ${type}`,
    since === undefined ? undefined : sql`${time} >= ${since}`,
    until === undefined ? undefined : sql`${time} <= ${until}`,
  )
}

function belowOf(filter: ActivityFilter, { position, time }: Place): SQL | undefined {
  const below = lt(events.position, position)
  return isByTime(filter) ? and(lte(events.time, time), or(lt(events.time, time), below)) : below
}

/** A page of the rows that match the filter, newest first, below a place if one is given. Callers bound `offset`. */
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

/** The address of each user that exists, by id. */
export async function selectEmails({ db }: Store, userIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await db
    .select({ id: users.id, email: users.email })
    .from(users)
    // All ids in one parameter: D1 allows a hundred.
    .where(sql`${users.id} in (select value from json_each(${JSON.stringify(userIds)}))`)
  return new Map(rows.map(({ id, email }) => [id, email]))
}

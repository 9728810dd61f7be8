import { and, asc, type Column, desc, eq, getTableColumns, gt, gte, inArray, lte, ne, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/sqlite-core'
import type { Ctx } from '../../../context.ts'
import { isMatch, type Searched } from '../../../db/search.ts'
import { ALL_USERS, BUCKET_SIZE, userCounts, users } from '../tables.ts'
import type { User, UserStatus } from '../types.ts'
import { insertedUser } from './users.ts'

type Store = Pick<Ctx, 'db'>

export interface UserFilter {
  /** Words, each a part of an email, a username, a name or an external id. If no word has three characters, the first one must begin an email or a username. */
  readonly search?: string | undefined
  /** One of these; all but `deleted` when absent. */
  readonly status?: readonly UserStatus[] | undefined
  readonly isAdmin?: boolean | undefined
  readonly mfaEnabled?: boolean | undefined
  /** The complete external id. */
  readonly externalId?: string | undefined
}

export interface UserRange {
  readonly offset: number
  readonly limit: number
  readonly order: 'newest' | 'oldest'
}

/** The columns by which users are counted, of `users` or of `user_counts`. */
type Kind = Readonly<Record<'status' | 'role' | 'mfaEnabled', Column>>

const isOfKind = (kind: Kind, { status, isAdmin, mfaEnabled }: UserFilter): SQL | undefined =>
  and(
    status === undefined ? ne(kind.status, 'deleted') : inArray(kind.status, [...status]),
    isAdmin === undefined ? undefined : (isAdmin ? eq : ne)(kind.role, 'admin'),
    mfaEnabled === undefined ? undefined : eq(kind.mfaEnabled, mfaEnabled),
  )

const isCounted = (filter: UserFilter): SQL | undefined =>
  and(eq(userCounts.bucket, ALL_USERS), gt(userCounts.count, 0), isOfKind(userCounts, filter))

/**
 * The number of the first user of the page. The counts say in which bucket it is, so that only rows of that bucket are
 * skipped (`not indexed`: in the order of numbers instead of through an index of a whole kind). Null beyond the last user.
 */
function firstNumber(filter: UserFilter, { offset, order }: UserRange): SQL {
  const row = alias(users, 'skipped')
  const direction = sql.raw(order === 'newest' ? 'desc' : 'asc')
  return sql`(
    with located as materialized (
      select bucket, preceding from (
        select bucket, sum(count) as found, sum(sum(count)) over (order by bucket ${direction}) - sum(count) as preceding
        from ${userCounts} where bucket >= 0 and count > 0 and ${isOfKind(userCounts, filter)} group by bucket
      ) where preceding <= ${offset} and preceding + found > ${offset}
    )
    select ${row.number} from ${users} as skipped not indexed
    where ${row.number} between (select bucket * ${BUCKET_SIZE} from located)
      and (select bucket * ${BUCKET_SIZE} + ${BUCKET_SIZE - 1} from located) and ${isOfKind(row, filter)}
    order by ${row.number} ${direction} limit 1 offset (select coalesce(${offset} - (select preceding from located), 0))
  )`
}

/** Takes from each kind of user as many as a page holds, from the page's first user on; the first of all these are the page. */
function selectListed({ db }: Store, filter: UserFilter, range: UserRange) {
  const row = alias(users, 'listed')
  const isNewest = range.order === 'newest'
  const direction = isNewest ? desc : asc
  const isInRange = range.offset === 0 ? undefined : (isNewest ? lte : gte)(row.number, firstNumber(filter, range))
  const ofKind = db
    .select({ number: row.number })
    .from(row)
    .where(
      and(
        eq(row.status, userCounts.status),
        eq(row.role, userCounts.role),
        eq(row.mfaEnabled, userCounts.mfaEnabled),
        isInRange,
      ),
    )
    .orderBy(direction(row.number))
    .limit(range.limit)
  return db
    .select(getTableColumns(users))
    .from(userCounts)
    .innerJoin(users, inArray(users.number, ofKind))
    .where(isCounted(filter))
    .orderBy(direction(users.number))
    .limit(range.limit)
}

const SEARCHED: Searched = {
  index: 'user_search',
  table: users,
  number: users.number,
  text: sql`concat_ws(' ', ${users.email}, ${users.username}, ${users.firstName}, ${users.lastName}, ${users.displayName}, ${users.externalId})`,
  prefixes: [users.email, users.usernameKey],
  most: 10_000,
}

/** The plus excludes the indexes of kinds: there are fewer matches than users of a kind. */
const isFound = ({ search, externalId, ...filter }: UserFilter): SQL | undefined =>
  and(
    search === undefined ? undefined : isMatch(SEARCHED, search),
    externalId === undefined ? undefined : eq(users.externalId, externalId),
    sql`+(${isOfKind(users, filter)})`,
  )

function selectFound({ db }: Store, filter: UserFilter, { offset, limit, order }: UserRange) {
  return db
    .select(getTableColumns(users))
    .from(users)
    .where(isFound(filter))
    .orderBy(order === 'newest' ? desc(users.number) : asc(users.number))
    .limit(limit)
    .offset(offset)
}

const countFound = ({ db }: Store, filter: UserFilter) =>
  db.select({ count: sql<number>`count(*)` }).from(users).where(isFound(filter))

const countListed = ({ db }: Store, filter: UserFilter) =>
  db
    .select({ count: sql<number>`coalesce(sum(${userCounts.count}), 0)` })
    .from(userCounts)
    .where(isCounted(filter))

/** The two statements of a page: its rows, and how many there are in all. */
export const pageStatements = (store: Store, filter: UserFilter, range: UserRange) =>
  filter.search === undefined && filter.externalId === undefined
    ? ([selectListed(store, filter, range), countListed(store, filter)] as const)
    : ([selectFound(store, filter, range), countFound(store, filter)] as const)

export interface UserPage {
  readonly users: readonly User[]
  /** The number of users on all pages. */
  readonly total: number
}

/** In one batch, so that total and rows are consistent. */
export async function selectUserPage(store: Store, filter: UserFilter, range: UserRange): Promise<UserPage> {
  const [rows, [counted]] = await store.db.batch(pageStatements(store, filter, range))
  return { users: rows.flatMap((row) => insertedUser([row]) ?? []), total: counted?.count ?? 0 }
}

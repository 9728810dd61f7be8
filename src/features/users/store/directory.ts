import {
  and,
  asc,
  type Column,
  desc,
  eq,
  getTableColumns,
  gt,
  gte,
  inArray,
  lt,
  lte,
  ne,
  type SQL,
  sql,
} from 'drizzle-orm'
import { alias } from 'drizzle-orm/sqlite-core'
import type { Ctx } from '../../../context.ts'
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

/** A search considers only the newest matches. */
const MAX_MATCHES = 10_000

/** A search for a prefix of one or two characters considers so many emails and so many usernames, in alphabetical order. */
const MAX_PREFIX_MATCHES = 1000

/** The index is of trigrams: a shorter word is not in it. */
const TRIGRAM = 3

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

const wordsOf = (search: string): string[] => [
  ...new Set(search.normalize('NFKC').replaceAll('\0', '').split(/\s+/u).filter(Boolean)),
]

const hasTrigram = (word: string): boolean => [...word].length >= TRIGRAM

/** The numbers of users in whom every long word occurs. Quotes make FTS5's operators plain text; a NUL would end the text. */
function indexMatches(words: readonly string[]): SQL {
  const phrases = words.map((word) => `"${word.replaceAll('"', '""')}"`).join(' AND ')
  return sql`(select rowid from user_search where user_search match ${phrases} order by rowid desc limit ${MAX_MATCHES})`
}

/** The numbers of users whose email or username begins with the word. */
function prefixMatches({ db }: Store, word: string): SQL {
  const [from, to] = [word.toLowerCase(), `${word.toLowerCase()}\u{10ffff}`]
  const matches = (column: typeof users.email | typeof users.usernameKey) => {
    const numbers = db.select({ number: users.number }).from(users)
    const found = numbers.where(and(gte(column, from), lt(column, to))).orderBy(column)
    return sql`select number from ${found.limit(MAX_PREFIX_MATCHES)}`
  }
  return sql`(${matches(users.email)} union ${matches(users.usernameKey)})`
}

const ALL_FIELDS = sql`lower(concat_ws(' ', ${users.email}, ${users.username}, ${users.firstName}, ${users.lastName}, ${users.displayName}, ${users.externalId}))`

/** As `lower` in SQLite, which only folds ASCII. */
const lowerAscii = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

/** All words in one parameter: D1 allows a hundred. */
const hasAll = (words: readonly string[]): SQL =>
  sql`not exists (select 1 from json_each(${JSON.stringify(words.map(lowerAscii))}) where instr(${ALL_FIELDS}, value) = 0)`

/** Long words are found by the index, short ones by reading what the index found. */
function isMatch(store: Store, search: string): SQL | undefined {
  const words = wordsOf(search)
  const [first, ...others] = words
  // An empty search matches nothing.
  if (first === undefined) return sql`false`
  const long = words.filter(hasTrigram)
  const found = long.length > 0 ? indexMatches(long) : prefixMatches(store, first)
  const short = (long.length > 0 ? words : others).filter((word) => !hasTrigram(word))
  return and(sql`${users.number} in ${found}`, short.length === 0 ? undefined : hasAll(short))
}

/** The plus excludes the indexes of kinds: there are fewer matches than users of a kind. */
const isFound = (store: Store, { search, externalId, ...filter }: UserFilter): SQL | undefined =>
  and(
    search === undefined ? undefined : isMatch(store, search),
    externalId === undefined ? undefined : eq(users.externalId, externalId),
    sql`+(${isOfKind(users, filter)})`,
  )

function selectFound(store: Store, filter: UserFilter, { offset, limit, order }: UserRange) {
  return store.db
    .select(getTableColumns(users))
    .from(users)
    .where(isFound(store, filter))
    .orderBy(order === 'newest' ? desc(users.number) : asc(users.number))
    .limit(limit)
    .offset(offset)
}

const countFound = (store: Store, filter: UserFilter) =>
  store.db.select({ count: sql<number>`count(*)` }).from(users).where(isFound(store, filter))

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

import { and, asc, desc, eq, getTableColumns, inArray, ne, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { insertedUser } from '../store.ts'
import { ALL_USERS, userCounts, users } from '../tables.ts'
import type { User, UserStatus } from '../types.ts'

type Store = Pick<Ctx, 'db'>

export interface UserFilter {
  /** Part of an email, a username or a name. */
  readonly search?: string | undefined
  readonly status?: UserStatus | readonly UserStatus[] | undefined
  readonly role?: string | undefined
  readonly isAdmin?: boolean | undefined
  readonly mfaEnabled?: boolean | undefined
}

/** The columns that a user is counted by, in either table. */
type Kinds =
  | Pick<typeof users, 'status' | 'role' | 'mfaEnabled'>
  | Pick<typeof userCounts, 'status' | 'role' | 'mfaEnabled'>

const isOfKind = (kinds: Kinds, { status, role, isAdmin, mfaEnabled }: UserFilter): SQL | undefined =>
  and(
    status === undefined ? ne(kinds.status, 'deleted') : inArray(kinds.status, [status].flat()),
    role === undefined ? undefined : eq(kinds.role, role),
    isAdmin === undefined ? undefined : (isAdmin ? eq : ne)(kinds.role, 'admin'),
    mfaEnabled === undefined ? undefined : eq(kinds.mfaEnabled, mfaEnabled),
  )

const conditionOf = ({ search, ...filter }: UserFilter): SQL | undefined =>
  and(
    isOfKind(users, filter),
    search === undefined
      ? undefined
      : sql`${users.number} in (select rowid from user_search where user_search match ${`"${search.replaceAll('"', '""')}"`})`,
  )

export async function selectUsers(
  { db }: Store,
  filter: UserFilter,
  { offset, limit, order }: { offset: number; limit: number; order: 'newest' | 'oldest' },
): Promise<User[]> {
  const rows = await db
    .select(getTableColumns(users))
    .from(users)
    .where(conditionOf(filter))
    .orderBy(order === 'newest' ? desc(users.number) : asc(users.number))
    .limit(limit)
    .offset(offset)
  return rows.flatMap((row) => insertedUser([row]) ?? [])
}

export async function countUsers({ db }: Store, filter: UserFilter): Promise<number> {
  if (filter.search !== undefined) {
    const [row] = await db.select({ count: sql<number>`count(*)` }).from(users).where(conditionOf(filter))
    return row?.count ?? 0
  }
  const [row] = await db
    .select({ count: sql<number>`coalesce(sum(${userCounts.count}), 0)` })
    .from(userCounts)
    .where(and(eq(userCounts.bucket, ALL_USERS), isOfKind(userCounts, filter)))
  return row?.count ?? 0
}

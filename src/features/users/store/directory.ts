import { and, asc, desc, eq, getTableColumns, ne, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { insertedUser } from '../store.ts'
import { ALL_USERS, userCounts, users } from '../tables.ts'
import type { User, UserStatus } from '../types.ts'

type Store = Pick<Ctx, 'db'>

export interface UserFilter {
  /** Part of an email, a username or a name. */
  readonly search?: string | undefined
  readonly status?: UserStatus | undefined
  readonly role?: string | undefined
  readonly mfaEnabled?: boolean | undefined
}

const conditionOf = ({ status, role, mfaEnabled, search }: UserFilter): SQL | undefined =>
  and(
    status === undefined ? ne(users.status, 'deleted') : eq(users.status, status),
    role === undefined ? undefined : eq(users.role, role),
    mfaEnabled === undefined ? undefined : eq(users.mfaEnabled, mfaEnabled),
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
  const { status, role, mfaEnabled } = filter
  const [row] = await db
    .select({ count: sql<number>`coalesce(sum(${userCounts.count}), 0)` })
    .from(userCounts)
    .where(
      and(
        eq(userCounts.bucket, ALL_USERS),
        status === undefined ? ne(userCounts.status, 'deleted') : eq(userCounts.status, status),
        role === undefined ? undefined : eq(userCounts.role, role),
        mfaEnabled === undefined ? undefined : eq(userCounts.mfaEnabled, mfaEnabled),
      ),
    )
  return row?.count ?? 0
}

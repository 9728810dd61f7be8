import { and, eq, getTableColumns, ne, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { users } from '../tables.ts'
import type { Profile } from '../types.ts'

type ProfileRow = Partial<Profile> & { readonly usernameKey?: string | null; readonly phoneVerified?: false }

const isFree = (usernameKey: string, userId: string): SQL =>
  sql`not exists (select 1 from ${users} as other where other.username_key = ${usernameKey} and other.id <> ${userId})`

const isAsRead = (before: Partial<Profile>): SQL[] =>
  Object.entries(before).map(([name, value]) => {
    const column = users[name as keyof Profile]
    return sql`${column} is ${sql.param(value, column)}`
  })

/**
 * The statement returns no row when the user is gone or deleted, a field is no longer as it is in `before`, or the username
 * is another's.
 */
export const updateProfileRow = (
  { db, now }: Pick<Ctx, 'db' | 'now'>,
  {
    userId,
    before,
    row,
    raisesClaims,
  }: { userId: string; before: Partial<Profile>; row: ProfileRow; raisesClaims: boolean },
) =>
  db
    .update(users)
    .set({
      ...row,
      ...(raisesClaims ? { claimsVersion: sql`${users.claimsVersion} + 1` } : {}),
      updatedAt: now(),
    })
    .where(
      and(
        eq(users.id, userId),
        ne(users.status, 'deleted'),
        ...isAsRead(before),
        row.usernameKey ? isFree(row.usernameKey, userId) : undefined,
      ),
    )
    .returning(getTableColumns(users))

import { and, eq, getTableColumns, ne, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { type RowChange, users } from '../tables.ts'
import type { Profile } from '../types.ts'

/** Which versions of a row a change raises; they have consequences, so `changeUser` alone says so. */
export interface VersionIncrements {
  readonly claims: boolean
  /** Null for a change that ends no sessions. */
  readonly auth: { readonly keptSessionId: string | null; readonly isOfFactor: boolean } | null
}

const nextAuthVersion = sql`${users.authVersion} + 1`

const nextVersions = ({ claims, auth }: VersionIncrements) => ({
  ...(claims && { claimsVersion: sql`${users.claimsVersion} + 1` }),
  ...(auth && { authVersion: nextAuthVersion, keptSessionId: auth.keptSessionId }),
  ...(auth?.isOfFactor && { factorVersion: nextAuthVersion }),
})

/** The statement returns no row when the user is gone, or the condition does not hold. */
export const updateUser = (
  { db, now }: Pick<Ctx, 'db' | 'now'>,
  { userId, set, when, increments }: RowChange & { userId: string; increments: VersionIncrements },
) =>
  db
    .update(users)
    .set({ ...set, ...nextVersions(increments), updatedAt: now() })
    .where(and(eq(users.id, userId), when))
    .returning(getTableColumns(users))

/** In a later statement of the batch: the version that the change has raised. */
export const claimsVersionOf = (userId: string): SQL =>
  sql`(select ${users.claimsVersion} from ${users} where ${users.id} = ${userId})`

type ProfileRow = Partial<Profile> & { readonly usernameKey?: string | null; readonly phoneVerified?: false }

const isFree = (usernameKey: string, userId: string): SQL =>
  sql`not exists (select 1 from ${users} as other where other.username_key = ${usernameKey} and other.id <> ${userId})`

const isAsRead = (before: Partial<Profile>): SQL[] =>
  Object.entries(before).map(([name, value]) => {
    const column = users[name as keyof Profile]
    return sql`${column} is ${sql.param(value, column)}`
  })

/** Holds while the user is not deleted, each field is as in `before`, and the username is nobody else's. */
export const profileChange = (userId: string, before: Partial<Profile>, row: ProfileRow): RowChange => ({
  set: row,
  when: and(
    ne(users.status, 'deleted'),
    ...isAsRead(before),
    row.usernameKey ? isFree(row.usernameKey, userId) : undefined,
  ),
})

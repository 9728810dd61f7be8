import { and, eq, gt, isNotNull, isNull, lte, or, sql } from 'drizzle-orm'
import type { Ctx } from '../../context.ts'
import type { UserData } from '../../db/user-data.ts'
import { voidPlainReports } from '../links/service.ts'
import { deleteUserRow, insertedUser } from '../users/service/users.ts'
import { isTarget, type RowChange, type Target, users } from '../users/tables.ts'
import type { User } from '../users/types.ts'

type Store = Pick<Ctx, 'db' | 'now'>

/** A new password, set by the user who knew the old one. Applies unless the credentials have changed. */
export const ownPassword = (target: Target, passwordHash: string): RowChange => ({
  set: { passwordHash },
  when: isTarget(target),
})

/** For the batch of `ownPassword`: the sessions that these reports would end have ended (see `voidSettledReports`). */
export const voidReportsBeforeChange = (store: Store, target: Target) =>
  voidPlainReports(store, target.userId, sql`exists (select 1 from ${users} where ${isTarget(target)})`)

/** Ends the grace period. Applies to a deleted user within it. */
export const graceEnded = ({ now }: Pick<Store, 'now'>): RowChange => ({
  set: { eraseAt: now() },
  when: and(eq(users.status, 'deleted'), or(isNull(users.eraseAt), gt(users.eraseAt, now()))),
})

/** Deleted users whose grace period has ended. In random order, so that one that cannot be erased yet does not block the others. */
export async function selectUsersToErase({ db, now }: Store, limit: number): Promise<User[]> {
  const rows = await db
    .select()
    .from(users)
    .where(and(isNotNull(users.eraseAt), lte(users.eraseAt, now()), eq(users.status, 'deleted')))
    .orderBy(sql`random()`)
    .limit(limit)
  return rows.flatMap((row) => insertedUser([row]) ?? [])
}

/**
 * The batch that erases a user. Its last statement deletes the row, and returns none when there is no user to erase any more:
 * then the other statements have changed nothing either.
 */
export function eraseRows(store: Store, { id, email }: User, userData: readonly UserData[]) {
  const isDue = sql`exists (select 1 from ${users} where ${users.id} = ${id} and ${users.status} = 'deleted' and ${users.eraseAt} <= ${store.now()})`
  return [
    ...userData.flatMap(({ statements }) => statements(store, { id, email }, isDue)),
    deleteUserRow(store, id, isDue),
  ] as const
}

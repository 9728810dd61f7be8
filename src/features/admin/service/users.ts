import type { Ctx } from '../../../context.ts'
import { findAttempts } from '../../sign-in/service/attempts.ts'
import { getUser, listUsers, type UserQuery } from '../../users/service/users.ts'
import type { User, UserRef } from '../../users/types.ts'
import { selectCountsOfUsers } from '../store/users.ts'
import type { AdminUser, AdminUserDetail } from '../types.ts'

async function withCounts(ctx: Pick<Ctx, 'db'>, users: readonly User[]): Promise<AdminUser[]> {
  const ids = users.map(({ id }) => id)
  const { sessions, passkeys } = await selectCountsOfUsers(ctx, ids)
  return users.map((user) => ({
    user,
    sessions: sessions.get(user.id) ?? 0,
    passkeys: passkeys.get(user.id) ?? 0,
  }))
}

/** A page of users, newest first, and how many there are on all pages. The same work whatever the page. */
export async function listAdminUsers(
  ctx: Pick<Ctx, 'db'>,
  query: UserQuery,
): Promise<{ rows: AdminUser[]; total: number }> {
  const { users, total } = await listUsers(ctx, query)
  return { rows: await withCounts(ctx, users), total }
}

/** One user, with what the sign-in guard knows of failed attempts. Throws NOT_FOUND. */
export async function getAdminUser(ctx: Pick<Ctx, 'db' | 'now' | 'objects' | 'log'>, ref: UserRef) {
  const user = await getUser(ctx, ref)
  const [[counted], attempts] = await Promise.all([withCounts(ctx, [user]), findAttempts(ctx, user.id)])
  return { user, sessions: 0, passkeys: 0, ...counted, ...attempts } satisfies AdminUserDetail
}

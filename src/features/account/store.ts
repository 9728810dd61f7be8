import { and, eq, gt, isNotNull, isNull, lte, not, or, sql } from 'drizzle-orm'
import type { Ctx } from '../../context.ts'
import { isUserHeld } from '../../db/holds.ts'
import { listed, type UserData } from '../../db/user-data.ts'
import { serviceUnavailable } from '../../lib/errors.ts'
import { SECOND, within } from '../../lib/time.ts'
import { voidPlainReports } from '../links/service.ts'
import { confirmedEmailOf, deleteUserRow, insertedUser } from '../users/service/users.ts'
import { isTarget, type RowChange, type Target, users } from '../users/tables.ts'
import type { User } from '../users/types.ts'
import { type AvatarName, ownAvatarAt } from './rules.ts'

type Store = Pick<Ctx, 'db' | 'now'>

/** A new password, set by the user who knew the old one. Applies unless the credentials have changed. */
export const ownPassword = (target: Target, passwordHash: string): RowChange => ({
  set: { passwordHash },
  when: isTarget(target),
})

/** For the batch of `ownPassword`: the sessions that these reports would end have ended (see `voidSettledReports`). */
export const voidReportsBeforeChange = (store: Store, target: Target) =>
  voidPlainReports(store, target.userId, sql`exists (select 1 from ${users} where ${isTarget(target)})`)

/** Ends the grace period. Applies to a deleted user within it, unless a legal hold keeps their data. */
export const graceEnded = ({ now }: Pick<Store, 'now'>): RowChange => ({
  set: { eraseAt: now() },
  when: and(
    eq(users.status, 'deleted'),
    or(isNull(users.eraseAt), gt(users.eraseAt, now())),
    not(isUserHeld(users.id)),
  ),
})

/** Deleted users whose grace period has ended, and whom no legal hold keeps. In random order, so that one that cannot be erased yet does not block the others. */
export async function selectUsersToErase({ db, now }: Store, limit: number): Promise<User[]> {
  const rows = await db
    .select()
    .from(users)
    .where(
      and(
        isNotNull(users.eraseAt),
        lte(users.eraseAt, now()),
        eq(users.status, 'deleted'),
        or(isNotNull(users.erasingSince), not(isUserHeld(users.id))),
      ),
    )
    .orderBy(sql`random()`)
    .limit(limit)
  return rows.flatMap((row) => insertedUser([row]) ?? [])
}

/**
 * The batch that erases a user. Its last statement deletes the row, and returns none when there is no user to erase any more:
 * then the other statements have changed nothing either.
 */
export function eraseRows(store: Store, user: User, userData: readonly UserData[]) {
  const { id } = user
  const person = { id, email: confirmedEmailOf(user) }
  const isDue = sql`exists (select 1 from ${users} where ${users.id} = ${id} and ${users.status} = 'deleted' and ${users.erasingSince} is not null)`
  return [
    ...userData.flatMap(({ statements }) => statements(store, person, isDue)),
    deleteUserRow(store, id, isDue),
  ] as const
}

type Pictures = Pick<Ctx, 'kv'>

const avatarsOf = (userId: string): string => `avatar:${userId}:`
const avatarKey = ({ userId, random }: AvatarName): string => avatarsOf(userId) + random

const KV_BOUND_MS = 5 * SECOND

async function answered<T>(work: Promise<T>): Promise<T> {
  try {
    return await within(KV_BOUND_MS, work)
  } catch (cause) {
    throw serviceUnavailable({}, { cause })
  }
}

/** Throws SERVICE_UNAVAILABLE. */
export const putAvatar = ({ kv, now }: Pictures & Store, avatar: AvatarName, bytes: Uint8Array): Promise<void> =>
  answered(kv.put(avatarKey(avatar), bytes, { metadata: { at: now() } }))

/** Throws SERVICE_UNAVAILABLE. */
export const findAvatar = ({ kv }: Pictures, avatar: AvatarName): Promise<ArrayBuffer | null> =>
  answered(kv.get(avatarKey(avatar), 'arrayBuffer'))

/** Far fewer than the operations that one request may make. */
const DELETED_AT_ONCE = 100

/**
 * Deletes the user's pictures that were stored before `until`, and `named`, whenever it was: KV lists a new key up to a minute
 * late. True when all are deleted. Throws SERVICE_UNAVAILABLE.
 */
export async function deleteAvatars(
  { kv }: Pictures,
  userId: string,
  { named, until }: { readonly named: AvatarName | undefined; readonly until: number },
): Promise<boolean> {
  const listed = kv.list<{ at: number }>({ prefix: avatarsOf(userId), limit: DELETED_AT_ONCE })
  const { keys, list_complete: isComplete } = await answered(listed)
  const due = keys.filter(({ metadata }) => (metadata?.at ?? 0) < until).map(({ name }) => name)
  const names = new Set(named ? [avatarKey(named), ...due] : due)
  await answered(Promise.all([...names].map((name) => kv.delete(name))))
  return isComplete
}

const avatarData: UserData = {
  table: users,
  erases: ['profileImageUrl'],
  statements: () => [],
  exports: listed('profile', 'pictures', ['name', 'base64'], async ({ kv }, { id }) => {
    const { keys } = await answered(kv.list({ prefix: avatarsOf(id) }))
    const pictures = keys.map(async ({ name }) => ({ name, bytes: await answered(kv.get(name, 'arrayBuffer')) }))
    return (await Promise.all(pictures)).flatMap(({ name, bytes }) =>
      bytes ? { name: name.slice(avatarsOf(id).length), base64: new Uint8Array(bytes).toBase64() } : [],
    )
  }),
  prepare: async ({ db, kv }, userId) => {
    const row = await db.select({ url: users.profileImageUrl }).from(users).where(eq(users.id, userId)).get()
    return deleteAvatars({ kv }, userId, {
      named: ownAvatarAt(userId, row?.url ?? null),
      until: Number.POSITIVE_INFINITY,
    })
  },
}

export const userData = [avatarData]

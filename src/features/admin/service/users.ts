import { type AdminCtx, actorOf, type Ctx } from '../../../context.ts'
import { record } from '../../../db/commit.ts'
import type { UserData } from '../../../db/user-data.ts'
import { defineError } from '../../../lib/errors.ts'
import { type Erasure, eraseUser } from '../../account/service/erasure.ts'
import { deleteAccount } from '../../account/service/states.ts'
import { findCodeLock } from '../../factors/totp/service/codes.ts'
import { findAttempts } from '../../sign-in/service/attempts.ts'
import { changeUser } from '../../users/service/change-user.ts'
import { notificationEvent } from '../../users/service/notices.ts'
import { requireChangeTo } from '../../users/service/state.ts'
import { getPresentUser, getUser, listUsers, type UserQuery } from '../../users/service/users.ts'
import type { ChangedUser, Notification, User, UserRef, UserStatus } from '../../users/types.ts'
import { emailVerified, selectCountsOfUsers } from '../store.ts'
import type { AdminUser, AdminUserDetail } from '../types.ts'
import { changeRole, changeState } from './states.ts'

export const ownAccount = defineError('OWN_ACCOUNT', 'malformed', 'Your own account cannot be deleted here')

async function withCounts(ctx: Pick<Ctx, 'db'>, users: readonly User[]): Promise<AdminUser[]> {
  const { sessions, passkeys, providers, organizations } = await selectCountsOfUsers(
    ctx,
    users.map(({ id }) => id),
  )
  return users.map((user) => ({
    user,
    sessions: sessions.get(user.id) ?? 0,
    passkeys: passkeys.get(user.id) ?? 0,
    providers: providers.get(user.id) ?? [],
    organizations: organizations.get(user.id) ?? 0,
  }))
}

/** A page of users, newest first, and the number of users on all pages. Every page costs the same. */
export async function listAdminUsers(
  ctx: Pick<Ctx, 'db'>,
  query: UserQuery,
): Promise<{ rows: AdminUser[]; total: number }> {
  const { users, total } = await listUsers(ctx, query)
  return { rows: await withCounts(ctx, users), total }
}

/** A user, with the failed attempts that the sign-in guard has counted. Throws NOT_FOUND. */
export async function getAdminUser(ctx: Pick<Ctx, 'db' | 'now' | 'objects' | 'log'>, ref: UserRef) {
  const user = await getUser(ctx, ref)
  const [[counted], attempts, secondFactorLockedUntil] = await Promise.all([
    withCounts(ctx, [user]),
    findAttempts(ctx, user.id),
    findCodeLock(ctx, user.id),
  ])
  return {
    user,
    sessions: 0,
    passkeys: 0,
    providers: [],
    organizations: 0,
    ...counted,
    ...attempts,
    secondFactorLockedUntil,
  } satisfies AdminUserDetail
}

/** Absent fields stay as they are. */
export interface UserUpdate {
  readonly isAdmin?: boolean | undefined
  readonly status?: Exclude<UserStatus, 'pending'> | undefined
  readonly emailVerified?: boolean | undefined
}

/**
 * Changes role, state and verified address, each by its own use case and with its own event. Everything that can be checked
 * is checked before the first write, and the writes that only the database can refuse (for the last admin) come first. So
 * nothing has changed when it throws, unless another admin changes the same user at the same time: then the role may have
 * changed, and a repeat does the rest. Throws NOT_FOUND, OWN_ACCOUNT, USER_STATE_CONFLICT, LAST_ADMIN.
 *
 * An address that an admin marks as verified is verified, but its holder has not confirmed the account: a password that
 * somebody else set stays only until the first mailed link is used.
 */
export async function updateUser(ctx: AdminCtx, ref: UserRef, update: UserUpdate): Promise<{ propagated: boolean }> {
  const user = await getPresentUser(ctx, ref)
  const { id: userId } = user
  if (update.status === 'deleted') requireOther(ctx, user)
  // Verifying the address makes a pending user active.
  const becomesActive = user.status === 'pending' && update.emailVerified === true
  const wanted = becomesActive && update.status === 'active' ? undefined : update.status
  const change = wanted === undefined ? null : requireChangeTo(user, wanted)
  const role = roleOf(user.role, update.isAdmin)
  const done: { readonly propagated: boolean }[] = []
  if (role !== null) done.push(await changeRole(ctx, { ref: userId, role }))
  if (change !== null) done.push(await changeState(ctx, { ref: userId, change, reason: null }))
  if (update.emailVerified !== undefined && update.status !== 'deleted')
    done.push(await setEmailVerified(ctx, { userId, verified: update.emailVerified }))
  return { propagated: done.every(({ propagated }) => propagated) }
}

/** The role to set; null for no change. `isAdmin: false` changes no role other than `admin`. */
function roleOf(role: string, isAdmin: boolean | undefined): string | null {
  if (isAdmin === undefined || isAdmin === (role === 'admin')) return null
  return isAdmin ? 'admin' : 'user'
}

/** Changes nothing when the address has this state already. */
async function setEmailVerified(ctx: AdminCtx, { userId, verified }: { userId: string; verified: boolean }) {
  const changed = await changeUser(ctx, {
    userId,
    ...emailVerified(ctx, verified),
    actor: actorOf(ctx),
    events: [
      { type: 'user.updated', data: { before: { email_verified: !verified }, after: { email_verified: verified } } },
    ],
  })
  return { propagated: changed?.propagated ?? true }
}

/** Deleting one's own account requires a fresh factor, at `/api/v1/users/me` (decision 0167). Throws OWN_ACCOUNT. */
function requireOther({ actor }: AdminCtx, user: User): User {
  if (user.id === actor.id) throw ownAccount()
  return user
}

/** Deletes a user, who can be restored within the grace period. Throws NOT_FOUND, OWN_ACCOUNT, LAST_ADMIN. */
export async function deleteOther(ctx: AdminCtx, ref: UserRef, reason: string | null): Promise<ChangedUser> {
  const { id: userId } = requireOther(ctx, await getUser(ctx, ref))
  return deleteAccount(ctx, { userId, actor: actorOf(ctx), reason })
}

/** Erases a user in any state, without a grace period. Throws NOT_FOUND, OWN_ACCOUNT, LAST_ADMIN. */
export async function forceDelete(ctx: AdminCtx, ref: UserRef, userData: readonly UserData[]): Promise<Erasure> {
  const { id: userId } = requireOther(ctx, await getUser(ctx, ref))
  return eraseUser(ctx, { userId, actor: actorOf(ctx), userData })
}

/** Sends an admin's message to a user, as `notification.created`. Throws NOT_FOUND. */
export async function notifyUserOf(
  ctx: AdminCtx,
  ref: UserRef,
  notification: Notification,
): Promise<{ userId: string }> {
  const { id: userId } = await getPresentUser(ctx, ref)
  await record(ctx, notificationEvent(userId, actorOf(ctx), notification))
  return { userId }
}

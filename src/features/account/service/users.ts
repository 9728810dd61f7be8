import { type ActorCtx, type AdminCtx, actorOf, type TargetCtx } from '../../../context.ts'
import { forbidden } from '../../../lib/errors.ts'
import { isAdmin } from '../../../lib/roles.ts'
import { type GivenFactors, requireFreshFactor } from '../../sign-in/service/step-up.ts'
import { updateProfile } from '../../users/service/profile.ts'
import { changeUserState } from '../../users/service/state.ts'
import {
  findUserByEmail,
  getCurrentUser,
  getPresentUser,
  getUser,
  normalizeEmail,
  requirePresent,
} from '../../users/service/users.ts'
import type { ChangedUser, User, UserRef } from '../../users/types.ts'
import { type ChangedProfile, changeOwnProfile, type OwnProfileChange } from './own-profile.ts'

/**
 * Changes a profile: the caller's own, as `changeOwnProfile` does, or anybody's for an admin. Another's address is not an
 * admin's to change: a new one counts once its mailbox has proven it. Throws FORBIDDEN, NOT_FOUND, CONFLICT.
 */
export async function changeProfileOf(ctx: TargetCtx, input: OwnProfileChange): Promise<ChangedProfile> {
  if (ctx.target.isSelf) return changeOwnProfile(ctx, input)
  const user = requirePresent(await getTarget(ctx))
  const { newEmail, changes } = input
  if (newEmail !== null && normalizeEmail(newEmail) !== user.email)
    throw forbidden({ field: 'email' }, { message: 'Only its user changes an address' })
  return { ...(await updateProfile(ctx, { user, changes, actor: actorOf(ctx) })), pendingEmail: null }
}

/**
 * Deletes the caller's account: its sessions end now, its row goes after the grace period. Wants a fresh factor
 * (`requireFreshFactor`): a stolen access token is no way to end an account. Throws LAST_ADMIN.
 */
export async function deleteOwnAccount(ctx: ActorCtx, given: GivenFactors): Promise<ChangedUser> {
  const { id: userId } = await getCurrentUser(ctx)
  await requireFreshFactor(ctx, given)
  return changeUserState(ctx, { userId, change: 'delete', actor: actorOf(ctx) })
}

/** As `deleteOwnAccount`; of somebody else no factor is asked. Throws NOT_FOUND, LAST_ADMIN. */
export async function deleteUser(ctx: TargetCtx, given: GivenFactors): Promise<ChangedUser> {
  if (ctx.target.isSelf) return deleteOwnAccount(ctx, given)
  const { id: userId } = await getTarget(ctx)
  return changeUserState(ctx, { userId, change: 'delete', actor: actorOf(ctx) })
}

/** For admins. Throws NOT_FOUND, USER_STATE_CONFLICT, LAST_ADMIN. */
export async function suspendUser(ctx: AdminCtx, ref: UserRef, reason: string | null): Promise<ChangedUser> {
  const { id: userId } = await getUser(ctx, ref)
  return changeUserState(ctx, { userId, change: 'suspend', actor: actorOf(ctx), reason })
}

/** For admins: the end of a suspension. Throws NOT_FOUND, USER_STATE_CONFLICT. */
export async function unsuspendUser(ctx: AdminCtx, ref: UserRef): Promise<ChangedUser> {
  const { id: userId } = await getUser(ctx, ref)
  return changeUserState(ctx, { userId, change: 'unsuspend', actor: actorOf(ctx) })
}

/** For admins: the end of a suspension or of a deactivation. Throws NOT_FOUND, USER_STATE_CONFLICT. */
export async function reactivateUser(ctx: AdminCtx, ref: UserRef): Promise<ChangedUser> {
  const { id: userId, status } = await getUser(ctx, ref)
  const change = status === 'inactive' ? 'activate' : 'unsuspend'
  return changeUserState(ctx, { userId, change, actor: actorOf(ctx) })
}

/** Throws NOT_FOUND or TOKEN_ERROR when the account is gone. */
export async function removeOwnAvatar(ctx: ActorCtx): Promise<{ propagated: boolean }> {
  const user = await getCurrentUser(ctx)
  return updateProfile(ctx, { user, changes: { profileImageUrl: null }, actor: actorOf(ctx) })
}

/** Throws NOT_FOUND to an admin: by number a deleted user is nobody, by UUID an admin still sees one. */
export async function getTarget(ctx: TargetCtx): Promise<User> {
  const { ref, isSelf } = ctx.target
  if (isSelf) return getCurrentUser(ctx)
  return typeof ref === 'number' ? getPresentUser(ctx, ref) : getUser(ctx, ref)
}

/** Oneself, or anybody for an admin, by address as a person types it. A deleted user is nobody. Throws FORBIDDEN, NOT_FOUND. */
export async function getVisibleUserByEmail(ctx: ActorCtx, email: string): Promise<User> {
  const self = await getCurrentUser(ctx)
  if (self.email === normalizeEmail(email)) return self
  if (!isAdmin(ctx.actor)) throw forbidden()
  return requirePresent(await findUserByEmail(ctx, email))
}

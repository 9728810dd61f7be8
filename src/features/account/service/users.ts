import { type ActorCtx, type AdminCtx, actorOf, narrow, type TargetCtx } from '../../../context.ts'
import { forbidden } from '../../../lib/errors.ts'
import { isAdmin } from '../../../lib/roles.ts'
import { haveOrganizationInCommon } from '../../organizations/service/organizations.ts'
import type { StateChange } from '../../users/service/state.ts'
import {
  findUser,
  findUserByEmail,
  findUserByNumber,
  getCurrentUser,
  getPresentUser,
  getUser,
  normalizeEmail,
  requirePresent,
} from '../../users/service/users.ts'
import type { ChangedUser, User, UserRef } from '../../users/types.ts'
import { changeProfile } from './avatars.ts'
import {
  type ChangedProfile,
  changeOwnProfile,
  deleteOwnAccount,
  type OwnDeletion,
  type ProfileChange,
} from './own-account.ts'
import { changeAccountState, deleteAccount } from './states.ts'

/**
 * Changes a profile: the caller's own, as `changeOwnProfile` does, or any user's for an admin. An admin cannot change
 * another user's address, because a new one must be proved by a mailed link. Throws FORBIDDEN, NOT_FOUND, CONFLICT.
 */
export async function changeProfileOf(ctx: TargetCtx, input: ProfileChange): Promise<ChangedProfile> {
  if (ctx.target.isSelf) return changeOwnProfile(ctx, input)
  const user = requirePresent(await getTarget(ctx))
  const { newEmail, changes } = input
  if (newEmail !== null && normalizeEmail(newEmail) !== user.email)
    throw forbidden({ field: 'email' }, { message: 'Only the user can change their address' })
  return { ...(await changeProfile(ctx, { user, changes, actor: actorOf(ctx) })), pendingEmail: null }
}

/** As `deleteOwnAccount`; an admin deletes another user's account without a factor. Throws NOT_FOUND, LAST_ADMIN. */
export async function deleteUser(
  ctx: TargetCtx,
  { reason = null, ...own }: OwnDeletion & { reason?: string | null },
): Promise<ChangedUser> {
  if (ctx.target.isSelf) return deleteOwnAccount(ctx, own)
  const { id: userId } = await getTarget(ctx)
  return deleteAccount(ctx, { userId, actor: actorOf(ctx), reason })
}

/** Changes a user's state, for an admin. Throws NOT_FOUND, USER_STATE_CONFLICT, LAST_ADMIN. */
export async function changeStateOf(
  ctx: AdminCtx,
  { ref, change, reason = null }: { ref: UserRef; change: StateChange; reason?: string | null },
): Promise<ChangedUser> {
  const { id: userId } = await getUser(ctx, ref)
  return changeAccountState(ctx, { userId, change, actor: actorOf(ctx), reason })
}

/** Ends a suspension or a deactivation, for an admin. Throws NOT_FOUND, USER_STATE_CONFLICT. */
export async function reactivateUser(ctx: AdminCtx, ref: UserRef): Promise<ChangedUser> {
  const { id, status } = await getUser(ctx, ref)
  return changeStateOf(ctx, { ref: id, change: status === 'inactive' ? 'activate' : 'unsuspend' })
}

/** The user in the path. An admin finds a deleted user by UUID, but not by number. Throws NOT_FOUND. */
export async function getTarget(ctx: TargetCtx): Promise<User> {
  const { ref, isSelf } = ctx.target
  if (isSelf) return getCurrentUser(ctx)
  return typeof ref === 'number' ? getPresentUser(ctx, ref) : getUser(ctx, ref)
}

/** A user as the caller may see them: whole to themselves and to admins, `shared` to whoever is in an organization with them. */
export type SeenUser = { readonly view: 'whole' | 'shared'; readonly user: User }

/** Throws FORBIDDEN, also for an id without a user; NOT_FOUND to admins. */
export async function getSeenUser(ctx: ActorCtx, ref: UserRef): Promise<SeenUser> {
  const { actor } = ctx
  const isSelf = ref === actor.id || ref === actor.number
  if (isSelf || isAdmin(actor))
    return { view: 'whole', user: await getTarget(narrow(ctx, { target: { ref, isSelf } })) }
  const user = await (typeof ref === 'number' ? findUserByNumber(ctx, ref) : findUser(ctx, ref))
  if (!user || user.status === 'deleted' || !(await haveOrganizationInCommon(ctx, user.id))) throw forbidden()
  return { view: 'shared', user }
}

/** The user with an address as a person types it: the caller, or any user for an admin. Throws FORBIDDEN, NOT_FOUND. */
export async function getVisibleUserByEmail(ctx: ActorCtx, email: string): Promise<User> {
  const self = await getCurrentUser(ctx)
  if (self.email === normalizeEmail(email)) return self
  if (!isAdmin(ctx.actor)) throw forbidden()
  return requirePresent(await findUserByEmail(ctx, email))
}

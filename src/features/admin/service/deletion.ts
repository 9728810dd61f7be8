import { type AdminCtx, actorOf } from '../../../context.ts'
import { type Erasure, eraseUser } from '../../account/service/erasure.ts'
import { changeUserState } from '../../users/service/state.ts'
import { getUser } from '../../users/service/users.ts'
import type { ChangedUser, User, UserRef } from '../../users/types.ts'
import { ownAccount } from '../errors.ts'

/** One's own account goes by `/api/v1/users/me`, which wants a fresh factor (decision 0167). Throws OWN_ACCOUNT. */
export function requireOther({ actor }: AdminCtx, { id }: Pick<User, 'id'>): void {
  if (id === actor.id) throw ownAccount()
}

/** Deletes a user, who can be restored for the grace period. Throws NOT_FOUND, OWN_ACCOUNT, LAST_ADMIN. */
export async function deleteOther(ctx: AdminCtx, ref: UserRef): Promise<ChangedUser> {
  const user = await getUser(ctx, ref)
  requireOther(ctx, user)
  return changeUserState(ctx, { userId: user.id, change: 'delete', actor: actorOf(ctx) })
}

/** Deletes a user for good, in any state. Throws NOT_FOUND, OWN_ACCOUNT, LAST_ADMIN. */
export async function forceDelete(ctx: AdminCtx, ref: UserRef): Promise<Erasure> {
  const user = await getUser(ctx, ref)
  requireOther(ctx, user)
  return eraseUser(ctx, { userId: user.id, actor: actorOf(ctx) })
}

import type { ActorCtx } from '../../../context.ts'
import { type Erasure, eraseUser } from '../../users/service/erasure.ts'
import { ownAccount } from '../errors.ts'
import { getUserByRef, type UserRef } from './users.ts'

/** Deletes a user for good, in any state. Throws NOT_FOUND, OWN_ACCOUNT, LAST_ADMIN. */
export async function forceDelete(ctx: ActorCtx, ref: UserRef): Promise<Erasure> {
  const { id: userId } = await getUserByRef(ctx, ref)
  if (userId === ctx.actor.id) throw ownAccount()
  return eraseUser(ctx, { userId, actor: { type: 'user', id: ctx.actor.id } })
}

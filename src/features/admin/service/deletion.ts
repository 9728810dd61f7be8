import { type ActorCtx, actorOf } from '../../../context.ts'
import { type Erasure, eraseUser } from '../../users/service/erasure.ts'
import { getUser } from '../../users/service.ts'
import type { UserRef } from '../../users/types.ts'
import { ownAccount } from '../errors.ts'

/** Deletes a user for good, in any state. Throws NOT_FOUND, OWN_ACCOUNT, LAST_ADMIN. */
export async function forceDelete(ctx: ActorCtx, ref: UserRef): Promise<Erasure> {
  const { id: userId } = await getUser(ctx, ref)
  if (userId === ctx.actor.id) throw ownAccount()
  return eraseUser(ctx, { userId, actor: actorOf(ctx) })
}

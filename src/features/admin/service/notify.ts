import { type ActorCtx, actorOf } from '../../../context.ts'
import { sendNotice } from '../../notifications/service.ts'
import type { Notice } from '../../notifications/types.ts'
import { getPresentUser } from '../../users/service.ts'
import type { UserRef } from '../../users/types.ts'

/** A message of an admin to a user, as `notification.created`. Throws NOT_FOUND. */
export async function notifyUserOf(ctx: ActorCtx, ref: UserRef, notice: Notice): Promise<{ userId: string }> {
  const { id: userId } = await getPresentUser(ctx, ref)
  await sendNotice(ctx, { userId, actor: actorOf(ctx), notice })
  return { userId }
}

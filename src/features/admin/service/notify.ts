import { type AdminCtx, actorOf } from '../../../context.ts'
import { sendNotice } from '../../users/service/notices.ts'
import { getPresentUser } from '../../users/service/users.ts'
import type { Notice, UserRef } from '../../users/types.ts'

/** A message of an admin to a user, as `notification.created`. Throws NOT_FOUND. */
export async function notifyUserOf(ctx: AdminCtx, ref: UserRef, notice: Notice): Promise<{ userId: string }> {
  const { id: userId } = await getPresentUser(ctx, ref)
  await sendNotice(ctx, { userId, actor: actorOf(ctx), notice })
  return { userId }
}

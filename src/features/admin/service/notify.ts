import { type AdminCtx, actorOf } from '../../../context.ts'
import { record } from '../../../db/commit.ts'
import { notificationEvent } from '../../users/service/notices.ts'
import { getPresentUser } from '../../users/service/users.ts'
import type { Notification, UserRef } from '../../users/types.ts'

/** Sends a message of an admin to a user, as `notification.created`. Throws NOT_FOUND. */
export async function notifyUserOf(
  ctx: AdminCtx,
  ref: UserRef,
  notification: Notification,
): Promise<{ userId: string }> {
  const { id: userId } = await getPresentUser(ctx, ref)
  await record(ctx, notificationEvent(userId, actorOf(ctx), notification))
  return { userId }
}

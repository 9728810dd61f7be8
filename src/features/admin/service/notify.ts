import type { ActorCtx } from '../../../context.ts'
import { sendNotice } from '../../notifications/service.ts'
import type { Notice } from '../../notifications/types.ts'
import { getUserByRef, type UserRef, userNotFound } from './users.ts'

/** A message of an admin to a user, as `notification.created`. Throws NOT_FOUND. */
export async function notifyUserOf(ctx: ActorCtx, ref: UserRef, notice: Notice): Promise<{ userId: string }> {
  const { id: userId, status } = await getUserByRef(ctx, ref)
  if (status === 'deleted') throw userNotFound()
  await sendNotice(ctx, { userId, actor: { type: 'user', id: ctx.actor.id }, notice })
  return { userId }
}

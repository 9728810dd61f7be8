import type { Ctx } from '../../../context.ts'
import { notifyUser } from '../../notifications/service.ts'
import type { User } from '../../users/types.ts'
import { mailOwner } from './owner-notice.ts'

/** Tells the user by mail, behind the answer: the change stands whether or not the mail can be written. */
export const tellPasswordChanged = (ctx: Ctx, user: User): void => ctx.defer(sendNotice(ctx, user))

async function sendNotice(ctx: Ctx, user: User): Promise<void> {
  await notifyUser(ctx, { user, kind: 'password_changed', actor: { type: 'user', id: user.id } })
  await mailOwner(ctx, user, { kind: 'password_changed', params: {} })
}

import type { Ctx } from '../../../context.ts'
import { queueMail } from '../../mail/service.ts'
import { notifyUser } from '../../notifications/service.ts'
import type { User } from '../../users/types.ts'
import { issueReportLink } from './report.ts'

/** Tells the user by mail, behind the answer: the change stands whether or not the mail can be written. */
export const tellPasswordChanged = (ctx: Ctx, user: User): void => ctx.defer(sendNotice(ctx, user))

async function sendNotice(ctx: Ctx, user: User): Promise<void> {
  const { id: userId, email: to, locale } = user
  await notifyUser(ctx, { user, kind: 'password_changed', actor: { type: 'user', id: userId } })
  const reportLink = await issueReportLink(ctx, user)
  await queueMail(ctx, { kind: 'password_changed', to, userId, locale, params: { reportLink } })
}

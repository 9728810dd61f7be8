import type { Ctx } from '../../../context.ts'
import type { SessionSnapshot } from '../../../durable/rpc.ts'
import { describeUserAgent } from '../../../lib/user-agent.ts'
import { notifyUser } from '../../users/service/notices.ts'
import { mailOwner } from '../../users/service/owner-notice.ts'
import type { User } from '../../users/types.ts'

/** Tells the user by mail, behind the answer: the sign-in stands whether or not the mail can be written. */
export const tellNewDevice = (ctx: Ctx, user: User, session: SessionSnapshot): void =>
  ctx.defer(sendNotice(ctx, user, session))

async function sendNotice(ctx: Ctx, user: User, session: SessionSnapshot): Promise<void> {
  const device = describeUserAgent(session.userAgent).device_name ?? '?'
  await notifyUser(ctx, { user, kind: 'new_device', actor: { type: 'user', id: user.id }, params: { device } })
  const params = {
    device,
    ip: session.country === null ? session.ip : `${session.ip} (${session.country})`,
    time: session.openedAt,
  }
  await mailOwner(ctx, user, { kind: 'new_device', params })
}

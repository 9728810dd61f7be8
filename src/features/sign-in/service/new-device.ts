import type { Ctx } from '../../../context.ts'
import type { SessionSnapshot } from '../../../durable/rpc.ts'
import { describeUserAgent } from '../../../lib/user-agent.ts'
import { notifyOwner } from '../../users/service/notices.ts'
import type { User } from '../../users/types.ts'

/** Notifies the user of a sign-in from a new device. */
export function tellNewDevice(ctx: Ctx, user: User, session: SessionSnapshot): void {
  const { country, ip, openedAt, userAgent } = session
  const params = {
    device: describeUserAgent(userAgent).device_name ?? '?',
    ip: country === null ? ip : `${ip} (${country})`,
    time: openedAt,
  }
  notifyOwner(ctx, user, { kind: 'new_device', params })
}

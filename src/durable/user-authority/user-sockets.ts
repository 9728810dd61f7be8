import type { EarlyCtx } from '../../context.ts'
import type { SocketIdentity } from '../rpc.ts'
import { createSockets, type Sockets, type SocketsOptions } from '../sockets/sockets.ts'
import { readClaimsVersion } from './credentials.ts'
import { checkSession } from './snapshots.ts'

const MAX_SOCKETS = 20

export interface UserSocketsOptions
  extends Pick<SocketsOptions, 'state' | 'log' | 'alarms' | 'tickets' | 'logger' | 'verify' | 'findAccess'> {
  clock(): number
  context(): EarlyCtx
  userId(): string
}

/** A user's sockets, with events of the user's own log and of hubs. */
export function createUserSockets({ context, userId, ...options }: UserSocketsOptions): Sockets {
  const { sql } = options.state.storage

  const isLive = ({ principal, claimsVersion = 0 }: SocketIdentity): boolean =>
    principal.type === 'user' &&
    principal.userId === userId() &&
    checkSession({ sql, now: options.clock() }, { ...principal, claimsVersion }).live

  return createSockets({
    ...options,
    limit: MAX_SOCKETS,
    isLive,
    claimsVersion: () => readClaimsVersion(sql),
    hub: {
      join: async (topic) => (await context().objects.hub(topic).register({ topic, userId: userId() })).head,
      read: (topic, after, limit) => context().objects.hub(topic).read({ topic, after, limit }),
    },
  })
}

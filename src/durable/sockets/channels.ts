import type { SocketIdentity } from '../rpc.ts'

const CHANNEL = /^(platform|(user|organization):[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/

export const isChannel = (name: string): boolean => CHANNEL.test(name)

/** Where a socket starts: a user's on its own log, a service client's on `platform`. */
export const ownChannel = ({ principal }: SocketIdentity): string =>
  principal.type === 'user' ? `user:${principal.userId}` : 'platform'

/** Other users' channels are nobody's; `platform` is for admins; anything else must be among the principal's topics. */
export function mayRead(identity: SocketIdentity, channel: string): boolean {
  if (channel === ownChannel(identity)) return true
  if (channel.startsWith('user:')) return false
  return (channel === 'platform' && identity.isAdmin) || identity.topics.includes(channel)
}

export const isSamePrincipal = (a: SocketIdentity, b: SocketIdentity): boolean => principalOf(a) === principalOf(b)

const principalOf = ({ principal }: SocketIdentity): string =>
  principal.type === 'user' ? `user ${principal.userId}` : `client ${principal.clientId}`

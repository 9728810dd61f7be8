import type { SocketIdentity } from '../rpc.ts'

const CHANNEL = /^(platform|(user|organization):[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/

export const isChannel = (name: string): boolean => CHANNEL.test(name)

/** The channel that a socket has from the start: the user's own, or `platform` for a service client. */
export const ownChannel = ({ principal }: SocketIdentity): string =>
  principal.type === 'user' ? `user:${principal.userId}` : 'platform'

/** Nobody may read another user's channel; `platform` is for admins; any other channel must be among the principal's topics. */
export function mayRead(identity: SocketIdentity, channel: string): boolean {
  if (channel === ownChannel(identity)) return true
  if (channel.startsWith('user:')) return false
  return (channel === 'platform' && identity.isAdmin) || identity.topics.includes(channel)
}

export const isSamePrincipal = (a: SocketIdentity, b: SocketIdentity): boolean => principalOf(a) === principalOf(b)

const principalOf = ({ principal }: SocketIdentity): string =>
  principal.type === 'user' ? `user ${principal.userId}` : `client ${principal.clientId}`

import type { RecordedEvent } from '../../lib/event.ts'
import type { SocketIdentity } from '../rpc.ts'

const CHANNEL = /^(platform|(user|organization):[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/

export const isChannel = (name: string): boolean => CHANNEL.test(name)

const ORGANIZATION = 'organization:'

/** The id of the organization whose channel it is; undefined for another channel. */
export const organizationOf = (channel: string): string | undefined =>
  isChannel(channel) && channel.startsWith(ORGANIZATION) ? channel.slice(ORGANIZATION.length) : undefined

/** What a user may read of an organization, as one statement has read it. */
export interface OrganizationAccess {
  /** The user's. A token with another `ver` gets no subscription. */
  readonly claimsVersion: number
  /** The organization's. An event that raises it ends the subscription. */
  readonly version: number
  /** Otherwise only the events that are for all members. */
  readonly seesAll: boolean
}

/** The other events show people's devices and addresses. */
const FOR_ALL_MEMBERS = ['organization.', 'role.']

export const mayHear = (access: Pick<OrganizationAccess, 'seesAll'>, { type }: RecordedEvent): boolean =>
  access.seesAll || FOR_ALL_MEMBERS.some((prefix) => type.startsWith(prefix))

/** The channel that a socket has from the start: the user's own, or `platform` for a service client. */
export const ownChannel = ({ principal }: SocketIdentity): string =>
  principal.type === 'user' ? `user:${principal.userId}` : 'platform'

/**
 * Nobody may read another user's channel; `platform` is for admins; any other channel must be among the principal's topics. The
 * database decides about an organization's.
 */
export function mayRead(identity: SocketIdentity, channel: string): boolean {
  if (channel === ownChannel(identity)) return true
  if (channel.startsWith('user:')) return false
  return (channel === 'platform' && identity.isAdmin) || identity.topics.includes(channel)
}

export const isSamePrincipal = (a: SocketIdentity, b: SocketIdentity): boolean => principalOf(a) === principalOf(b)

/** Whether what a token could read of organizations holds for a later one: rights change with `ver`, factors with the session. */
export const keepsRights = (before: SocketIdentity, after: SocketIdentity): boolean =>
  sessionOf(before) === sessionOf(after) &&
  before.claimsVersion === after.claimsVersion &&
  (before.acr === after.acr || after.acr === 'aal2')

const sessionOf = ({ principal }: SocketIdentity) => (principal.type === 'user' ? principal.sessionId : null)

const principalOf = ({ principal }: SocketIdentity): string =>
  principal.type === 'user' ? `user ${principal.userId}` : `client ${principal.clientId}`

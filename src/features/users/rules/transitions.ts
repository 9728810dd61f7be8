import type { EndReason } from '../../../durable/rpc.ts'
import type { EventName } from '../../../lib/event.ts'
import type { User, UserStatus } from '../types.ts'

const CHANGES = ['suspend', 'unsuspend', 'deactivate', 'activate', 'lock', 'unlock', 'delete', 'restore'] as const

/** What can be done to the state of an account. */
export type StateChange = (typeof CHANGES)[number]

export interface Transition {
  readonly from: readonly UserStatus[]
  readonly to: UserStatus
  readonly event: EventName
  /** Why the sessions end; null where they live on. */
  readonly ends: EndReason | null
}

/**
 * A row a change. One state at a time, so that undoing one measure never undoes another: a locked user is unlocked
 * before being suspended. Deletion is from any state.
 */
export const TRANSITIONS: Readonly<Record<StateChange, Transition>> = {
  suspend: { from: ['active', 'pending'], to: 'suspended', event: 'user.suspended', ends: 'suspended' },
  unsuspend: { from: ['suspended'], to: 'active', event: 'user.reactivated', ends: null },
  deactivate: { from: ['active', 'pending'], to: 'inactive', event: 'user.deactivated', ends: 'deactivated' },
  activate: { from: ['inactive'], to: 'active', event: 'user.reactivated', ends: null },
  lock: { from: ['active', 'pending'], to: 'locked', event: 'user.locked', ends: 'locked' },
  unlock: { from: ['locked'], to: 'active', event: 'user.unlocked', ends: null },
  delete: {
    from: ['active', 'pending', 'inactive', 'suspended', 'locked'],
    to: 'deleted',
    event: 'user.deleted',
    ends: 'deleted',
  },
  // Not to active: what was suspended before it was deleted is not let in by the way.
  restore: { from: ['deleted'], to: 'inactive', event: 'user.restored', ends: null },
}

/** The change that leads from one state to another, if one does. */
export const findChange = (from: UserStatus, to: UserStatus): StateChange | undefined =>
  CHANGES.find((change) => TRANSITIONS[change].to === to && TRANSITIONS[change].from.includes(from))

/** A deleted user is nobody, but to whoever restores it within the grace period: after it the erasure may have begun. */
export const isAbsent = (user: User | undefined, change: StateChange, now: number): user is undefined =>
  user === undefined ||
  (user.status === 'deleted' && (change !== 'restore' || (user.eraseAt !== null && user.eraseAt <= now)))

/** Names of roles, as gateways read them: `[a-z0-9:_-]`. */
export const isRoleName = (role: string): boolean => /^[a-z0-9:_-]{1,64}$/.test(role)

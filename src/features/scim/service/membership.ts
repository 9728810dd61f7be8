import type { DirectoryCtx } from '../../../context.ts'
import { ADMIN } from '../../../lib/roles.ts'
import { insertMembership, updateMembership } from '../../memberships/service.ts'
import type { Membership } from '../../memberships/tables.ts'
import type { User } from '../../users/types.ts'
import { type always, isPlainMember, joining } from '../store/records.ts'

type Condition = typeof always

/** The account behind a record, as it was read. */
export interface Account {
  readonly user: User
  /** The directory owns it: it may switch the account off, rename it, change its address. */
  readonly isManaged: boolean
  readonly membership: Membership | null
  /** It was not behind the record before. */
  readonly isNewlyLinked: boolean
}

/** A member who has taken that up, below an owner, and no platform admin: an organization's admins may always remove them. */
export const isPlain = ({ user, membership }: Pick<Account, 'user' | 'membership'>): boolean =>
  user.role !== ADMIN &&
  membership !== null &&
  membership.role !== 'owner' &&
  (membership.takenUpAt ?? membership.suspendedAt) !== null

export const added = (organizationId: string, { userId, role }: { userId: string; role: string }) => ({
  type: 'organization.member_added' as const,
  subject: userId,
  userId,
  organizationId,
  data: { role, status: 'active', invitation_id: null, reason: 'directory' },
})

/** A membership that was suspended is as it was; one that its user had not taken up begins now. */
export const takingUp = (ctx: DirectoryCtx, { suspendedAt, joinedAt }: Membership) =>
  suspendedAt === null
    ? { takenUpAt: ctx.now(), joinedAt: ctx.now(), expiresAt: null }
    : { takenUpAt: joinedAt, suspendedAt: null }

/** The account becomes a member, or is one again. Null for a member. */
export function entering(ctx: DirectoryCtx, { user, membership }: Account, role: string) {
  const { organizationId } = ctx.actor
  const now = ctx.now()
  const key = { organizationId, userId: user.id }
  if (membership?.takenUpAt) return null
  if (membership === null) {
    const row = { ...key, id: ctx.newId(), role, joinedAt: now, takenUpAt: now }
    return {
      when: joining(row),
      effects: (written: Condition) => ({
        with: [insertMembership(ctx, row, written)],
        events: [added(organizationId, { userId: user.id, role })],
      }),
    }
  }
  // One that was suspended, or that its user has not taken up.
  const set = takingUp(ctx, membership)
  return {
    when: joining({ ...key, isThere: true }),
    effects: (written: Condition) => ({
      with: [updateMembership(ctx, key, { set, when: written })],
      events: [added(organizationId, { userId: user.id, role: membership.role })],
    }),
  }
}

/**
 * The membership is suspended. Null for whoever has none, and for owners and platform admins: the token may be an admin's, and admins
 * remove neither. Asked at every write, for a link is older than what became of its account.
 */
export function suspending(ctx: DirectoryCtx, { user, membership }: Account) {
  if (!membership?.takenUpAt || !isPlain({ user, membership })) return null
  const { organizationId } = ctx.actor
  const set = { takenUpAt: null, expiresAt: null, suspendedAt: ctx.now() }
  return {
    when: isPlainMember(organizationId, user.id),
    effects: (written: Condition) => ({
      with: [updateMembership(ctx, { organizationId, userId: user.id }, { set, when: written })],
      events: [
        {
          type: 'organization.member_removed' as const,
          organizationId,
          data: { before: { role: membership.role }, reason: 'suspended' },
        },
      ],
    }),
  }
}

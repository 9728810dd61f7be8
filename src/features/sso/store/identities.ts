import { type SQL, sql } from 'drizzle-orm'
import { isManagedBy } from '../../domains/tables.ts'
import { isUnknown } from '../../factors/identities/service.ts'
import type { IdentityKey } from '../../factors/identities/types.ts'
import { effectiveRole } from '../../memberships/service.ts'
import { hasRoom, isJoined, isOpen, type Membership, mayJoinMore, memberships } from '../../memberships/tables.ts'
import { isTarget, users } from '../../users/tables.ts'
import type { User } from '../../users/types.ts'
import type { SsoConnection } from '../tables.ts'
import type { GivenRank } from '../types.ts'

export { hasChanged } from '../../users/tables.ts'

const isOneOfItsPeople = (
  user: User,
  { organizationId }: Pick<SsoConnection, 'organizationId'>,
  isConfirmed: boolean,
): SQL => sql`exists (select 1 from ${users} where ${isTarget({ ...user, userId: user.id })}
    and (${users.emailVerifiedAt} is not null and ${users.emailUnansweredSince} is null) = ${Number(isConfirmed)})
    and ${isManagedBy(organizationId, user.id)}`

/** Holds while the account may sign in, with the confirmed address and the credentials that were read, and is one of the organization's people. */
export const mayBeLinked = (user: User, connection: Pick<SsoConnection, 'organizationId'>): SQL =>
  isOneOfItsPeople(user, connection, true)

/** As `mayBeLinked`, for an address that nobody has confirmed; and nobody has the identity. */
export const mayBeTakenOver = (
  user: User,
  connection: Pick<SsoConnection, 'organizationId'>,
  identity: IdentityKey,
): SQL => sql`${isOneOfItsPeople(user, connection, false)} and ${isUnknown(identity)}`

/** Holds while the connection is there, and no directory writes the organization's people. */
export const mayMap = ({ id, organizationId }: Pick<SsoConnection, 'id' | 'organizationId'>): SQL =>
  sql`exists (select 1 from sso_connections as mapping where mapping.id = ${id}) and ${hasNoDirectory(organizationId)}`

export const hasNoDirectory = (organizationId: string): SQL =>
  sql`exists (select 1 from organizations as plain where plain.id = ${organizationId} and plain.directory_enabled = 0)`

/** The higher of a role and the one that a membership has by hand. */
export const byHand = (role: GivenRank): SQL => effectiveRole(roleValue(role))

export const roleValue = (role: GivenRank | null): SQL => sql`${role}`

/** As `condition`, while the membership that changes is as it was read. */
export const whileAsRead = ({ id, role }: Pick<Membership, 'id' | 'role'>, condition: SQL): SQL =>
  sql`${memberships.id} = ${id} and ${memberships.role} = ${role} and ${condition}`

/** When somebody may become a member, and whether this membership was made. */
export const joining = ({ id, organizationId, userId }: Pick<Membership, 'id' | 'organizationId' | 'userId'>) => ({
  when: sql`${isOpen(organizationId)} and ${hasRoom(organizationId)} and ${mayJoinMore(userId)} and not exists
    (select 1 from memberships as there where there.organization_id = ${organizationId} and there.user_id = ${userId}
      and ${isJoined('there')})`,
  isMade: sql`exists (select 1 from memberships as made where made.id = ${id})`,
})

import type { Ctx } from '../../../context.ts'
import { isRanked, type Rank, toRank } from '../../../lib/roles.ts'
import { isAccount, mapping, settleMapped } from '../../memberships/service/mapping.ts'
import {
  deletePending,
  findPlace,
  insertMembership,
  limitReached,
  revokeTo,
  updateMembership,
} from '../../memberships/service.ts'
import type { Membership } from '../../memberships/tables.ts'
import { takingUp } from '../../organizations/service/organizations.ts'
import { deleteHeld } from '../../rbac/service/rights.ts'
import { SSO } from '../../sessions/types.ts'
import { changeUser, type UserChange } from '../../users/service/change-user.ts'
import type { User } from '../../users/types.ts'
import { byHand, hasChanged, joining, mayMap, roleValue, whileAsRead } from '../store/identities.ts'
import type { GivenRank, RoleMapping } from '../types.ts'
import type { SeenConfiguration } from './configuration.ts'

/** What the groups of a sign-in give: the highest role, or none. */
function mappedRoleOf(roleMapping: readonly RoleMapping[], groups: readonly string[]): GivenRank | null {
  const given = roleMapping.filter(({ group }) => groups.includes(group)).map(({ role }) => role)
  return given.reduce<GivenRank | null>((one, role) => (one === null ? role : higherRank(one, role)), null)
}

const higherRank = <R extends Rank>(one: R, other: R): R => (isRanked(one, other) ? one : other)

interface Standing extends Pick<NonNullable<Awaited<ReturnType<typeof findPlace>>>, 'organization' | 'membership'> {
  readonly user: User
  readonly groups: readonly string[]
}

/**
 * Gives a member what their groups map to, apart from the role by hand: the higher counts. While a directory writes the
 * organization's people, its groups decide.
 */
export async function mapRole(
  ctx: Ctx,
  configuration: SeenConfiguration,
  { user, groups, organization, membership }: Standing,
): Promise<void> {
  const { organizationId } = configuration
  const mapped = mappedRoleOf(configuration.roleMapping, groups)
  if (organization.directoryEnabled || membership?.mappedRole === mapped) return
  const mappingId = ctx.newId()
  const [first, ...others] = mapping(ctx, {
    organizationId,
    mapped: roleValue(mapped),
    actor: SSO,
    mappingId,
    affected: isAccount(user.id),
    when: mayMap(configuration),
  })
  if (first) await ctx.db.batch([first, ...others])
  await settleMapped(ctx, { organizationId, mappingId })
}

interface Joining {
  readonly user: User
  /** One that was not taken up. */
  readonly membership: Membership | null
}

/** Makes a person of the organization a member. An older invitation must not bring them back once they have left. */
export async function join(ctx: Ctx, configuration: SeenConfiguration, { user, membership }: Joining): Promise<void> {
  if (membership && (await takeUp(ctx, configuration, membership))) return
  const { organizationId, defaultRole: role } = configuration
  const [userId, now] = [user.id, ctx.now()]
  const row = { id: ctx.newId(), organizationId, userId, role, joinedAt: now, takenUpAt: now }
  const { when, isMade } = joining(row)
  const changed = await changeUser(ctx, {
    ...additionOf(configuration, { userId, role }),
    when: isMade,
    with: [
      ...revokeTo(ctx, { organizationId, userId, reason: 'joined', actor: SSO }, when),
      // Of a membership that nobody answers for any more.
      ...deleteHeld(ctx, { scope: organizationId, userId }, when),
      deletePending(ctx, { organizationId, userId }, when),
      insertMembership(ctx, row, when),
    ],
  })
  if (!changed && !(await findPlace(ctx, { id: organizationId }, userId))?.membership?.takenUpAt) throw limitReached()
}

/** Takes up a membership that waits, for which whoever gave it still answers, with the higher of its role and the default. */
async function takeUp(ctx: Ctx, configuration: SeenConfiguration, membership: Membership): Promise<boolean> {
  const { organizationId, defaultRole } = configuration
  const { userId } = membership
  const role = higherRank<Rank>(toRank(membership.role), defaultRole)
  const when = takingUp(ctx, membership)
  const set = { role: byHand(defaultRole), takenUpAt: ctx.now(), joinedAt: ctx.now(), expiresAt: null }
  const changed = await changeUser(ctx, {
    ...additionOf(configuration, { userId, role }),
    when: hasChanged,
    with: [
      ...revokeTo(ctx, { organizationId, userId, reason: 'joined', actor: SSO }, when.elsewhere),
      updateMembership(ctx, membership, { set, when: whileAsRead(membership, when.here) }),
    ],
  })
  return changed !== null
}

const additionOf = (
  { organizationId, id }: SeenConfiguration,
  { userId, role }: { userId: string; role: Rank },
): Pick<UserChange, 'userId' | 'set' | 'actor' | 'changesClaims' | 'events'> => ({
  userId,
  set: {},
  actor: SSO,
  changesClaims: true,
  events: [{ type: 'organization.member_added', organizationId, data: { role, status: 'active', connection_id: id } }],
})

import { type ActorCtx, actorOf, type PlaceCtx } from '../../../context.ts'
import { commit } from '../../../db/commit.ts'
import type { Range } from '../../../db/list.ts'
import { DomainError, defineError, insufficientPermissions, notAMember } from '../../../lib/errors.ts'
import { isRanked, type Rank, toRank } from '../../../lib/roles.ts'
import { DAY } from '../../../lib/time.ts'
import { countSent, mailAddition } from '../../invitations/service/sending.ts'
import {
  alreadyMember,
  enterOrganization,
  findPlace,
  insertMembership,
  LIMITS,
  limitReached,
  memberNotFound,
  requireFactors,
  revokeUnanswered,
  updateMembership,
} from '../../memberships/service.ts'
import { deleteHeld } from '../../rbac/service/rights.ts'
import { activateOrganization } from '../../sessions/service.ts'
import type { ActivatedToken } from '../../sessions/types.ts'
import { type GivenFactors, requireFreshFactor } from '../../sign-in/service/step-up.ts'
import { changeUser, type UserChange } from '../../users/service/change-user.ts'
import { findUser, getCurrentUser, userNotFound } from '../../users/service/users.ts'
import {
  addition,
  countMemberships,
  demotion,
  hasChanged,
  leaving,
  promotion,
  removal,
  selectMember,
  selectMembers,
  takingUp,
} from '../store.ts'

export const memberChanged = defineError(
  'MEMBER_CHANGED',
  'conflict',
  'The member was changed meanwhile; read it again',
)
export const lastOwner = defineError('LAST_OWNER', 'malformed', 'An organization needs an owner')
export const ownMembership = defineError(
  'OWN_MEMBERSHIP',
  'malformed',
  'Your own membership is changed by leaving, or by transferring the ownership',
)
export const ownerNotRemovable = defineError(
  'OWNER_NOT_REMOVABLE',
  'malformed',
  'An owner is given another role before being removed',
)

/** How long an addition that was not asked for waits to be taken up. */
const PENDING_MS = 30 * DAY

/** A member with what the user shows of themselves; masked until the membership is taken up. */
export type Member = NonNullable<Awaited<ReturnType<typeof selectMember>>>

const maskText = (text: string | null): string | null => (text ? `${[...text][0]}***` : null)

const maskEmail = (email: string): string => email.replace(/^(.)[^@]*@(.)[^.]*/u, '$1***@$2***')

/** Whoever was added by strangers is one to them: the organization sees the id and masked names and address. */
function seenMember(member: Member): Member {
  if (member.takenUpAt !== null) return member
  const { email, firstName, lastName, displayName } = member
  return {
    ...member,
    email: maskEmail(email),
    firstName: maskText(firstName),
    lastName: maskText(lastName),
    displayName: maskText(displayName),
    profileImageUrl: null,
  }
}

/** The members of an organization, by when they joined. Removed ones are for admins. Throws INSUFFICIENT_PERMISSIONS. */
export async function listMembers(ctx: PlaceCtx, { withRemoved, ...range }: Range & { withRemoved: boolean }) {
  const { organizationId, rank } = ctx.place
  if (withRemoved && !isRanked(rank, 'admin')) throw insufficientPermissions({ required_role: 'admin' })
  const { rows, total } = await selectMembers(ctx, organizationId, { withRemoved }, range)
  return { rows: rows.map(seenMember), total }
}

async function getMember(ctx: PlaceCtx, userId: string): Promise<Member> {
  const member = await selectMember(ctx, { organizationId: ctx.place.organizationId, userId })
  if (!member) throw memberNotFound()
  return member
}

/** A member other than the caller. Throws OWN_MEMBERSHIP, MEMBER_NOT_FOUND. */
async function getOther(ctx: PlaceCtx, userId: string): Promise<Member> {
  if (userId === ctx.actor.id) throw ownMembership()
  return getMember(ctx, userId)
}

/** Changes what a user has in an organization, whose tokens become outdated. Null when the last of the statements changed nothing. */
const changeStanding = (
  ctx: ActorCtx,
  change: Pick<UserChange, 'userId' | 'events' | 'alsoChangesClaimsOf'> & Required<Pick<UserChange, 'with'>>,
) => changeUser(ctx, { ...change, set: {}, when: hasChanged, actor: actorOf(ctx), changesClaims: true })

/** Nobody gives or takes more than they hold; making an owner asks for a fresh factor. */
async function requireRightToGive(ctx: PlaceCtx, role: Rank, given: GivenFactors = {}): Promise<void> {
  if (!isRanked(ctx.place.rank, role)) throw insufficientPermissions({ required_role: role })
  if (role === 'owner') await requireFreshFactor(ctx, given)
}

export interface Addition {
  readonly userId: string
  readonly role: Rank
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}

/**
 * Adds a user by id, for admins. The membership counts for nothing until the user has taken it up, unless an admin of the platform
 * adds them. Throws NOT_FOUND, ALREADY_MEMBER, LIMIT_REACHED, INSUFFICIENT_PERMISSIONS, STEP_UP_REQUIRED.
 */
export async function addMember(ctx: PlaceCtx, { userId, role, metadata = {} }: Addition): Promise<Member> {
  await requireRightToGive(ctx, role)
  const user = await findUser(ctx, userId)
  if (!user || user.status === 'deleted') throw userNotFound()
  const { organizationId, isPlatformAdmin } = ctx.place
  // Whoever is added against their will is mailed, and that is counted as an invitation's mail is.
  const takeBack = isPlatformAdmin
    ? null
    : await countSent(ctx, { authorId: ctx.actor.id, organizationId, email: user.email })
  const now = ctx.now()
  const row = {
    id: ctx.newId(),
    organizationId,
    userId,
    role,
    metadata: { ...metadata },
    invitedBy: ctx.actor.id,
    joinedAt: now,
    ...(isPlatformAdmin ? { takenUpAt: now } : { expiresAt: now + PENDING_MS }),
  }
  const status = isPlatformAdmin ? 'active' : 'pending'
  const [added] = await commit(ctx, insertMembership(ctx, row, addition(ctx, row)), {
    type: 'organization.member_added',
    subject: userId,
    userId,
    organizationId,
    actor: actorOf(ctx),
    data: { role, status, invitation_id: null },
  })
  if (!added) {
    await takeBack?.()
    throw await additionRefused(ctx, userId)
  }
  if (!isPlatformAdmin) {
    const author = await getCurrentUser(ctx)
    mailAddition(ctx, user, { organization: ctx.place, author, role, until: now + PENDING_MS })
  }
  return seenMember(await getMember(ctx, userId))
}

async function additionRefused(ctx: PlaceCtx, userId: string) {
  const { organizationId } = ctx.place
  const { organization } = await enterOrganization(ctx, { id: organizationId }, 'admin')
  if (await selectMember(ctx, { organizationId, userId })) return alreadyMember()
  if (organization.memberCount >= LIMITS.membersPerOrganization)
    return limitReached({ limit: LIMITS.membersPerOrganization })
  const { pending } = await countMemberships(ctx, userId)
  const isFull = pending >= LIMITS.pendingMembershipsPerUser && !ctx.place.isPlatformAdmin
  return limitReached({ limit: isFull ? LIMITS.pendingMembershipsPerUser : LIMITS.organizationsPerUser })
}

/**
 * Gives a member another role, for admins. Their tokens become outdated, and invitations for which they no longer answer are
 * revoked. Throws OWN_MEMBERSHIP, MEMBER_NOT_FOUND, LAST_OWNER, MEMBER_CHANGED, INSUFFICIENT_PERMISSIONS, STEP_UP_REQUIRED.
 */
export async function changeMemberRole(
  ctx: PlaceCtx,
  { userId, role }: { userId: string; role: Rank },
): Promise<{ member: Member; propagated: boolean }> {
  const member = await getOther(ctx, userId)
  const before = toRank(member.role)
  if (!isRanked(ctx.place.rank, before)) throw insufficientPermissions({ required_role: before })
  await requireRightToGive(ctx, role)
  if (role === before) return { member: seenMember(member), propagated: true }
  const { organizationId } = ctx.place
  const when = demotion(ctx, { userId, before, after: role })
  const changed = await changeStanding(ctx, {
    userId,
    with: [
      ...revokeUnanswered(ctx, { organizationId, authorId: userId, rank: role, actor: actorOf(ctx) }, when.elsewhere),
      updateMembership(ctx, { organizationId, userId }, { set: { role }, when: when.here }),
    ],
    events: [
      { type: 'organization.role_changed', organizationId, data: { before: { role: before }, after: { role } } },
    ],
  })
  if (!changed) throw await roleChangeRefused(ctx, userId, before)
  return { member: seenMember({ ...member, role }), propagated: changed.propagated }
}

async function roleChangeRefused(ctx: PlaceCtx, userId: string, before: Rank) {
  await enterOrganization(ctx, { id: ctx.place.organizationId }, isRanked('admin', before) ? 'admin' : 'owner')
  const { role } = await getMember(ctx, userId)
  return role === before && before === 'owner' ? lastOwner() : memberChanged()
}

/**
 * Removes a member, for admins: subscriptions, custom roles and direct grants there end, and the tokens become outdated. Throws
 * OWN_MEMBERSHIP, MEMBER_NOT_FOUND, OWNER_NOT_REMOVABLE, MEMBER_CHANGED.
 */
export async function removeMember(ctx: PlaceCtx, userId: string): Promise<{ propagated: boolean }> {
  const { role } = await getOther(ctx, userId)
  if (role === 'owner') throw ownerNotRemovable()
  const changed = await endMembership(ctx, {
    userId,
    organizationId: ctx.place.organizationId,
    role,
    ...removal(ctx, userId, role),
  })
  if (changed) return changed
  await enterOrganization(ctx, { id: ctx.place.organizationId }, 'admin')
  await getMember(ctx, userId)
  throw memberChanged()
}

/** The caller leaves an organization, also one that they never took up. Throws NOT_A_MEMBER, LAST_OWNER. */
export async function leaveOrganization(ctx: ActorCtx, organizationId: string): Promise<{ propagated: boolean }> {
  const userId = ctx.actor.id
  const member = await selectMember(ctx, { organizationId, userId })
  if (!member) throw notAMember()
  const changed = await endMembership(ctx, {
    userId,
    organizationId,
    role: member.role,
    ...leaving(userId, organizationId),
  })
  if (changed) return changed
  throw (await selectMember(ctx, { organizationId, userId })) ? lastOwner() : notAMember()
}

interface Ending {
  readonly userId: string
  readonly organizationId: string
  readonly role: string
  readonly here: ReturnType<typeof leaving>['here']
  readonly elsewhere: ReturnType<typeof leaving>['elsewhere']
}

/** Null when the condition does not hold. */
async function endMembership(ctx: ActorCtx, { userId, organizationId, role, here, elsewhere }: Ending) {
  return changeStanding(ctx, {
    userId,
    with: [
      ...revokeUnanswered(ctx, { organizationId, authorId: userId, rank: null, actor: actorOf(ctx) }, elsewhere),
      ...deleteHeld(ctx, { scope: organizationId, userId }, elsewhere),
      updateMembership(
        ctx,
        { organizationId, userId },
        { set: { removedAt: ctx.now(), removedBy: ctx.actor.id }, when: here },
      ),
    ],
    events: [{ type: 'organization.member_removed', organizationId, data: { before: { role } } }],
  })
}

/**
 * Makes a member the owner in the caller's place, who becomes an admin; one batch. For owners, with a fresh factor. Throws
 * OWN_MEMBERSHIP, MEMBER_NOT_FOUND, MEMBER_CHANGED, STEP_UP_REQUIRED.
 */
export async function transferOwnership(
  ctx: PlaceCtx,
  { userId, ...given }: { userId: string } & GivenFactors,
): Promise<{ propagated: boolean }> {
  const { organizationId, role: ownRole } = ctx.place
  const { id: callerId } = ctx.actor
  if (userId === callerId) throw ownMembership()
  await requireFreshFactor(ctx, given)
  const { role: before, takenUpAt } = await getMember(ctx, userId)
  if (takenUpAt === null) throw memberNotFound()
  const stepsDown = ownRole === 'owner'
  const when = promotion(ctx, userId)
  const common = { type: 'organization.role_changed', organizationId } as const
  const changed = await changeStanding(ctx, {
    userId,
    with: [
      ...(stepsDown
        ? revokeUnanswered(
            ctx,
            { organizationId, authorId: callerId, rank: 'admin', actor: actorOf(ctx) },
            when.elsewhere,
          )
        : []),
      updateMembership(ctx, { organizationId, userId }, { set: { role: 'owner' }, when: when.here }),
      ...(stepsDown
        ? [updateMembership(ctx, { organizationId, userId: callerId }, { set: { role: 'admin' }, when: hasChanged })]
        : []),
    ],
    alsoChangesClaimsOf: stepsDown ? [callerId] : [],
    events: [
      { ...common, data: { before: { role: before }, after: { role: 'owner' } } },
      ...(stepsDown
        ? [
            {
              ...common,
              subject: callerId,
              userId: callerId,
              data: { before: { role: 'owner' }, after: { role: 'admin' } },
            },
          ]
        : []),
      {
        type: 'organization.ownership_transferred',
        subject: organizationId,
        userId: null,
        organizationId,
        data: { before: { owner_id: stepsDown ? callerId : null }, after: { owner_id: userId } },
      },
    ],
  })
  if (!changed) throw memberChanged()
  return changed
}

/**
 * Makes an organization the active one of the caller's session; takes the membership up where it waits for that. Throws
 * NOT_A_MEMBER, STEP_UP_REQUIRED where two factors are required, LIMIT_REACHED, TOKEN_ERROR.
 */
export async function activate(ctx: ActorCtx, organizationId: string): Promise<ActivatedToken> {
  try {
    return await activateOrganization(ctx, organizationId)
  } catch (cause) {
    if (!(cause instanceof DomainError && cause.code === notAMember.code)) throw cause
    await takeUp(ctx, organizationId)
    return activateOrganization(ctx, organizationId)
  }
}

/** Throws NOT_A_MEMBER where no membership waits, STEP_UP_REQUIRED, LIMIT_REACHED. */
async function takeUp(ctx: ActorCtx, organizationId: string): Promise<void> {
  const userId = ctx.actor.id
  const found = await findPlace(ctx, { id: organizationId }, userId)
  if (!found?.membership) throw notAMember()
  requireFactors(ctx.actor, found.organization.requireTwoFactors)
  const { role } = found.membership
  const [taken] = await commit(
    ctx,
    updateMembership(
      ctx,
      { organizationId, userId },
      { set: { takenUpAt: ctx.now(), joinedAt: ctx.now(), expiresAt: null }, when: takingUp(ctx, organizationId) },
    ),
    {
      type: 'organization.member_added',
      subject: userId,
      userId,
      organizationId,
      actor: actorOf(ctx),
      data: { role, status: 'active', invitation_id: null },
    },
  )
  if (taken) return
  const { taken: held } = await countMemberships(ctx, userId)
  if (held >= LIMITS.organizationsPerUser) throw limitReached({ limit: LIMITS.organizationsPerUser })
  const member = await selectMember(ctx, { organizationId, userId })
  if (member?.takenUpAt) return
  throw member ? limitReached({ limit: LIMITS.membersPerOrganization }) : notAMember()
}

/** The caller's session is in no organization from now on. */
export const deactivate = (ctx: ActorCtx): Promise<ActivatedToken> => activateOrganization(ctx, null)

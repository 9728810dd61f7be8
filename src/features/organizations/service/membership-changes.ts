import { type ActorCtx, actorOf, type Ctx, type PlaceCtx } from '../../../context.ts'
import { commitAll, type Statement } from '../../../db/commit.ts'
import { defineError, insufficientPermissions, notAMember } from '../../../lib/errors.ts'
import type { EventActor, EventDraft } from '../../../lib/event.ts'
import { isRanked, type Rank, toRank } from '../../../lib/roles.ts'
import { organizationIn } from '../../invitations/service/sending.ts'
import { createTexts } from '../../localization/service/texts.ts'
import {
  enterOrganization,
  findPlace,
  memberNotFound,
  revokeTo,
  revokeUnanswered,
  updateMembership,
} from '../../memberships/service.ts'
import { deleteHeld } from '../../rbac/service/rights.ts'
import { type GivenFactors, requireFreshFactor } from '../../sign-in/service/step-up.ts'
import { changeUser, type UserChange } from '../../users/service/change-user.ts'
import { notificationOf } from '../../users/service/notices.ts'
import { demotion, hasChanged, leaving, promotion, removal, selectMember, type Twofold } from '../store.ts'
import { getMember, type Member, requireConfirmedOwner, requireRightToGive, seenMember } from './members.ts'

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

/** What a change of a membership needs of it, as it was read. */
type Membership = Pick<Member, 'organizationId' | 'userId' | 'role' | 'takenUpAt'>

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

/**
 * Gives a member another role, for admins. Their tokens become outdated, and invitations for which they no longer answer are
 * revoked. Throws OWN_MEMBERSHIP, MEMBER_NOT_FOUND, LAST_OWNER, MEMBER_CHANGED, INSUFFICIENT_PERMISSIONS, STEP_UP_REQUIRED,
 * VERIFIED_ADDRESS_REQUIRED.
 */
export async function changeMemberRole(
  ctx: PlaceCtx,
  { userId, role }: { userId: string; role: Rank },
): Promise<{ member: Member; propagated: boolean }> {
  const member = await getOther(ctx, userId)
  const before = toRank(member.role)
  if (!isRanked(ctx.place.rank, before)) throw insufficientPermissions({ required_role: before })
  await requireRightToGive(ctx, role)
  if (role === before && member.mappedRole === null) return { member: seenMember(member), propagated: true }
  if (role === 'owner' && member.takenUpAt !== null) await requireConfirmedOwner(ctx, userId)
  const when = demotion(ctx, { member, after: role })
  // Whoever gives a role that was not taken up yet answers for it from now on.
  const set = member.takenUpAt === null ? { role, invitedBy: ctx.actor.id } : { role }
  const loses = member.takenUpAt !== null && isRanked(before, role)
  const changed = await changeMembership(ctx, member, {
    set,
    when: when.here,
    along: loses ? revokeUnanswered(ctx, { ...loserOf(ctx, member), rank: role }, when.elsewhere) : [],
    ...(await roleChangeOf(ctx, member, role)),
  })
  if (!changed) throw await roleChangeRefused(ctx, member)
  // A higher role that groups give stays.
  const after = member.mappedRole === null ? { ...member, ...set } : await getMember(ctx, userId)
  return { member: seenMember(after), propagated: changed.propagated }
}

/** Whether a change of role gives a member more: only then it counts as a write. A demotion is never refused for its number. */
export async function isPromotion(ctx: PlaceCtx, { userId, role }: { userId: string; role: Rank }): Promise<boolean> {
  const member = await selectMember(ctx, { organizationId: ctx.place.organizationId, userId })
  return member !== undefined && !isRanked(toRank(member.role), role)
}

async function roleChangeRefused(ctx: PlaceCtx, { userId, role, takenUpAt }: Member) {
  await enterOrganization(ctx, { id: ctx.place.organizationId }, role === 'owner' ? 'owner' : 'admin')
  const now = await getMember(ctx, userId)
  const isAsRead = now.role === role && now.takenUpAt === takenUpAt
  return isAsRead && role === 'owner' ? lastOwner() : memberChanged()
}

/**
 * Removes a member, for admins: subscriptions, custom roles and direct grants there end, and the tokens become outdated. Throws
 * OWN_MEMBERSHIP, MEMBER_NOT_FOUND, OWNER_NOT_REMOVABLE, MEMBER_CHANGED.
 */
export async function removeMember(ctx: PlaceCtx, userId: string): Promise<{ propagated: boolean }> {
  const member = await getOther(ctx, userId)
  if (member.role === 'owner') throw ownerNotRemovable()
  const params = { organization: organizationIn(ctx.place) }
  const notice = await notificationFor(ctx, member, {
    kind: 'organization_member_removed',
    actor: actorOf(ctx),
    params,
  })
  const changed = await endMembership(ctx, member, { when: removal(ctx, member), notice })
  if (changed) return changed
  await enterOrganization(ctx, { id: ctx.place.organizationId }, 'admin')
  await getMember(ctx, userId)
  throw memberChanged()
}

/** The caller leaves an organization, also one that they never took up. Throws NOT_A_MEMBER, LAST_OWNER. */
export async function leaveOrganization(ctx: ActorCtx, organizationId: string): Promise<{ propagated: boolean }> {
  const find = async () => (await findPlace(ctx, { id: organizationId }, ctx.actor.id))?.membership
  const membership = await find()
  if (!membership) throw notAMember()
  const changed = await endMembership(ctx, membership, { when: leaving(membership) })
  if (changed) return changed
  const now = await find()
  if (!now) throw notAMember()
  // Taken up or given another role meanwhile.
  if (now.takenUpAt !== membership.takenUpAt || now.role !== membership.role)
    return leaveOrganization(ctx, organizationId)
  throw lastOwner()
}

/** Null when the condition does not hold. */
function endMembership(
  ctx: ActorCtx,
  membership: Membership,
  { when, notice }: { when: Twofold; notice?: EventDraft },
) {
  const { organizationId, userId, role, takenUpAt } = membership
  const leaver = { organizationId, userId, reason: 'left', actor: actorOf(ctx) } as const
  return changeMembership(ctx, membership, {
    set: { removedAt: ctx.now(), removedBy: ctx.actor.id },
    when: when.here,
    along: [
      ...revokeTo(ctx, leaver, when.elsewhere),
      ...(takenUpAt === null ? [] : revokeUnanswered(ctx, { ...loserOf(ctx, membership), rank: null }, when.elsewhere)),
      ...deleteHeld(ctx, { scope: organizationId, userId }, when.elsewhere),
    ],
    event: { type: 'organization.member_removed', data: { before: { role } } },
    notice,
  })
}

/** Whoever may lose the right to answer for invitations. */
const loserOf = (ctx: ActorCtx, { organizationId, userId }: Membership) => ({
  organizationId,
  authorId: userId,
  actor: actorOf(ctx),
})

/** The event of a change of role, and the notification of whom it concerns. */
const roleChangeOf = async (ctx: PlaceCtx, member: Member, role: Rank) => ({
  event: {
    type: 'organization.role_changed',
    data: { before: { role: member.role }, after: { role } },
  } as const,
  notice: await roleNotice(ctx, member, { organization: ctx.place, role, actor: actorOf(ctx) }),
})

const notificationFor = (
  ctx: Ctx,
  { userId, locale }: Pick<Member, 'userId' | 'locale'>,
  notification: Parameters<typeof notificationOf>[2],
) => notificationOf(ctx, { id: userId, locale }, notification)

/** Tells a member which role they have now. */
export const roleNotice = async (
  ctx: Ctx,
  member: Pick<Member, 'userId' | 'locale'>,
  of: { organization: { name: string; slug: string }; role: Rank; actor: EventActor },
) =>
  notificationFor(ctx, member, {
    kind: 'organization_role_changed',
    actor: of.actor,
    params: {
      organization: organizationIn(of.organization),
      role: (await createTexts(ctx, member.locale)).text(`role.${of.role}`),
    },
  })

interface MembershipChange {
  readonly set: Parameters<typeof updateMembership>[2]['set']
  readonly when: Twofold['here']
  /** Statements on what a member holds there. */
  readonly along: readonly Statement[]
  readonly event: Pick<EventDraft, 'type' | 'data'>
  readonly notice: EventDraft | undefined
}

/**
 * Changes a membership that is as it was read; null when the condition does not hold. A member's tokens become outdated. Where it
 * was not taken up, nothing of its user changes: anybody may add anybody, and must not be able to void a stranger's tokens.
 */
async function changeMembership(
  ctx: ActorCtx,
  { organizationId, userId, takenUpAt }: Membership,
  { set, when, along, event, notice }: MembershipChange,
): Promise<{ propagated: boolean } | null> {
  const actor = actorOf(ctx)
  const update = updateMembership(ctx, { organizationId, userId }, { set, when })
  if (takenUpAt === null) {
    const draft = { ...event, subject: userId, userId, organizationId, actor }
    const [changed] = await commitAll(ctx, [...along, update], draft)
    return changed ? { propagated: true } : null
  }
  return changeStanding(ctx, {
    userId,
    with: [...along, update],
    events: [{ ...event, organizationId }, ...(notice ? [notice] : [])],
  })
}

/**
 * Makes a member the owner in the caller's place, who becomes an admin; one batch. For owners, with a fresh factor. Throws
 * OWN_MEMBERSHIP, MEMBER_NOT_FOUND, MEMBER_CHANGED, STEP_UP_REQUIRED, VERIFIED_ADDRESS_REQUIRED.
 */
export async function transferOwnership(
  ctx: PlaceCtx,
  { userId, ...given }: { userId: string } & GivenFactors,
): Promise<{ propagated: boolean }> {
  const { organizationId, role: ownRole } = ctx.place
  const { id: callerId } = ctx.actor
  if (userId === callerId) throw ownMembership()
  await requireFreshFactor(ctx, given)
  const next = await getMember(ctx, userId)
  if (next.takenUpAt === null) throw memberNotFound()
  await requireConfirmedOwner(ctx, userId)
  const own = ownRole === 'owner' ? await getMember(ctx, callerId) : null
  const when = promotion(ctx, next)
  const changes = [
    ...(next.role === 'owner' ? [] : [{ userId, ...(await roleChangeOf(ctx, next, 'owner')) }]),
    ...(own ? [{ userId: callerId, ...(await roleChangeOf(ctx, own, 'admin')) }] : []),
  ]
  const [first, ...others] = changes
  if (!first) return { propagated: true }
  const changed = await changeStanding(ctx, {
    userId: first.userId,
    with: [
      ...(own ? revokeUnanswered(ctx, { ...loserOf(ctx, own), rank: 'admin' }, when.elsewhere) : []),
      updateMembership(ctx, { organizationId, userId }, { set: { role: 'owner' }, when: when.here }),
      ...(own
        ? [updateMembership(ctx, { organizationId, userId: callerId }, { set: { role: 'admin' }, when: hasChanged })]
        : []),
    ],
    alsoChangesClaimsOf: others.map((one) => one.userId),
    events: [
      { ...first.event, organizationId },
      ...others.map((one) => ({ ...one.event, organizationId, subject: one.userId, userId: one.userId })),
      ...changes.map(({ notice }) => notice),
      {
        type: 'organization.ownership_transferred',
        subject: organizationId,
        userId: null,
        organizationId,
        data: { before: { owner_id: own ? callerId : null }, after: { owner_id: userId } },
      },
    ],
  })
  if (!changed) throw memberChanged()
  return changed
}

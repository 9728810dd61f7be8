import { type ActorCtx, actorOf, type PlaceCtx } from '../../../context.ts'
import { commitAll } from '../../../db/commit.ts'
import type { Range } from '../../../db/list.ts'
import { DomainError, insufficientPermissions, notAMember } from '../../../lib/errors.ts'
import { isAdmin, isRanked, type Rank } from '../../../lib/roles.ts'
import { DAY } from '../../../lib/time.ts'
import { countSent, mailAddition } from '../../invitations/service/sending.ts'
import {
  addressUnverified,
  alreadyMember,
  enterOrganization,
  findPlace,
  insertMembership,
  LIMITS,
  limitReached,
  memberNotFound,
  requireFactors,
  revokeTo,
  ssoRequiredAt,
  updateMembership,
} from '../../memberships/service.ts'
import { activateOrganization } from '../../sessions/service/opening.ts'
import type { ActivatedToken } from '../../sessions/types.ts'
import { type GivenFactors, requireFreshFactor } from '../../sign-in/service/step-up.ts'
import { findUser, getCurrentUser, isEmailConfirmed, userNotFound } from '../../users/service/users.ts'
import { addition, countMemberships, selectMember, selectMembers, takingUp } from '../store.ts'

/** How long an addition that was not asked for waits to be taken up. */
const PENDING_MS = 30 * DAY

/** A member with what the user shows of themselves; masked until the membership is taken up, and once it has ended. */
export type Member = NonNullable<Awaited<ReturnType<typeof selectMember>>>

const maskText = (text: string | null): string | null => (text ? `${[...text][0]}***` : null)

const maskEmail = (email: string): string => email.replace(/^(.)[^@]*@(.)[^.]*/u, '$1***@$2***')

/** Whoever was added by strangers is one to them, and so is whoever left: the organization sees the id and masked names and address. */
export function seenMember(member: Member): Member {
  if ((member.takenUpAt !== null || member.suspendedAt !== null) && member.removedAt === null) return member
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

export async function getMember(ctx: PlaceCtx, userId: string): Promise<Member> {
  const member = await selectMember(ctx, { organizationId: ctx.place.organizationId, userId })
  if (!member) throw memberNotFound()
  return member
}

/** Nobody gives or takes more than they hold; making an owner asks for a fresh factor. */
export async function requireRightToGive(ctx: PlaceCtx, role: Rank, given: GivenFactors = {}): Promise<void> {
  if (!isRanked(ctx.place.rank, role)) throw insufficientPermissions({ required_role: role })
  if (role === 'owner') await requireFreshFactor(ctx, given)
}

/** Members see the owner's address, so nobody becomes one under an address that they did not confirm. Throws VERIFIED_ADDRESS_REQUIRED. */
export async function requireConfirmedOwner(ctx: ActorCtx, userId: string): Promise<void> {
  const user = await findUser(ctx, userId)
  if (!user || !isEmailConfirmed(user))
    throw addressUnverified({}, { message: 'Whoever becomes an owner has to confirm their address first' })
}

export interface Addition {
  readonly userId: string
  readonly role: Rank
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}

/**
 * Adds a user by id, for admins. The membership counts for nothing until the user has taken it up, unless an admin of the platform
 * adds them. Throws NOT_FOUND, ALREADY_MEMBER, LIMIT_REACHED, INSUFFICIENT_PERMISSIONS, STEP_UP_REQUIRED,
 * VERIFIED_ADDRESS_REQUIRED: the mail to the user names the caller's address.
 */
export async function addMember(ctx: PlaceCtx, { userId, role, metadata = {} }: Addition): Promise<Member> {
  await requireRightToGive(ctx, role)
  const user = await findUser(ctx, userId)
  if (!user || user.status === 'deleted') throw userNotFound()
  const { organizationId, isPlatformAdmin } = ctx.place
  const author = await getCurrentUser(ctx)
  if (!isPlatformAdmin && !isEmailConfirmed(author)) throw addressUnverified()
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
  const when = addition(ctx, row)
  const joining = { organizationId, userId, reason: 'joined', actor: actorOf(ctx) } as const
  const along = isPlatformAdmin ? revokeTo(ctx, joining, when) : []
  const [added] = await commitAll(ctx, [...along, insertMembership(ctx, row, when)], {
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
  if (!isPlatformAdmin) mailAddition(ctx, user, { organization: ctx.place, author, role, until: now + PENDING_MS })
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
 * Makes an organization the active one of the caller's session; takes the membership up where it waits for that. Throws
 * NOT_A_MEMBER, SSO_REQUIRED, STEP_UP_REQUIRED where two factors are required, VERIFIED_ADDRESS_REQUIRED of an owner, LIMIT_REACHED, TOKEN_ERROR.
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

/** Throws NOT_A_MEMBER where no membership waits, SSO_REQUIRED, STEP_UP_REQUIRED, VERIFIED_ADDRESS_REQUIRED, LIMIT_REACHED. */
async function takeUp(ctx: ActorCtx, organizationId: string): Promise<void> {
  const userId = ctx.actor.id
  const found = await findPlace(ctx, { id: organizationId }, userId, ctx.actor.sessionId)
  if (!found?.membership) throw notAMember()
  if (found.needsSso && !isAdmin(ctx.actor)) throw ssoRequiredAt(ctx, { organization: organizationId })
  requireFactors(ctx.actor, found.organization.requireTwoFactors)
  const { role } = found.membership
  const when = takingUp(ctx, { organizationId, userId })
  const set = { takenUpAt: ctx.now(), joinedAt: ctx.now(), expiresAt: null }
  const [taken] = await commitAll(
    ctx,
    [
      ...revokeTo(ctx, { organizationId, userId, reason: 'joined', actor: actorOf(ctx) }, when.elsewhere),
      updateMembership(ctx, { organizationId, userId }, { set, when: when.here }),
    ],
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
  const now = await findPlace(ctx, { id: organizationId }, userId)
  if (now?.membership?.takenUpAt) return
  if (now?.membership?.role === 'owner') await requireConfirmedOwner(ctx, userId)
  const isFull = now?.membership && now.organization.memberCount >= LIMITS.membersPerOrganization
  // It has ended, or whoever gave it does not answer for it any more.
  throw isFull ? limitReached({ limit: LIMITS.membersPerOrganization }) : notAMember()
}

/** The caller's session is in no organization from now on. */
export const deactivate = (ctx: ActorCtx): Promise<ActivatedToken> => activateOrganization(ctx, null)

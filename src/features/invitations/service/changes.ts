import { actorOf, type Ctx, type PlaceCtx } from '../../../context.ts'
import { commit } from '../../../db/commit.ts'
import { type DomainError, defineError } from '../../../lib/errors.ts'
import { isRanked, type Rank, toRank } from '../../../lib/roles.ts'
import { DAY, toIso } from '../../../lib/time.ts'
import { addressUnverified } from '../../memberships/service.ts'
import { getCurrentUser, isEmailConfirmed } from '../../users/service/users.ts'
import { statusOf } from '../rules/invitation.ts'
import { expireOverdue, type FoundInvitation, updateInvitation, type Writing } from '../store.ts'
import { type InvitationStatus, LIFETIME_DAYS } from '../types.ts'
import {
  enterByInvitation,
  getInvitationIn,
  invitationChanged,
  oneSeenBy,
  requireAuthor,
  requireRightToGive,
  type SeenInvitation,
  sent,
} from './invitations.ts'
import { countSent } from './sending.ts'

export { deleteEnded } from '../store.ts'

export const invitationNotPending = defineError('INVITATION_NOT_PENDING', 'malformed', 'The invitation is not pending')

interface Own {
  readonly before: FoundInvitation
  readonly writing: Writing
  readonly status: InvitationStatus
}

/** One for those who could send it. */
async function getOwn(ctx: PlaceCtx, id: string): Promise<Own> {
  const before = await getInvitationIn(ctx, id)
  const writing = await requireRightToGive(ctx, before)
  return { before, writing, status: statusOf(before, ctx.now()) }
}

async function getOwnPending(ctx: PlaceCtx, id: string): Promise<Own> {
  const own = await getOwn(ctx, id)
  if (own.status !== 'pending') throw invitationNotPending({ status: own.status })
  return own
}

/** As `getOwnPending`; one for which nobody answers is revoked too, or it would be good again when its author has the rank again. */
async function getOwnRevocable(ctx: PlaceCtx, id: string): Promise<Own> {
  const own = await getOwn(ctx, id)
  const isUnanswered = own.status === 'revoked' && own.before.status === 'pending'
  if (own.status !== 'pending' && !isUnanswered) throw invitationNotPending({ status: own.status })
  return own
}

/** Revokes a pending invitation: its links are void. Throws INVITATION_NOT_FOUND, INVITATION_NOT_PENDING, INSUFFICIENT_PERMISSIONS. */
export async function revokeInvitation(ctx: PlaceCtx, id: string): Promise<void> {
  const { before, writing } = await getOwnRevocable(ctx, id)
  const { role } = before
  const [revoked] = await commit(ctx, updateInvitation(ctx, before, { status: 'revoked' }, writing), {
    type: 'invitation.revoked',
    subject: id,
    userId: null,
    organizationId: before.organizationId,
    actor: actorOf(ctx),
    data: { role, reason: 'revoked' },
  })
  if (!revoked) throw await changeRefused(ctx, id)
}

/**
 * Mails a pending invitation again, for a week at least: the links of before are void. Throws INVITATION_NOT_FOUND,
 * INVITATION_NOT_PENDING, LIMIT_REACHED, INSUFFICIENT_PERMISSIONS, VERIFIED_ADDRESS_REQUIRED.
 */
export async function resendInvitation(ctx: PlaceCtx, id: string): Promise<SeenInvitation> {
  const { before, writing } = await getOwnPending(ctx, id)
  const { email, organizationId, counter } = before
  const author = await getCurrentUser(ctx)
  if (!isEmailConfirmed(author)) throw addressUnverified()
  const takeBack = await countSent(ctx, { authorId: author.id, organizationId, email })
  const expiresAt = Math.max(before.expiresAt, ctx.now() + LIFETIME_DAYS.usual * DAY)
  const set = { counter: counter + 1, expiresAt }
  const [resent] = await commit(ctx, updateInvitation(ctx, before, set, writing), {
    type: 'invitation.resent',
    subject: id,
    userId: null,
    organizationId,
    actor: actorOf(ctx),
  })
  if (!resent) {
    await takeBack()
    throw await changeRefused(ctx, id)
  }
  return sent(ctx, id, author)
}

export interface InvitationChange {
  readonly role?: Rank | undefined
  readonly message?: string | null | undefined
  readonly lifetimeDays?: number | undefined
}

/**
 * Changes a pending invitation; whoever raises its role becomes its author. Throws INVITATION_NOT_FOUND, INVITATION_NOT_PENDING,
 * INVITATION_CHANGED, INSUFFICIENT_PERMISSIONS, VERIFIED_ADDRESS_REQUIRED, STEP_UP_REQUIRED.
 */
export async function changeInvitation(ctx: PlaceCtx, id: string, change: InvitationChange): Promise<SeenInvitation> {
  const { before, writing } = await getOwnPending(ctx, id)
  const role = change.role ?? before.role
  const isRaised = role !== before.role && isRanked(toRank(role), toRank(before.role))
  const raising = isRaised ? await requireAuthor(ctx, { role, permissions: before.permissions }) : null
  const set = {
    role,
    message: change.message === undefined ? before.message : change.message,
    expiresAt: change.lifetimeDays === undefined ? before.expiresAt : ctx.now() + change.lifetimeDays * DAY,
    ...(raising && { invitedBy: raising.author.id }),
  }
  const [changed] = await commit(ctx, updateInvitation(ctx, before, set, raising?.writing ?? writing), {
    type: 'invitation.updated',
    subject: id,
    userId: null,
    organizationId: before.organizationId,
    actor: actorOf(ctx),
    data: {
      before: changeable(before),
      after: changeable(set),
      // Its text may name somebody: an erasure finds it in the invitation's row alone.
      message_changed: set.message !== before.message,
    },
  })
  if (!changed) throw await changeRefused(ctx, id)
  return oneSeenBy(ctx, ctx, await getInvitationIn(ctx, id))
}

const changeable = ({ role, expiresAt }: Pick<FoundInvitation, 'role' | 'expiresAt'>) => ({
  role,
  expires_at: toIso(expiresAt),
})

/** Why a change was not written. Throws what is wrong now. */
async function changeRefused(ctx: PlaceCtx, id: string): Promise<DomainError> {
  await getOwnPending(await enterByInvitation(ctx, id), id)
  return invitationChanged()
}

const EXPIRY = { type: 'system', id: 'invitation-expiry' } as const
const RUNS = 20

/** Marks invitations that have expired, many in one call; returns how many. */
export async function expireInvitations(ctx: Ctx): Promise<number> {
  let marked = 0
  for (let run = 0; run < RUNS; run += 1) {
    const some = await expireOverdue(ctx, EXPIRY)
    if (some === 0) break
    marked += some
  }
  return marked
}

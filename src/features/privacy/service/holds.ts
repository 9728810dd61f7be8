import { type AdminCtx, actorOf } from '../../../context.ts'
import { commit, commitAll } from '../../../db/commit.ts'
import type { Range } from '../../../db/list.ts'
import type { UserData } from '../../../db/user-data.ts'
import { defineError, organizationNotFound } from '../../../lib/errors.ts'
import { type GivenFactors, requireFreshFactor } from '../../sign-in/service/step-up.ts'
import { findUser, userNotFound } from '../../users/service/users.ts'
import { findHold, type Hold, hasOrganization, insertHold, releaseOf, selectHolds } from '../store/holds.ts'

export const erasureBegun = defineError('ERASURE_BEGUN', 'conflict', 'The erasure has begun, and cannot be stopped')
export const holdNotFound = defineError('LEGAL_HOLD_NOT_FOUND', 'not_found', 'There is no such legal hold')

export interface NewHold {
  /** One of the two. */
  readonly of: { readonly userId: string } | { readonly organizationId: string }
  readonly reason: string
  readonly given: GivenFactors
}

const eventOf = (ctx: AdminCtx, { id, userId, organizationId }: Hold) => ({
  subject: id,
  // For the platform alone: neither the person nor an organization's admins hear of it.
  userId: null,
  actor: actorOf(ctx),
  data: userId === null ? { organization_id: organizationId } : { user_id: userId },
})

/**
 * Keeps all data of a user, or of an organization and its members, until the hold is released. Throws what `requireFreshFactor`
 * throws, NOT_FOUND, ORGANIZATION_NOT_FOUND, ERASURE_BEGUN.
 */
export async function placeHold(ctx: AdminCtx, { of, reason, given }: NewHold): Promise<Hold> {
  await requireFreshFactor(ctx, given)
  const hold: Hold = {
    id: ctx.newId(),
    userId: null,
    organizationId: null,
    ...of,
    reason,
    placedBy: ctx.actor.id,
    placedAt: ctx.now(),
    releasedBy: null,
    releasedAt: null,
  }
  const [placed] = await commit(ctx, insertHold(ctx, hold), { type: 'privacy.hold_placed', ...eventOf(ctx, hold) })
  if (placed) return placed
  if (hold.userId !== null) throw (await findUser(ctx, hold.userId)) ? erasureBegun() : userNotFound()
  throw (await hasOrganization(ctx, hold.organizationId ?? '')) ? erasureBegun() : organizationNotFound()
}

interface Release {
  readonly id: string
  readonly given: GivenFactors
  /** What all features hold of a user. */
  readonly userData: readonly UserData[]
}

/** Releases a hold; erasures that waited for it go on by themselves. Throws what `requireFreshFactor` throws, LEGAL_HOLD_NOT_FOUND. */
export async function releaseHold(ctx: AdminCtx, { id, given, userData }: Release): Promise<Hold> {
  await requireFreshFactor(ctx, given)
  const before = await findHold(ctx, id)
  if (!before) throw holdNotFound()
  const after = userData.flatMap(({ afterHold }) => afterHold?.(ctx, before) ?? [])
  const [released] = await commitAll(ctx, releaseOf(ctx, { id, adminId: ctx.actor.id, after }), {
    type: 'privacy.hold_released',
    ...eventOf(ctx, before),
  })
  if (!released) throw holdNotFound()
  return released
}

/** Newest first. */
export const listHolds = (ctx: AdminCtx, filter: { isActive: boolean }, range: Range): Promise<Hold[]> =>
  selectHolds(ctx, filter, range)

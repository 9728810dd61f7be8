import type { Ctx } from '../../../context.ts'
import { commitAndPropagate } from '../../../db/commit.ts'
import { malformedRequest } from '../../../lib/errors.ts'
import type { EventActor } from '../../../lib/event.ts'
import { DAY } from '../../../lib/time.ts'
import { endSessionsAfterChange } from '../../sessions/service/after-change.ts'
import { applyToOwnView } from '../../validation/service.ts'
import { lastAdmin, userNotFound, userStateConflict } from '../errors.ts'
import { isGone, isRoleName, type StateChange, TRANSITIONS } from '../rules/transitions.ts'
import { updateRole, updateState } from '../store/state.ts'
import { insertedUser, selectUser } from '../store.ts'
import type { User } from '../types.ts'

export type { StateChange } from '../rules/transitions.ts'

export interface StateChangeInput {
  readonly userId: string
  readonly change: StateChange
  readonly actor: EventActor
  /** Why, for the record. */
  readonly reason?: string | null | undefined
}

export interface ChangedUser {
  readonly user: User
  /** Every isolate refuses what the change ended within 5 seconds. */
  readonly propagated: boolean
}

/**
 * Changes the state of an account, with its event, and ends its sessions where the change does. A repeat of a change
 * that ends sessions changes nothing. Throws NOT_FOUND, USER_STATE_CONFLICT, LAST_ADMIN.
 * Who may do it is for the caller to say.
 */
export async function changeUserState(ctx: Ctx, input: StateChangeInput): Promise<ChangedUser> {
  const { userId, change, actor } = input
  const transition = TRANSITIONS[change]
  const before = await selectUser(ctx, userId)
  if (isGone(before, change)) throw userNotFound()
  if (before.status === transition.to && transition.ends !== null) return { user: before, propagated: true }
  const eraseAt = change === 'delete' ? ctx.now() + ctx.config.DELETION_GRACE_DAYS * DAY : null
  const { rows, propagated } = await commitAndPropagate(ctx, updateState(ctx, { userId, transition, eraseAt }), {
    type: transition.event,
    subject: userId,
    userId,
    actor,
    data: {
      before: { status: before.status },
      after: { status: transition.to },
      ...(input.reason ? { reason: input.reason } : {}),
    },
    raisesClaims: true,
  })
  const user = insertedUser(rows)
  if (!user) throw await refusalOf(ctx, userId, change)
  applyToOwnView(ctx, [{ kind: 'claims', userId, below: user.claimsVersion }])
  if (transition.ends === null) return { user, propagated }
  // After the event was delivered: the user's sockets learn why before they are closed.
  const { authVersion } = user
  const ended = await endSessionsAfterChange(ctx, {
    userId,
    except: null,
    reason: transition.ends,
    actor,
    authVersion,
  })
  return { user, propagated: propagated && ended.propagated }
}

/** Why the statement changed no row. */
async function refusalOf(ctx: Ctx, userId: string, change: StateChange) {
  const user = await selectUser(ctx, userId)
  if (isGone(user, change)) return userNotFound()
  const { from } = TRANSITIONS[change]
  if (!from.includes(user.status)) return userStateConflict({ status: user.status, allowed: from })
  return lastAdmin()
}

/**
 * Gives a user another role, with `user.updated`; sessions live on, and their tokens are renewed with it. The role a user
 * has already is no change. Throws NOT_FOUND, LAST_ADMIN, VALIDATION_ERROR for what is no name of a role.
 */
export async function changeUserRole(
  ctx: Ctx,
  { userId, role, actor }: { userId: string; role: string; actor: EventActor },
): Promise<ChangedUser> {
  if (!isRoleName(role)) throw malformedRequest('A role has 1 to 64 of a-z, 0-9, :, _ and -', { field: 'role' })
  const before = await selectUser(ctx, userId)
  if (!before || before.status === 'deleted') throw userNotFound()
  if (before.role === role) return { user: before, propagated: true }
  const { rows, propagated } = await commitAndPropagate(ctx, updateRole(ctx, { userId, role }), {
    type: 'user.updated',
    subject: userId,
    userId,
    actor,
    data: { before: { role: before.role }, after: { role } },
    raisesClaims: true,
  })
  const user = insertedUser(rows)
  if (user) {
    applyToOwnView(ctx, [{ kind: 'claims', userId, below: user.claimsVersion }])
    return { user, propagated }
  }
  const now = await selectUser(ctx, userId)
  if (!now || now.status === 'deleted') throw userNotFound()
  if (now.role === role) return { user: now, propagated: true }
  throw lastAdmin()
}

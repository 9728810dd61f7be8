import type { Ctx } from '../../../context.ts'
import { malformedRequest } from '../../../lib/errors.ts'
import type { EventActor } from '../../../lib/event.ts'
import { DAY } from '../../../lib/time.ts'
import { lastAdmin, userNotFound, userStateConflict } from '../errors.ts'
import { isSignInAllowed } from '../rules/names.ts'
import { findChange, isAbsent, isRoleName, type StateChange, TRANSITIONS } from '../rules/transitions.ts'
import { roleChange, stateChange, voidLinks } from '../store/state.ts'
import { selectUser } from '../store/users.ts'
import type { ChangedUser, NoticeKind, User, UserStatus } from '../types.ts'
import { changeUser, type UserChange } from './change-user.ts'
import { noticeOf } from './notices.ts'
import { notifyOwner, type OwnerNotice } from './owner-notice.ts'
import { requirePresent } from './users.ts'

export type { StateChange } from '../rules/transitions.ts'

/** What the user should learn of a change that lets them in again; those that shut out are told by the sign-in. */
const NOTICES: Readonly<Partial<Record<StateChange, NoticeKind>>> = {
  unsuspend: 'account_reactivated',
  activate: 'account_reactivated',
  unlock: 'account_unlocked',
  restore: 'account_restored',
}

/** The mail to the owner, for each change. */
function mailOf(change: StateChange, { eraseAt }: User, { now }: Ctx): OwnerNotice {
  switch (change) {
    case 'suspend':
    case 'deactivate':
    case 'lock':
      return { kind: 'account_closed', params: {} }
    case 'unsuspend':
    case 'activate':
    case 'unlock':
      return { kind: 'account_reopened', params: {} }
    case 'delete':
      return { kind: 'account_deleted', params: { until: eraseAt ?? now() } }
    case 'restore':
      return { kind: 'account_restored', params: {} }
  }
}

export interface StateChangeInput {
  readonly userId: string
  readonly change: StateChange
  readonly actor: EventActor
  /** Why, for the record. */
  readonly reason?: string | null | undefined
  /** The account is erased at once: no address is kept that a mail could go to. */
  readonly isErased?: boolean
}

/** Others change the same account at the same moment: it is looked at anew, so that what an event says of before is true. */
const ATTEMPTS = 5

/**
 * Changes the state of an account, with its event, and ends its sessions, mailed links and challenges where the change
 * does. A repeat of a change that ends sessions changes nothing. Throws NOT_FOUND, USER_STATE_CONFLICT, LAST_ADMIN.
 * Who may do it is for the caller to say.
 */
export async function changeUserState(ctx: Ctx, input: StateChangeInput): Promise<ChangedUser> {
  const { userId, change } = input
  const { from, to, ends } = TRANSITIONS[change]
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = await selectUser(ctx, userId)
    if (isAbsent(before, change, ctx.now())) throw userNotFound()
    const { status } = before
    // Whoever was faster at this moment still tells of it.
    if (status === to && ends !== null) return { user: before, propagated: attempt === 0 }
    if (!from.includes(status)) throw userStateConflict({ status, allowed: from })
    const changed = await changeFrom(ctx, before, input)
    if (changed) return changed
  }
  throw userStateConflict({ allowed: from })
}

/**
 * As `changeUserState`, where a repeat is no error: `isDone` says of a user that nothing is left to do, also because
 * somebody else was faster. Throws NOT_FOUND for a deleted user too.
 */
export async function ensureUserState(
  ctx: Ctx,
  input: StateChangeInput,
  isDone: (user: User) => boolean,
): Promise<ChangedUser> {
  const before = requirePresent(await selectUser(ctx, input.userId))
  if (isDone(before)) return { user: before, propagated: true }
  try {
    return await changeUserState(ctx, input)
  } catch (cause) {
    const now = await selectUser(ctx, input.userId)
    if (now && now.status !== 'deleted' && isDone(now)) return { user: now, propagated: true }
    throw cause
  }
}

const isOwn = ({ userId, actor }: StateChangeInput): boolean => actor.type === 'user' && actor.id === userId

/** Null when `before` is no longer true. */
async function changeFrom(ctx: Ctx, before: User, input: StateChangeInput): Promise<ChangedUser | null> {
  const { userId, change, actor } = input
  const transition = TRANSITIONS[change]
  const userRestorable = change === 'delete' && isOwn(input) && isSignInAllowed(before)
  const eraseAt = change === 'delete' ? ctx.now() + ctx.config.DELETION_GRACE_DAYS * DAY : null
  const from = { userId, from: before.status, transition }
  const { ends } = transition
  const changed = await changeUser(ctx, {
    userId,
    ...stateChange(ctx, { ...from, eraseAt, userRestorable }),
    actor,
    with: ends === null ? [] : [voidLinks(ctx, from, { sparesReports: userRestorable })],
    changesClaims: true,
    ...(ends && { ends: { reason: ends } }),
    events: eventsOf(before, input),
  })
  if (changed) {
    if (!input.isErased) notifyOwner(ctx, changed.user, mailOf(change, changed.user, ctx))
    return changed
  }
  const now = await selectUser(ctx, userId)
  if (now?.status === before.status && !isAbsent(now, change, ctx.now())) throw lastAdmin()
  return null
}

function eventsOf(before: User, { change, actor, reason }: StateChangeInput): UserChange['events'] {
  const { status } = before
  const { event: type, to } = TRANSITIONS[change]
  const data = { before: { status }, after: { status: to }, ...(reason ? { reason } : {}) }
  const kind = NOTICES[change]
  return [{ type, data }, ...(kind ? [noticeOf({ user: before, kind, actor })] : [])]
}

/** The change that leads to `status`; null where the user has it. Throws USER_STATE_CONFLICT when none does. */
export function requireChangeTo(user: Pick<User, 'status'>, status: UserStatus): StateChange | null {
  if (user.status === status) return null
  const change = findChange(user.status, status)
  if (!change) throw userStateConflict({ status: user.status, wanted: status })
  return change
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
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = requirePresent(await selectUser(ctx, userId))
    if (before.role === role) return { user: before, propagated: true }
    const changed = await changeRoleFrom(ctx, before, { role, actor })
    if (changed) return changed
  }
  throw userStateConflict({ wanted: role })
}

/** Null when `before` is no longer true. */
async function changeRoleFrom(
  ctx: Ctx,
  before: User,
  { role, actor }: { role: string; actor: EventActor },
): Promise<ChangedUser | null> {
  const { id: userId, role: from } = before
  const changed = await changeUser(ctx, {
    userId,
    ...roleChange({ userId, from, role }),
    actor,
    changesClaims: true,
    events: [
      { type: 'user.updated', data: { before: { role: from }, after: { role } } },
      noticeOf({ user: before, kind: 'role_changed', actor, params: { role } }),
    ],
  })
  if (changed) return changed
  const now = requirePresent(await selectUser(ctx, userId))
  if (now.role === from) throw lastAdmin()
  return null
}

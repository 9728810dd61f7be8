import type { Ctx } from '../../../context.ts'
import { isUnderHold } from '../../../db/holds.ts'
import { type DomainError, malformedRequest } from '../../../lib/errors.ts'
import type { EventActor } from '../../../lib/event.ts'
import { DAY } from '../../../lib/time.ts'
import { findChange, isAbsent, isRoleName, isSignInAllowed, type StateChange, TRANSITIONS } from '../rules.ts'
import { type Along, appliesTo, roleChange, stateChange, voidLinks } from '../store/changes.ts'
import { selectUser } from '../store/users.ts'
import type { RowChange } from '../tables.ts'
import type { ChangedUser, NotificationKind, User, UserStatus } from '../types.ts'
import { changeUser, type UserChange } from './change-user.ts'
import { type Notice, notificationOf, sendNotice } from './notices.ts'
import { lastAdmin, requirePresent, userNotFound, userStateConflict } from './users.ts'

export type { StateChange } from '../rules.ts'
export type { Along }

/** The notification of a change that permits sign-in again. After the other changes sign-in answers with the reason. */
const NOTIFICATIONS: Readonly<Partial<Record<StateChange, NotificationKind>>> = {
  unsuspend: 'account_reactivated',
  activate: 'account_reactivated',
  unlock: 'account_unlocked',
  restore: 'account_restored',
}

/** The mail to the owner about each change. */
async function mailOf(ctx: Ctx, { id, eraseAt }: User, change: StateChange): Promise<Notice> {
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
      if (await isUnderHold(ctx, id)) return { kind: 'account_kept', params: {} }
      return { kind: 'account_deleted', params: { until: eraseAt ?? ctx.now() } }
    case 'restore':
      return { kind: 'account_restored', params: {} }
  }
}

export interface StateChangeInput {
  readonly userId: string
  readonly change: StateChange
  readonly actor: EventActor
  /** For the event record. */
  readonly reason?: string | null | undefined
  /** The account is erased at once, so no mail is sent: its address is not kept. */
  readonly isErased?: boolean
  /** A further condition of the change, and the error when it does not hold. */
  readonly unless?: { readonly when: RowChange['when']; readonly refusal: () => Promise<DomainError | undefined> }
  /** For a change that ends sessions. */
  readonly along?: Along
}

/** If the account changes between read and write, it is read again, so that the event's `before` is true. */
const ATTEMPTS = 5

/**
 * Changes the state of an account, with its event. A change that ends sessions also voids mailed links and challenges, and
 * repeating it changes nothing. Callers check permission. Throws NOT_FOUND, USER_STATE_CONFLICT, LAST_ADMIN.
 */
export async function changeUserState(ctx: Ctx, input: StateChangeInput): Promise<ChangedUser> {
  const { userId, change } = input
  const { from, to, ends } = TRANSITIONS[change]
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = await selectUser(ctx, userId)
    if (isAbsent(before, change, ctx.now())) throw userNotFound()
    const { status } = before
    // A concurrent request has made the change, and may still be propagating it.
    if (status === to && ends !== null) return { user: before, propagated: attempt === 0 }
    if (!from.includes(status)) throw userStateConflict({ status, allowed: from })
    const changed = await changeFrom(ctx, before, input)
    if (changed) return changed
  }
  throw userStateConflict({ allowed: from })
}

/**
 * As `changeUserState`, but succeeds without a change when `isDone` holds for the user, also because of a concurrent
 * request. Throws NOT_FOUND for a deleted user, too.
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

const isOwn = ({ userId, actor }: Pick<StateChangeInput, 'userId' | 'actor'>): boolean =>
  actor.type === 'user' && actor.id === userId

/** Mails the owner about a change of state, in the background. */
export const notifyStateChange = (ctx: Ctx, user: User, change: StateChange): void =>
  ctx.defer(mailOf(ctx, user, change).then((notice) => sendNotice(ctx, user, notice)))

type StateParts = Pick<UserChange, 'set' | 'when' | 'events'> & Required<Pick<UserChange, 'with'>> & Partial<UserChange>

/** What `changeUser` takes for a change of state, also for one that is part of another change. */
export function stateParts(
  ctx: Ctx,
  before: User,
  input: Pick<StateChangeInput, 'userId' | 'change' | 'actor' | 'along'> & {
    /** `stateEvents`. */
    readonly events: UserChange['events']
    readonly unless?: Pick<NonNullable<StateChangeInput['unless']>, 'when'>
  },
): StateParts {
  const { userId, change } = input
  const transition = TRANSITIONS[change]
  const userRestorable = change === 'delete' && isOwn(input) && isSignInAllowed(before)
  const eraseAt = change === 'delete' ? ctx.now() + ctx.config.DELETION_GRACE_DAYS * DAY : null
  const from = { userId, from: before.status, transition }
  const { ends } = transition
  const row = stateChange(ctx, { ...from, eraseAt, userRestorable, when: input.unless?.when })
  return {
    ...row,
    with:
      ends === null
        ? []
        : [
            ...(input.along?.(appliesTo(userId, row)) ?? []),
            voidLinks(ctx, { ...from, when: input.unless?.when }, { sparesReports: userRestorable }),
          ],
    changesClaims: true,
    ...(ends && { ends: { reason: ends } }),
    events: input.events,
  }
}

/** Null when the row is no longer as in `before`. */
async function changeFrom(ctx: Ctx, before: User, input: StateChangeInput): Promise<ChangedUser | null> {
  const { userId, change, actor } = input
  const changed = await changeUser(ctx, {
    userId,
    actor,
    ...stateParts(ctx, before, { ...input, events: await stateEvents(ctx, before, input) }),
  })
  if (changed) {
    if (!input.isErased) notifyStateChange(ctx, changed.user, change)
    return changed
  }
  const now = await selectUser(ctx, userId)
  if (now?.status === before.status && !isAbsent(now, change, ctx.now()))
    throw (await input.unless?.refusal()) ?? lastAdmin()
  return null
}

/** The event of a change of state, and its notification. */
export async function stateEvents(
  ctx: Ctx,
  before: User,
  { change, actor, reason }: Pick<StateChangeInput, 'change' | 'actor' | 'reason'>,
): Promise<UserChange['events']> {
  const { status } = before
  const { event: type, to } = TRANSITIONS[change]
  const data = { before: { status }, after: { status: to }, ...(reason ? { reason } : {}) }
  const kind = NOTIFICATIONS[change]
  return [{ type, data }, ...(kind ? [await notificationOf(ctx, before, { kind, actor })] : [])]
}

/** The change that leads to `status`; null when the user has it already. Throws USER_STATE_CONFLICT when there is none. */
export function requireChangeTo(user: Pick<User, 'status'>, status: UserStatus): StateChange | null {
  if (user.status === status) return null
  const change = findChange(user.status, status)
  if (!change) throw userStateConflict({ status: user.status, wanted: status })
  return change
}

interface RoleChange {
  readonly role: string
  readonly actor: EventActor
  readonly along?: Along
}

/**
 * Changes a user's role, with `user.updated`. Sessions stay, and their clients refresh tokens of the old role. Setting the
 * same role changes nothing. Throws NOT_FOUND, LAST_ADMIN, and VALIDATION_ERROR for an invalid role name.
 */
export async function changeUserRole(
  ctx: Ctx,
  { userId, ...change }: RoleChange & { userId: string },
): Promise<ChangedUser> {
  const { role } = change
  if (!isRoleName(role)) throw malformedRequest('A role has 1 to 64 of a-z, 0-9, :, _ and -', { field: 'role' })
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = requirePresent(await selectUser(ctx, userId))
    if (before.role === role) return { user: before, propagated: true }
    const changed = await changeRoleFrom(ctx, before, change)
    if (changed) return changed
  }
  throw userStateConflict({ wanted: role })
}

/** Null when the row is no longer as in `before`. */
async function changeRoleFrom(ctx: Ctx, before: User, { role, actor, along }: RoleChange): Promise<ChangedUser | null> {
  const { id: userId, role: from } = before
  const row = roleChange({ userId, from, role })
  const changed = await changeUser(ctx, {
    userId,
    ...row,
    actor,
    with: along?.(appliesTo(userId, row)) ?? [],
    changesClaims: true,
    events: [
      { type: 'user.updated', data: { before: { role: from }, after: { role } } },
      await notificationOf(ctx, before, { kind: 'role_changed', actor, params: { role } }),
    ],
  })
  if (changed) return changed
  const now = requirePresent(await selectUser(ctx, userId))
  if (now.role === from) throw lastAdmin()
  return null
}

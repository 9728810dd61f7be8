import { type AdminCtx, actorOf } from '../../../context.ts'
import { changeUser } from '../../users/service/change-user.ts'
import { requireChangeTo } from '../../users/service/state.ts'
import { getPresentUser } from '../../users/service/users.ts'
import type { UserRef, UserStatus } from '../../users/types.ts'
import { emailVerified } from '../store/users.ts'
import { requireOther } from './deletion.ts'
import { changeRole, changeState } from './states.ts'

/** Absent parts stay. */
export interface UserUpdate {
  readonly isAdmin?: boolean | undefined
  readonly status?: Exclude<UserStatus, 'pending'> | undefined
  readonly emailVerified?: boolean | undefined
}

/**
 * Changes role, state and verified address, each as its own use case does and with its own event. What can be refused is
 * looked at before the first write, and of the writes the one comes first that only the database can refuse: the last
 * admin's role, or state. So nothing has changed when it throws, but where another admin changed the same user in between:
 * then the role may stand, and a repeat says what is left. Throws NOT_FOUND, OWN_ACCOUNT, USER_STATE_CONFLICT, LAST_ADMIN.
 *
 * An address that an admin says is verified counts as proven, though nobody who has it has answered for the account: a
 * password that somebody else set with it stays until the first mailed link is used.
 */
export async function updateUser(ctx: AdminCtx, ref: UserRef, update: UserUpdate): Promise<{ propagated: boolean }> {
  const user = await getPresentUser(ctx, ref)
  const { id: userId } = user
  if (update.status === 'deleted') requireOther(ctx, user)
  // A verified address makes a pending user active by itself.
  const becomesActive = user.status === 'pending' && update.emailVerified === true
  const wanted = becomesActive && update.status === 'active' ? undefined : update.status
  const change = wanted === undefined ? null : requireChangeTo(user, wanted)
  const role = roleOf(user.role, update.isAdmin)
  const done: { readonly propagated: boolean }[] = []
  if (role !== null) done.push(await changeRole(ctx, { ref: userId, role }))
  if (change !== null) done.push(await changeState(ctx, { ref: userId, change, reason: null }))
  if (update.emailVerified !== undefined && update.status !== 'deleted')
    done.push(await setEmailVerified(ctx, { userId, verified: update.emailVerified }))
  return { propagated: done.every(({ propagated }) => propagated) }
}

/** The role to give; null where none is. Who is no admin keeps whatever else they are. */
function roleOf(role: string, isAdmin: boolean | undefined): string | null {
  if (isAdmin === undefined || isAdmin === (role === 'admin')) return null
  return isAdmin ? 'admin' : 'user'
}

/** What stands there already is no change. */
async function setEmailVerified(ctx: AdminCtx, { userId, verified }: { userId: string; verified: boolean }) {
  const changed = await changeUser(ctx, {
    userId,
    ...emailVerified(ctx, verified),
    actor: actorOf(ctx),
    events: [
      { type: 'user.updated', data: { before: { email_verified: !verified }, after: { email_verified: verified } } },
    ],
  })
  return { propagated: changed?.propagated ?? true }
}

import { type AdminCtx, actorOf, type CallerCtx, type Ctx } from '../../../context.ts'
import { registerAdmin } from '../../../features/admin/service/register.ts'
import { changeState } from '../../../features/admin/service/states.ts'
import { type SignedIn, signInOrThrow } from '../../../features/sign-in/service/sign-in.ts'
import { changeUserRole, ensureUserState, type StateChange } from '../../../features/users/service/state.ts'
import {
  findUserByEmail,
  findUserByIdentifier,
  findUserByNumber,
  isSignInAllowed,
  listUsers,
  requirePresent,
} from '../../../features/users/service/users.ts'
import type { ChangedUser } from '../../../features/users/types.ts'
import type { ShownChange, ShownUser } from '../types.ts'
import { showChange } from './accounts.ts'

/** In the order of their ids. */
export async function listAllUsers(ctx: Ctx, { skip, limit }: { skip: number; limit: number }): Promise<ShownUser[]> {
  const { users } = await listUsers(ctx, { offset: skip, limit, order: 'oldest' })
  return users.map((user) => ({ user, attempts: null }))
}

/** As `changeState`. Throws NOT_FOUND, USER_STATE_CONFLICT, LAST_ADMIN. */
export async function changeStateByNumber(ctx: AdminCtx, number: number, change: StateChange): Promise<ShownChange> {
  return showChange(ctx, await changeState(ctx, { ref: number, change, reason: null }))
}

/** Who is active stays so: a PUT that is repeated is no conflict, also when somebody else is faster. */
export async function activate(ctx: AdminCtx, number: number): Promise<ShownChange> {
  const { id: userId } = requirePresent(await findUserByNumber(ctx, number))
  const change = { userId, change: 'activate', actor: actorOf(ctx) } as const
  return showChange(ctx, await ensureUserState(ctx, change, isSignInAllowed))
}

/** By username, or by the address where the user has none. Throws NOT_FOUND, LAST_ADMIN. */
export async function changeRoleByName(ctx: AdminCtx, input: { username: string; role: string }): Promise<ChangedUser> {
  const { id: userId } = requirePresent(await findUserByIdentifier(ctx, input.username))
  return changeUserRole(ctx, { userId, role: input.role, actor: actorOf(ctx) })
}

/** As `changeState`. Throws NOT_FOUND, USER_STATE_CONFLICT, LAST_ADMIN. */
export async function changeStateByEmail(
  ctx: AdminCtx,
  email: string,
  change: 'lock' | 'unlock',
): Promise<ChangedUser> {
  const { id: ref } = requirePresent(await findUserByEmail(ctx, email))
  return changeState(ctx, { ref, change, reason: null })
}

/** Throws INVALID_CREDENTIALS, SIGN_IN_NOT_ACCEPTED for who is no admin, and what else `signInOrThrow` throws. */
export const signInAdmin = (ctx: Ctx, { email, password }: { email: string; password: string }): Promise<SignedIn> =>
  signInOrThrow(ctx, { identifier: email, password, accepts: ({ role }) => role === 'admin' })

export interface NewAdmin {
  readonly username: string
  readonly email: string
  readonly password: string
  readonly secretKey: string | null
}

/** As `registerAdmin`, in the name of who asks. */
export async function registerFurtherAdmin(ctx: CallerCtx, input: NewAdmin): Promise<ShownUser> {
  const user = await registerAdmin(ctx, { ...input, actor: ctx.actor })
  return { user, attempts: null }
}

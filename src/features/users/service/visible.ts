import type { ActorCtx, Ctx, UserActor } from '../../../context.ts'
import { forbidden, tokenInvalid } from '../../../lib/errors.ts'
import { userNotFound } from '../errors.ts'
import { normalizeEmail } from '../rules.ts'
import { selectUser, selectUserByEmail, selectUserByNumber } from '../store.ts'
import type { User, UserRef } from '../types.ts'

const isAdmin = ({ roles }: UserActor): boolean => roles.includes('admin')

/** Whether the request names its caller. */
export const isSelf = ({ actor }: ActorCtx, ref: UserRef): boolean =>
  ref.by === 'id' ? ref.id === actor.id : ref.number === actor.number

/**
 * The user whom a request names. By number a deleted one is nobody; by UUID an admin still sees it. Throws NOT_FOUND.
 * Who may see is for the caller to say.
 */
export async function getUserByRef(ctx: Ctx, ref: UserRef): Promise<User> {
  const user = ref.by === 'id' ? await selectUser(ctx, ref.id) : await selectUserByNumber(ctx, ref.number)
  if (!user || (ref.by === 'number' && user.status === 'deleted')) throw userNotFound()
  return user
}

/** The caller's own row. Throws TOKEN_ERROR when it is gone: the token speaks of nobody. */
async function getSelf(ctx: ActorCtx): Promise<User> {
  const user = await selectUser(ctx, ctx.actor.id)
  if (!user || user.status === 'deleted') throw tokenInvalid()
  return user
}

/**
 * Oneself, or anybody for an admin. Throws FORBIDDEN to everybody else, whether or not there is such a user, and
 * NOT_FOUND to an admin.
 */
export async function getVisibleUser(ctx: ActorCtx, ref: UserRef): Promise<User> {
  if (isSelf(ctx, ref)) return getSelf(ctx)
  if (!isAdmin(ctx.actor)) throw forbidden()
  return getUserByRef(ctx, ref)
}

/** As `getVisibleUser`, by address as a person types it. A deleted user is nobody. */
export async function getVisibleUserByEmail(ctx: ActorCtx, email: string): Promise<User> {
  const self = await getSelf(ctx)
  if (self.email === normalizeEmail(email)) return self
  if (!isAdmin(ctx.actor)) throw forbidden()
  const user = await selectUserByEmail(ctx, normalizeEmail(email))
  if (!user || user.status === 'deleted') throw userNotFound()
  return user
}

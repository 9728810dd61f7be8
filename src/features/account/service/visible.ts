import type { ActorCtx, UserActor } from '../../../context.ts'
import { forbidden } from '../../../lib/errors.ts'
import {
  findUserByEmail,
  getCurrentUser,
  getPresentUser,
  getUser,
  normalizeEmail,
  requirePresent,
} from '../../users/service/users.ts'
import type { User, UserRef } from '../../users/types.ts'

const isAdmin = ({ roles }: UserActor): boolean => roles.includes('admin')

/** Whether the request names its caller. */
export const isSelf = ({ actor }: ActorCtx, ref: UserRef): boolean => ref === actor.id || ref === actor.number

/**
 * Oneself, or anybody for an admin. Throws FORBIDDEN to everybody else, whether or not there is such a user, and
 * NOT_FOUND to an admin: by number a deleted user is nobody, by UUID an admin still sees one.
 */
export async function getVisibleUser(ctx: ActorCtx, ref: UserRef): Promise<User> {
  if (isSelf(ctx, ref)) return getCurrentUser(ctx)
  if (!isAdmin(ctx.actor)) throw forbidden()
  return typeof ref === 'number' ? getPresentUser(ctx, ref) : getUser(ctx, ref)
}

/** As `getVisibleUser`, by address as a person types it. A deleted user is nobody. */
export async function getVisibleUserByEmail(ctx: ActorCtx, email: string): Promise<User> {
  const self = await getCurrentUser(ctx)
  if (self.email === normalizeEmail(email)) return self
  if (!isAdmin(ctx.actor)) throw forbidden()
  return requirePresent(await findUserByEmail(ctx, email))
}

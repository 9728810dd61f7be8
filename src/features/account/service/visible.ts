import type { ActorCtx, TargetCtx } from '../../../context.ts'
import { forbidden } from '../../../lib/errors.ts'
import { isAdmin } from '../../../lib/roles.ts'
import {
  findUserByEmail,
  getCurrentUser,
  getPresentUser,
  getUser,
  normalizeEmail,
  requirePresent,
} from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'

/** Throws NOT_FOUND to an admin: by number a deleted user is nobody, by UUID an admin still sees one. */
export async function getTarget(ctx: TargetCtx): Promise<User> {
  const { ref, isSelf } = ctx.target
  if (isSelf) return getCurrentUser(ctx)
  return typeof ref === 'number' ? getPresentUser(ctx, ref) : getUser(ctx, ref)
}

/** Oneself, or anybody for an admin, by address as a person types it. A deleted user is nobody. Throws FORBIDDEN, NOT_FOUND. */
export async function getVisibleUserByEmail(ctx: ActorCtx, email: string): Promise<User> {
  const self = await getCurrentUser(ctx)
  if (self.email === normalizeEmail(email)) return self
  if (!isAdmin(ctx.actor)) throw forbidden()
  return requirePresent(await findUserByEmail(ctx, email))
}

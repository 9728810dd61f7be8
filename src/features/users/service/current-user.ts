import type { ActorCtx } from '../../../context.ts'
import { tokenInvalid } from '../../../lib/errors.ts'
import type { User } from '../types.ts'
import { findUser } from './users.ts'

/** The caller's own row. Throws TOKEN_ERROR when it is gone: the token speaks of nobody. */
export async function getCurrentUser(ctx: ActorCtx): Promise<User> {
  const user = await findUser(ctx, ctx.actor.id)
  if (!user || user.status === 'deleted') throw tokenInvalid()
  return user
}

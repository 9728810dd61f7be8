import type { ActorCtx, Ctx } from '../../../context.ts'
import { changeOwnAccount, type OwnAccountChange } from '../../../features/account/service/own-account.ts'
import { findAttempts } from '../../../features/sign-in/service/attempts.ts'
import {
  findUserByIdentifier,
  isEmailIdentifier,
  isSignInAllowed,
  requirePresent,
  userNotFound,
} from '../../../features/users/service/users.ts'
import type { ChangedUser, User } from '../../../features/users/types.ts'
import { isAdmin } from '../../../lib/roles.ts'
import type { ShownChange, ShownUser } from '../types.ts'

/** An answer about one user says what its sign-in attempts have come to. */
export const showUser = async (ctx: Ctx, user: User): Promise<ShownUser> => ({
  user,
  attempts: await findAttempts(ctx, user.id),
})

export const showChange = async (ctx: Ctx, { user, propagated }: ChangedUser): Promise<ShownChange> => ({
  ...(await showUser(ctx, user)),
  propagated,
})

/** As `changeOwnAccount`. */
export const changeProfile = async (ctx: ActorCtx, change: OwnAccountChange): Promise<ShownChange> =>
  showChange(ctx, await changeOwnAccount(ctx, change))

/** What the caller may know of a user. */
export type VerifiedUser = ({ readonly view: 'whole' } & ShownUser) | { readonly view: 'stranger'; readonly user: User }

/**
 * Whether somebody has this username. The user and admins learn all of it. Anyone else finds who is active, by username
 * alone: an address that was guessed is not confirmed. Throws NOT_FOUND.
 */
export async function verifyUser(ctx: ActorCtx, username: string): Promise<VerifiedUser> {
  const user = requirePresent(await findUserByIdentifier(ctx, username))
  if (user.id === ctx.actor.id || isAdmin(ctx.actor)) return { view: 'whole', ...(await showUser(ctx, user)) }
  if (isEmailIdentifier(username) || !isSignInAllowed(user)) throw userNotFound()
  return { view: 'stranger', user }
}

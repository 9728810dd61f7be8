import { type ActorCtx, actorOf } from '../../../context.ts'
import { forbidden } from '../../../lib/errors.ts'
import { hashPassword } from '../../../lib/password-hash/password-hash.ts'
import { isAdmin } from '../../../lib/roles.ts'
import { requireStrongPassword } from '../../factors/password/service/strength.ts'
import { checkNewEmail, mailEmailChange } from '../../sign-in/service/email-change.ts'
import { requireMailTransport } from '../../sign-in/service/mailed-links.ts'
import { type GivenFactors, requireFreshFactor, requirePresentPassword } from '../../sign-in/service/step-up.ts'
import { updateProfile } from '../../users/service/profile.ts'
import { changeUserRole } from '../../users/service/state.ts'
import { findUserByUsername, getCurrentUser, normalizeEmail, usernameTaken } from '../../users/service/users.ts'
import type { ChangedUser, User } from '../../users/types.ts'
import { setOwnPassword } from './password-change.ts'

/** Null leaves a field. */
export interface OwnAccountChange extends GivenFactors {
  readonly username: string | null
  /** Counts once its link is used. */
  readonly newEmail: string | null
  readonly newPassword: string | null
  /** An admin's alone. */
  readonly role: string | null
}

/** What is written, once everything was checked. */
interface CheckedChange extends Pick<OwnAccountChange, 'username' | 'role' | 'newEmail'> {
  readonly user: User
  readonly passwordHash: string | null
}

/**
 * The caller's own account, for systems that change all of it in one request. Everything is checked before the first
 * write; of the writes those come first that a race may still refuse: role, username, password, and the mails last.
 * An address wants a fresh factor, a password the present one too. Throws FORBIDDEN for a role that no admin asks for,
 * WEAK_PASSWORD, CONFLICT, LAST_ADMIN, NOT_FOUND, and what `requirePresentPassword` throws.
 */
export async function changeOwnAccount(ctx: ActorCtx, input: OwnAccountChange): Promise<ChangedUser> {
  return write(ctx, await check(ctx, input))
}

async function check(ctx: ActorCtx, input: OwnAccountChange): Promise<CheckedChange> {
  const { username, newPassword, role, password, code, credential } = input
  if (role !== null && !isAdmin(ctx.actor)) throw forbidden()
  const user = await getCurrentUser(ctx)
  const newEmail = addressToAskFor(user, input)
  const given = { password, code, credential }
  if (newPassword !== null) await requirePresentPassword(ctx, given)
  else if (newEmail !== null) await requireFreshFactor(ctx, given)
  if (newPassword !== null)
    await requireStrongPassword(ctx, newPassword, { ...user, username: username ?? user.username })
  const holder = username === null ? undefined : await findUserByUsername(ctx, username)
  if (holder && holder.id !== user.id) throw usernameTaken()
  if (newEmail !== null) {
    requireMailTransport(ctx)
    await checkNewEmail(ctx, newEmail)
  }
  const passwordHash = newPassword === null ? null : await hashPassword(ctx, newPassword)
  return { user, username, role, newEmail, passwordHash }
}

function addressToAskFor({ email }: User, input: OwnAccountChange): string | null {
  const newEmail = input.newEmail === null ? null : normalizeEmail(input.newEmail)
  return newEmail === email ? null : newEmail
}

async function write(ctx: ActorCtx, change: CheckedChange): Promise<ChangedUser> {
  const { username, role, newEmail, passwordHash } = change
  const actor = actorOf(ctx)
  const { id: userId } = change.user
  const unchanged = { user: change.user, propagated: true }
  const ranked = role === null ? unchanged : await changeUserRole(ctx, { userId, role, actor })
  const named =
    username === null ? ranked : await updateProfile(ctx, { user: ranked.user, changes: { username }, actor })
  const secured = passwordHash === null ? named : await setOwnPassword(ctx, named.user, passwordHash)
  // Read again: the link is void once credentials change, and these have just changed.
  if (newEmail !== null) await mailEmailChange(ctx, await getCurrentUser(ctx), newEmail)
  const propagated = [ranked, named, secured].every((step) => step.propagated)
  return { user: named.user, propagated }
}

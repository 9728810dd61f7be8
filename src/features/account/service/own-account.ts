import { type ActorCtx, actorOf } from '../../../context.ts'
import { forbidden } from '../../../lib/errors.ts'
import { hashPassword } from '../../../lib/password-hash/password-hash.ts'
import { isAdmin } from '../../../lib/roles.ts'
import { requireStrongPassword } from '../../factors/password/service/strength.ts'
import { passwordWrong } from '../../sign-in/errors.ts'
import { checkEmailChange, checkNewEmail, mailEmailChange } from '../../sign-in/service/email-change.ts'
import { requireMailTransport } from '../../sign-in/service/mailed-links.ts'
import { type GivenFactors, requireFreshFactor, requirePresentPassword } from '../../sign-in/service/step-up.ts'
import { changeUser } from '../../users/service/change-user.ts'
import { notifyOwner } from '../../users/service/notices.ts'
import type { Along } from '../../users/service/state.ts'
import { findUserByUsername, getCurrentUser, normalizeEmail, usernameTaken } from '../../users/service/users.ts'
import type { ChangedUser, Profile, User } from '../../users/types.ts'
import { ownPassword, voidReportsBeforeChange } from '../store.ts'
import { changeProfile } from './avatars.ts'
import { changeAccountRole, deleteByItsUser } from './states.ts'

export interface ProfileChange extends GivenFactors {
  readonly changes: Partial<Profile>
  /** Takes effect once the link that is mailed to it is used. */
  readonly newEmail: string | null
}

/** A user after a change of the profile. */
export interface ChangedProfile extends ChangedUser {
  /** The new address, until its link is used. */
  readonly pendingEmail: string | null
}

/**
 * Changes the caller's profile. For a new address a link is mailed to it, after everything that can be refused. Throws
 * CONFLICT and, for an address, whatever `requireFreshFactor` throws; nothing has changed then.
 */
export async function changeOwnProfile(ctx: ActorCtx, input: ProfileChange): Promise<ChangedProfile> {
  const { newEmail, changes, password, code } = input
  const user = await getCurrentUser(ctx)
  const pendingEmail = newEmail === null ? null : await checkEmailChange(ctx, user, { newEmail, password, code })
  const changed = await changeProfile(ctx, { user, changes, actor: actorOf(ctx) })
  if (pendingEmail !== null) await mailEmailChange(ctx, changed.user, pendingEmail)
  return { ...changed, pendingEmail }
}

/** Records the caller's request for erasure, in the batch of the deletion. Passed in, because a feature above keeps requests. */
export type RecordErasure = (ctx: ActorCtx) => Along

export interface OwnDeletion extends GivenFactors {
  readonly recordErasure: RecordErasure
}

/**
 * Deletes the caller's account: sessions end at once, the data is erased after the grace period. Requires a fresh factor
 * (`requireFreshFactor`), so that a stolen access token cannot delete an account. Throws LAST_ADMIN, LAST_OWNER.
 */
export async function deleteOwnAccount(ctx: ActorCtx, input: OwnDeletion): Promise<ChangedUser> {
  const { recordErasure, ...given } = input
  const { id: userId } = await getCurrentUser(ctx)
  await requireFreshFactor(ctx, given)
  return deleteByItsUser(ctx, { userId, actor: actorOf(ctx), along: recordErasure(ctx) })
}

export interface PasswordChange extends GivenFactors {
  readonly newPassword: string
}

/**
 * Changes the caller's password and ends the other sessions. Throws WEAK_PASSWORD, INVALID_PASSWORD (also when the
 * credentials were changed meanwhile), and what `requirePresentPassword` throws.
 */
export async function changePassword(
  ctx: ActorCtx,
  { newPassword, ...given }: PasswordChange,
): Promise<{ propagated: boolean }> {
  const user = await requirePresentPassword(ctx, given)
  await requireStrongPassword(ctx, newPassword, user)
  return setOwnPassword(ctx, user, await hashPassword(ctx, newPassword))
}

/** `user` is the row with which the credentials were checked. Throws INVALID_PASSWORD when they were changed since. */
async function setOwnPassword(ctx: ActorCtx, user: User, passwordHash: string): Promise<{ propagated: boolean }> {
  const { id: userId, email, authVersion } = user
  const { sessionId } = ctx.actor
  const target = { userId, email, authVersion }
  const changed = await changeUser(ctx, {
    userId,
    ...ownPassword(target, passwordHash),
    actor: actorOf(ctx),
    with: [voidReportsBeforeChange(ctx, target)],
    ends: { reason: 'password_changed', keeps: sessionId },
    events: [{ type: 'user.password_changed', sessionId }],
  })
  if (!changed) throw passwordWrong()
  notifyOwner(ctx, user, { kind: 'password_changed', params: {} })
  return { propagated: changed.propagated }
}

/** Null leaves a field as it is. */
export interface OwnAccountChange extends GivenFactors {
  readonly username: string | null
  /** Takes effect once the link that is mailed to it is used. */
  readonly newEmail: string | null
  readonly newPassword: string | null
  /** Only admins may set it. */
  readonly role: string | null
}

/** The changes to write, after all checks. */
interface CheckedChange extends Pick<OwnAccountChange, 'username' | 'role' | 'newEmail'> {
  readonly user: User
  readonly passwordHash: string | null
}

/**
 * Changes the caller's whole account, for systems that do so in one request. Every check precedes the first write. The writes
 * that a race may still refuse come first: role, username, password; then the mails. An address requires a fresh factor, a
 * password also the present one. Throws FORBIDDEN when a caller who is no admin sets a role, WEAK_PASSWORD, CONFLICT,
 * LAST_ADMIN, NOT_FOUND, and what `requirePresentPassword` throws.
 */
export async function changeOwnAccount(ctx: ActorCtx, input: OwnAccountChange): Promise<ChangedUser> {
  return write(ctx, await check(ctx, input))
}

async function check(ctx: ActorCtx, input: OwnAccountChange): Promise<CheckedChange> {
  const { username, newPassword, role, password, code, credential } = input
  if (role !== null && !isAdmin(ctx.actor)) throw forbidden()
  const user = await getCurrentUser(ctx)
  const newEmail = differentEmail(user, input)
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

/** The new address, normalized; null when it is the present one. */
function differentEmail({ email }: User, input: OwnAccountChange): string | null {
  const newEmail = input.newEmail === null ? null : normalizeEmail(input.newEmail)
  return newEmail === email ? null : newEmail
}

async function write(ctx: ActorCtx, change: CheckedChange): Promise<ChangedUser> {
  const { username, role, newEmail, passwordHash } = change
  const actor = actorOf(ctx)
  const { id: userId } = change.user
  const unchanged = { user: change.user, propagated: true }
  const withRole = role === null ? unchanged : await changeAccountRole(ctx, { userId, role, actor })
  const withName =
    username === null ? withRole : await changeProfile(ctx, { user: withRole.user, changes: { username }, actor })
  const withPassword = passwordHash === null ? withName : await setOwnPassword(ctx, withName.user, passwordHash)
  // Read again: a change of credentials voids the link, and they may just have changed.
  if (newEmail !== null) await mailEmailChange(ctx, await getCurrentUser(ctx), newEmail)
  const propagated = [withRole, withName, withPassword].every((step) => step.propagated)
  return { user: withName.user, propagated }
}

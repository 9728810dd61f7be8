import type { ActorCtx, Ctx } from '../../../context.ts'
import { commit } from '../../../db/commit.ts'
import { tokenInvalid } from '../../../lib/errors.ts'
import type { EventActor } from '../../../lib/event.ts'
import { emailTaken, userNotFound, usernameTaken } from '../errors.ts'
import { isEmailIdentifier, normalizeEmail, normalizeUsername } from '../rules/names.ts'
import {
  insertedUser,
  insertUser,
  selectUser,
  selectUserByEmail,
  selectUserByNumber,
  selectUserByUsernameKey,
  updateLastSignIn,
  updatePasswordHash,
} from '../store/users.ts'
import type { User, UserRef, UserStatus } from '../types.ts'
import { findEmailHolder } from './former-addresses.ts'

export {
  fullNameOf,
  isEmail,
  isEmailConfirmed,
  isEmailIdentifier,
  isPlainText,
  isProse,
  isRestorable,
  isSignInAllowed,
  isUsername,
  normalizeEmail,
  normalizeIdentifier,
  permissionsOf,
  toUserStatus,
} from '../rules/names.ts'
export { isRoleName } from '../rules/transitions.ts'

type Reading = Pick<Ctx, 'db' | 'now'>

export { deleteUserRow, insertedUser, insertUsers, updateUsers } from '../store/users.ts'

/** By UUID, in any state, `deleted` too. */
export const findUser = (ctx: Reading, id: string): Promise<User | undefined> => selectUser(ctx, id)

/** By address as a person types it. */
export const findUserByEmail = (ctx: Reading, email: string): Promise<User | undefined> =>
  selectUserByEmail(ctx, normalizeEmail(email))

/** By username as a person types it. */
export const findUserByUsername = (ctx: Reading, username: string): Promise<User | undefined> =>
  selectUserByUsernameKey(ctx, normalizeUsername(username))

/** By the sequential number of systems that want integers. */
export const findUserByNumber = (ctx: Reading, number: number): Promise<User | undefined> =>
  selectUserByNumber(ctx, number)

/** By email or username as a person types it. */
export const findUserByIdentifier = (ctx: Reading, identifier: string): Promise<User | undefined> =>
  isEmailIdentifier(identifier) ? findUserByEmail(ctx, identifier) : findUserByUsername(ctx, identifier)

/** A deleted user is nobody. Throws NOT_FOUND. */
export function requirePresent(user: User | undefined): User {
  if (!user || user.status === 'deleted') throw userNotFound()
  return user
}

/** By UUID or number, in any state, `deleted` too. Throws NOT_FOUND. */
export async function getUser(ctx: Reading, ref: UserRef): Promise<User> {
  const user = await (typeof ref === 'number' ? findUserByNumber(ctx, ref) : findUser(ctx, ref))
  if (!user) throw userNotFound()
  return user
}

/** By UUID or number; a deleted user is nobody. Throws NOT_FOUND. */
export const getPresentUser = async (ctx: Reading, ref: UserRef): Promise<User> =>
  requirePresent(await getUser(ctx, ref))

export interface NewUser {
  readonly email: string
  readonly username?: string | null | undefined
  /** PHC string; absent for accounts without a password. */
  readonly passwordHash?: string | undefined
  readonly role?: string
  readonly status?: UserStatus
  readonly emailVerifiedAt?: number
  readonly externalId?: string | undefined
  readonly importedAt?: number
  readonly firstName?: string | undefined
  readonly lastName?: string | undefined
  readonly displayName?: string | undefined
  readonly phoneNumber?: string | undefined
  readonly timezone?: string | undefined
  readonly locale?: string | undefined
  readonly bio?: string | undefined
  readonly profileImageUrl?: string | undefined
  readonly appMetadata?: Readonly<Record<string, unknown>>
  readonly metadata?: Readonly<Record<string, unknown>>
  /** Where the account is older than its row: epoch milliseconds. */
  readonly createdAt?: number | undefined
  /** Who makes the account; the new user when absent. */
  readonly actor?: EventActor
}

/** The row of a new account, email and username in the forms that are unique. Nothing is written. */
export function newUserRow(ctx: Pick<Ctx, 'now' | 'newId'>, input: NewUser) {
  const now = ctx.now()
  const username = input.username ?? null
  return {
    id: ctx.newId(),
    email: normalizeEmail(input.email),
    emailVerifiedAt: input.emailVerifiedAt ?? null,
    username: username?.normalize('NFKC').trim() ?? null,
    usernameKey: username === null ? null : normalizeUsername(username),
    passwordHash: input.passwordHash ?? null,
    role: input.role ?? 'user',
    status: input.status ?? 'active',
    externalId: input.externalId ?? null,
    importedAt: input.importedAt ?? null,
    firstName: input.firstName ?? null,
    lastName: input.lastName ?? null,
    displayName: input.displayName ?? null,
    phoneNumber: input.phoneNumber ?? null,
    timezone: input.timezone ?? null,
    locale: input.locale ?? null,
    bio: input.bio ?? null,
    profileImageUrl: input.profileImageUrl ?? null,
    appMetadata: { ...input.appMetadata },
    metadata: { ...input.metadata },
    createdAt: input.createdAt ?? now,
    updatedAt: now,
  }
}

/**
 * Makes an account, with `user.created`. The statement decides, not a read before the write. A reserved email is taken.
 * Throws CONFLICT with `details.field` `email` or `username`. The input's form was checked by the caller's schema.
 */
export async function createUser(ctx: Ctx, input: NewUser): Promise<User> {
  const row = newUserRow(ctx, input)
  const rows = await commit(ctx, insertUser(ctx, row), {
    type: 'user.created',
    subject: row.id,
    userId: row.id,
    actor: input.actor ?? { type: 'user', id: row.id },
    data: { after: { email: row.email, username: row.username, role: row.role, status: row.status } },
  })
  const user = insertedUser(rows)
  if (user) return user
  throw (await findEmailHolder(ctx, row.email)) ? emailTaken() : usernameTaken()
}

/**
 * Stores the same password under the present parameters. No event and no new `auth_version`: nothing has changed for the user.
 * Does nothing when the hash is no longer `from`.
 */
export async function replacePasswordHash(
  ctx: Reading,
  input: { userId: string; from: string; to: string },
): Promise<void> {
  await updatePasswordHash(ctx, input)
}

/** Moves `last_sign_in_at`; shown to people, never read for a decision. */
export async function recordSignIn(ctx: Reading, userId: string): Promise<void> {
  await updateLastSignIn(ctx, userId, ctx.now())
}

/** The caller's own row. Throws TOKEN_ERROR when it is gone: the token speaks of nobody. */
export async function getCurrentUser(ctx: ActorCtx): Promise<User> {
  const user = await findUser(ctx, ctx.actor.id)
  if (!user || user.status === 'deleted') throw tokenInvalid()
  return user
}

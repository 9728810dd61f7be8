import type { ActorCtx, Ctx } from '../../../context.ts'
import { commit } from '../../../db/commit.ts'
import { conflict, type DomainError, defineError, notFound, tokenInvalid } from '../../../lib/errors.ts'
import type { EventActor } from '../../../lib/event.ts'
import { isEmailIdentifier, normalizeEmail, normalizeUsername } from '../rules.ts'
import { selectUserPage, type UserFilter, type UserPage } from '../store/directory.ts'
import {
  insertedUser,
  insertUser,
  selectUser,
  selectUserByEmail,
  selectUserByNumber,
  selectUserByUsernameKey,
  updateErasing,
  updateLastSignIn,
  updatePasswordHash,
} from '../store/users.ts'
import type { User, UserRef, UserStatus } from '../types.ts'
import { findEmailHolder } from './former-addresses.ts'

export {
  confirmedEmailOf,
  findMailDomain,
  fullNameOf,
  isEmail,
  isEmailConfirmed,
  isEmailIdentifier,
  isPlainText,
  isProse,
  isRestorable,
  isRoleName,
  isSignInAllowed,
  isUsername,
  mailDomainOf,
  normalizeEmail,
  normalizeIdentifier,
  recipientOf,
  toUserStatus,
} from '../rules.ts'
export type { UserFilter, UserPage } from '../store/directory.ts'
export { deleteUserRow, insertedUser, insertUser, insertUsers, selectUserRow, updateUsers } from '../store/users.ts'

/** Begins to erase a deleted user; false when it is not due, or a legal hold keeps them. A repeat finds it begun. */
export const beginErasure = async (ctx: Pick<Ctx, 'db' | 'now'>, id: string): Promise<boolean> =>
  (await updateErasing(ctx, id)).length > 0

export const emailTaken = (): DomainError =>
  conflict({ field: 'email', resource: 'user' }, { message: 'An account with this email already exists' })

export const usernameTaken = (): DomainError =>
  conflict({ field: 'username', resource: 'user' }, { message: 'This username is taken' })

export const userNotFound = (): DomainError => notFound({ resource: 'user' }, { message: 'User not found' })

export const userStateConflict = defineError(
  'USER_STATE_CONFLICT',
  'malformed',
  'The user is not in a state that allows this',
)
export const lastAdmin = defineError('LAST_ADMIN', 'conflict', 'The last admin cannot be removed or demoted')

type Reading = Pick<Ctx, 'db' | 'now'>

/** By UUID, in any state, also `deleted`. */
export const findUser = (ctx: Reading, id: string): Promise<User | undefined> => selectUser(ctx, id)

/** By address as a person types it. */
export const findUserByEmail = (ctx: Reading, email: string): Promise<User | undefined> =>
  selectUserByEmail(ctx, normalizeEmail(email))

/** By username as a person types it. */
export const findUserByUsername = (ctx: Reading, username: string): Promise<User | undefined> =>
  selectUserByUsernameKey(ctx, normalizeUsername(username))

/** By the sequential number, for systems that use integers. */
export const findUserByNumber = (ctx: Reading, number: number): Promise<User | undefined> =>
  selectUserByNumber(ctx, number)

/** By email or username as a person types it. */
export const findUserByIdentifier = (ctx: Reading, identifier: string): Promise<User | undefined> =>
  isEmailIdentifier(identifier) ? findUserByEmail(ctx, identifier) : findUserByUsername(ctx, identifier)

/** Throws NOT_FOUND for no user, and for a deleted one. */
export function requirePresent(user: User | undefined): User {
  if (!user || user.status === 'deleted') throw userNotFound()
  return user
}

/** By UUID or number, in any state, also `deleted`. Throws NOT_FOUND. */
export async function getUser(ctx: Reading, ref: UserRef): Promise<User> {
  const user = await (typeof ref === 'number' ? findUserByNumber(ctx, ref) : findUser(ctx, ref))
  if (!user) throw userNotFound()
  return user
}

/** By UUID or number. Throws NOT_FOUND, for a deleted user too. */
export const getPresentUser = async (ctx: Reading, ref: UserRef): Promise<User> =>
  requirePresent(await getUser(ctx, ref))

export interface UserQuery extends UserFilter {
  readonly offset: number
  readonly limit: number
  readonly order?: 'newest' | 'oldest'
}

/**
 * A page of users, newest first unless `order` is `oldest`; deleted ones only when the filter asks for that status. Any page
 * costs the same, however large the table is (decision 0165).
 */
export async function listUsers(ctx: Pick<Ctx, 'db'>, query: UserQuery): Promise<UserPage> {
  const { offset, limit, order = 'newest', search, ...filter } = query
  return selectUserPage(ctx, { ...filter, search: search?.trim() || undefined }, { offset, limit, order })
}

export interface NewUser {
  readonly email: string
  readonly username?: string | null | undefined
  /** A PHC string; absent for an account without a password. */
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
  /** When the account was made in the system that it is imported from: epoch milliseconds. */
  readonly createdAt?: number | undefined
  /** Who creates the account; the new user when absent. */
  readonly actor?: EventActor
}

/** The row of a new account, with normalized email and username. Writes nothing. */
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
 * Creates an account, with `user.created`. The insert decides, not a read before it; a reserved email counts as taken.
 * Callers have validated the fields. Throws CONFLICT with `details.field` `email` or `username`.
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
 * Stores the same password under today's hash parameters. Nothing changes for the user, so there is no event and no new
 * `auth_version`. Does nothing when the hash is no longer `from`.
 */
export async function replacePasswordHash(
  ctx: Reading,
  input: { userId: string; from: string; to: string },
): Promise<void> {
  await updatePasswordHash(ctx, input)
}

/** Sets `last_sign_in_at`, which is for display only. */
export async function recordSignIn(ctx: Reading, userId: string): Promise<void> {
  await updateLastSignIn(ctx, userId, ctx.now())
}

/** The caller's own row. Throws TOKEN_ERROR when the user is deleted. */
export async function getCurrentUser(ctx: ActorCtx): Promise<User> {
  const user = await findUser(ctx, ctx.actor.id)
  if (!user || user.status === 'deleted') throw tokenInvalid()
  return user
}

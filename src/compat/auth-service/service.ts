import { type ActorCtx, type AdminCtx, actorOf, type CallerCtx, type Ctx, narrow } from '../../context.ts'
import { record } from '../../db/commit.ts'
import { getSecondFactorStatus } from '../../features/account/service/factors.ts'
import { changeOwnAccount, type OwnAccountChange } from '../../features/account/service/own-account.ts'
import { changeAccountRole } from '../../features/account/service/states.ts'
import { registerAdmin } from '../../features/admin/service/register.ts'
import { changeState } from '../../features/admin/service/states.ts'
import { mfaNotEnabled } from '../../features/factors/totp/errors.ts'
import { listOwnSessions, revokeOwnSession, sessionNotFound } from '../../features/sessions/service/own.ts'
import type { OpenedSession } from '../../features/sessions/types.ts'
import { invalidCredentials } from '../../features/sign-in/errors.ts'
import { findAttempts } from '../../features/sign-in/service/attempts.ts'
import { answerChallenge } from '../../features/sign-in/service/second-step.ts'
import { type SignedIn, signInOrThrow } from '../../features/sign-in/service/sign-in.ts'
import { stepUp } from '../../features/sign-in/service/step-up.ts'
import { ensureUserState, type StateChange } from '../../features/users/service/state.ts'
import {
  findUserByEmail,
  findUserByIdentifier,
  findUserByNumber,
  isEmailIdentifier,
  isSignInAllowed,
  listUsers,
  requirePresent,
  userNotFound,
} from '../../features/users/service/users.ts'
import type { ChangedUser, User } from '../../features/users/types.ts'
import { DomainError, tokenInvalid, unauthorized } from '../../lib/errors.ts'
import { isAdmin } from '../../lib/roles.ts'
import type { ShownChange, ShownUser } from './wire.ts'

/** Answers about one user show its failed sign-in attempts. */
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

/** A user as the caller may see them. */
export type VerifiedUser = ({ readonly view: 'whole' } & ShownUser) | { readonly view: 'stranger'; readonly user: User }

/**
 * Whether a username exists. The user and admins get the whole user. Others find only active users, and only by username, so
 * that a guessed address is not confirmed. Throws NOT_FOUND.
 */
export async function verifyUser(ctx: ActorCtx, username: string): Promise<VerifiedUser> {
  const user = requirePresent(await findUserByIdentifier(ctx, username))
  if (user.id === ctx.actor.id || isAdmin(ctx.actor)) return { view: 'whole', ...(await showUser(ctx, user)) }
  if (isEmailIdentifier(username) || !isSignInAllowed(user)) throw userNotFound()
  return { view: 'stranger', user }
}

/** Ordered by id. */
export async function listAllUsers(ctx: Ctx, { skip, limit }: { skip: number; limit: number }): Promise<ShownUser[]> {
  const { users } = await listUsers(ctx, { offset: skip, limit, order: 'oldest' })
  return users.map((user) => ({ user, attempts: null }))
}

/** As `changeState`. Throws NOT_FOUND, USER_STATE_CONFLICT, LAST_ADMIN. */
export async function changeStateByNumber(ctx: AdminCtx, number: number, change: StateChange): Promise<ShownChange> {
  return showChange(ctx, await changeState(ctx, { ref: number, change, reason: null }))
}

/** Does nothing for an active user: a repeated PUT is no conflict, nor a simultaneous one. */
export async function activate(ctx: AdminCtx, number: number): Promise<ShownChange> {
  const { id: userId } = requirePresent(await findUserByNumber(ctx, number))
  const change = { userId, change: 'activate', actor: actorOf(ctx) } as const
  return showChange(ctx, await ensureUserState(ctx, change, isSignInAllowed))
}

/** By username, or by address for a user without one. Throws NOT_FOUND, LAST_ADMIN. */
export async function changeRoleByName(ctx: AdminCtx, input: { username: string; role: string }): Promise<ChangedUser> {
  const { id: userId } = requirePresent(await findUserByIdentifier(ctx, input.username))
  return changeAccountRole(ctx, { userId, role: input.role, actor: actorOf(ctx) })
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

/** Throws SIGN_IN_NOT_ACCEPTED for users who are no admins, and what `signInOrThrow` throws. */
export const signInAdmin = (ctx: Ctx, { email, password }: { email: string; password: string }): Promise<SignedIn> =>
  signInOrThrow(ctx, { identifier: email, password, accepts: ({ role }) => role === 'admin' })

export interface NewAdmin {
  readonly username: string
  readonly email: string
  readonly password: string
  readonly secretKey: string | null
}

/** As `registerAdmin`, with the caller as actor. */
export async function registerFurtherAdmin(ctx: CallerCtx, input: NewAdmin): Promise<ShownUser> {
  const user = await registerAdmin(ctx, { ...input, actor: ctx.actor })
  return { user, attempts: null }
}

/** As `signInOrThrow`; throws INVALID_CREDENTIALS for users who are no vendors. */
export async function signInVendor(ctx: Ctx, input: { email: string; password: string }): Promise<SignedIn> {
  const { email: identifier, password } = input
  try {
    return await signInOrThrow(ctx, { identifier, password, accepts: ({ role }) => role === 'vendor' })
  } catch (cause) {
    throw cause instanceof DomainError && cause.code === 'SIGN_IN_NOT_ACCEPTED' ? invalidCredentials() : cause
  }
}

/** Ends one of the caller's sessions by its number. Throws SESSION_NOT_FOUND, SESSION_ALREADY_REVOKED. */
export async function endOwnSession(ctx: ActorCtx, number: number): Promise<{ propagated: boolean }> {
  // Includes ended sessions: repeating a call that an outage interrupted voids the tokens requested in the session.
  const sessions = await listOwnSessions(ctx, { withEnded: true })
  const session = sessions.find((one) => one.number === number)
  if (!session) throw sessionNotFound()
  return revokeOwnSession(ctx, session.id)
}

/** Throws MFA_NOT_ENABLED. */
export async function requireEnabled(ctx: ActorCtx): Promise<void> {
  if (!(await getSecondFactorStatus(ctx)).enabled) throw mfaNotEnabled()
}

export interface SecondStepInput {
  readonly code: string
  readonly mfaToken: string | null
  /** The bearer when it is no valid access token. */
  readonly bearer: string | null
}

/** Access tokens are JWTs and contain dots; challenges do not. */
const isAccessToken = (token: string): boolean => token.includes('.')

/**
 * Completes a pending sign-in by its second factor, or steps up the caller's session. Throws UNAUTHORIZED, TOKEN_ERROR, and
 * what `answerChallenge` and `stepUp` throw.
 */
export async function verifySecondFactor(
  ctx: CallerCtx,
  { code, mfaToken, bearer }: SecondStepInput,
): Promise<OpenedSession> {
  if (mfaToken) return (await answerChallenge(ctx, { mfaToken, code })).opened
  if (ctx.actor) return (await stepUp(narrow(ctx, { actor: ctx.actor }), { code })).opened
  if (bearer === null) throw unauthorized()
  if (isAccessToken(bearer)) throw tokenInvalid()
  return (await answerChallenge(ctx, { mfaToken: bearer, code })).opened
}

const KNOWN: readonly string[] = ['user_id', 'vendor_id', 'interaction_type', 'message', 'response']

/** Publishes an interaction as an event. Its `user_id` is the client's claim; the actor is the caller. */
export async function recordInteraction(ctx: ActorCtx, interaction: Readonly<Record<string, unknown>>): Promise<void> {
  const fields = Object.entries(interaction)
  const known = fields.filter(([name]) => KNOWN.includes(name))
  const rest = fields.filter(([name]) => !KNOWN.includes(name))
  const { id, sessionId } = ctx.actor
  await record(ctx, {
    type: 'chatbot.interaction',
    subject: id,
    userId: id,
    actor: { type: 'user', id },
    sessionId,
    data: { ...Object.fromEntries(known), ...(rest.length > 0 ? { other: Object.fromEntries(rest) } : {}) },
  })
}

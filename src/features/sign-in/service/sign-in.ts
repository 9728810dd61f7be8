import type { Ctx } from '../../../context.ts'
import { DomainError, serviceUnavailable } from '../../../lib/errors.ts'
import { networkOf } from '../../../lib/network.ts'
import { hashPassword, isHashable, verifyPassword } from '../../../lib/password-hash/password-hash.ts'
import { toCurrentPhc } from '../../../lib/password-hash/stored-hash.ts'
import { recordHashUse } from '../../factors/password/service/costly-hashes.ts'
import { findMaintenance, underMaintenance } from '../../maintenance/service.ts'
import { openSession } from '../../sessions/service.ts'
import type { NewSession, OpenedSession } from '../../sessions/types.ts'
import { findUserByIdentifier, isSignInAllowed, recordSignIn, replacePasswordHash } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { accountLocked, emailNotVerified, invalidCredentials, mfaRequired, signInNotAccepted } from '../errors.ts'
import type { IssuedChallenge } from '../types.ts'
import { attemptOf, completeAttempt, countAttempt, failAttempt, passAttempt } from './attempts.ts'
import { issueChallenge } from './challenges.ts'
import { tellNewDevice } from './new-device.ts'
import { failSlowly } from './timing.ts'

/** What keeps somebody from a session, on every surface. */
export const signInErrors = [invalidCredentials, emailNotVerified, accountLocked, underMaintenance, serviceUnavailable]

/** The same where an answer has no room for a challenge. */
export const signInOrThrowErrors = [...signInErrors, mfaRequired]

export interface SignedIn {
  readonly outcome: 'signed_in'
  readonly user: User
  readonly opened: OpenedSession
}

/** The first factor was right, and the user has a second one. */
export interface MfaChallenge extends IssuedChallenge {
  readonly outcome: 'mfa_required'
}

/** What a right first factor leads to. */
export type SignInResult = SignedIn | MfaChallenge

export interface SignInInput {
  /** An email or a username, as typed. */
  readonly identifier: string
  readonly password: string
  /** Whom this way of signing in is for, asked once the password was right. Everybody when absent. */
  readonly accepts?: (user: User) => boolean
}

/** No password derives these bytes; verifying one takes as long as verifying a real one. */
const dummyHash = (ctx: Pick<Ctx, 'hashCost'>): string => toCurrentPhc(ctx.hashCost, 'A'.repeat(22), 'A'.repeat(43))

/**
 * The one sign-in with a password, of every surface. Throws INVALID_CREDENTIALS, ACCOUNT_LOCKED, SERVICE_UNAVAILABLE.
 * Unknown, suspended, inactive and deleted users, and those without a password, are answered as a wrong password is; so are
 * those who have not verified their address, where no answer says who has an account. An administrative lock is told to who
 * knows the password.
 */
export const signIn = (ctx: Ctx, input: SignInInput): Promise<SignInResult> =>
  failSlowly(ctx, () => trySignIn(ctx, input), input.password)

async function trySignIn(ctx: Ctx, input: SignInInput): Promise<SignInResult> {
  const user = await findUserByIdentifier(ctx, input.identifier)
  const attempt = await countAttempt(ctx, await attemptOf(ctx, user, input.identifier))
  const stored = user?.passwordHash ?? null
  const verification = await verifyPassword(ctx, stored ?? dummyHash(ctx), input.password)
  if (!user || stored === null || !verification.matches)
    throw await failAttempt(ctx, attempt, refused(ctx, 'wrong_password', user))
  if (verification.isOutdated) ctx.defer(renewHash(ctx, { userId: user.id, from: stored, password: input.password }))
  const hidden = findHiddenReason(ctx, user)
  if (hidden !== null) throw await failAttempt(ctx, attempt, refused(ctx, hidden, user))
  await passAttempt(ctx, attempt)
  if (user.status === 'locked') throw accountLocked({ reason: 'administrative', locked_until: null })
  if (input.accepts && !input.accepts(user)) throw signInNotAccepted()
  return finishFirstFactor(ctx, { user, amr: ['pwd'], method: 'password' })
}

/**
 * Why a right password is answered as a wrong one is, and counted: one that is never locked out would be told from it. Null
 * for who may know that it was right.
 */
function findHiddenReason(ctx: Ctx, user: User): string | null {
  if (user.status === 'locked') return null
  if (!isSignInAllowed(user)) return user.status
  return isHidden(ctx, user) ? 'email_not_verified' : null
}

/** As `signIn`, for answers that have no room for a challenge: throws MFA_REQUIRED with it. */
export async function signInOrThrow(ctx: Ctx, input: SignInInput): Promise<SignedIn> {
  const result = await signIn(ctx, input)
  if (result.outcome === 'signed_in') return result
  throw mfaRequired({ mfa_token: result.mfaToken, available_methods: result.availableMethods })
}

/** One public answer; the reason is for the log. What was typed is not: people type passwords into the wrong field. */
function refused(ctx: Ctx, reason: string, user: User | undefined): DomainError {
  ctx.log.info('sign_in_refused', { reason: user ? reason : 'unknown_user', user_id: user?.id })
  return invalidCredentials()
}

/**
 * The same password under the present parameters. A password that was changed meanwhile stays, and so does the hash of one
 * that is too short for ours.
 */
async function renewHash(ctx: Ctx, input: { userId: string; from: string; password: string }): Promise<void> {
  if (!isHashable(input.password)) return recordHashUse(ctx, input.userId)
  const to = await hashPassword(ctx, input.password)
  await replacePasswordHash(ctx, { userId: input.userId, from: input.from, to })
}

export interface FirstFactor {
  /** As it was read when the factor was checked. */
  readonly user: User
  /** RFC 8176 values; `email` for a link that was mailed. */
  readonly amr: readonly string[]
  /** `user.signed_in` names it. */
  readonly method: string
  readonly organizationId?: string | null
}

/** Factors that are two by themselves (a passkey that verified its user) carry `mfa`. */
const needsSecondFactor = ({ user, amr }: FirstFactor): boolean => user.mfaEnabled && !amr.includes('mfa')

/**
 * What follows a right first factor, of whatever kind: a session, or a challenge for the second factor. Throws
 * INVALID_CREDENTIALS when the credentials were changed meanwhile, EMAIL_NOT_VERIFIED where that comes first, MAINTENANCE.
 */
export async function finishFirstFactor(ctx: Ctx, factor: FirstFactor): Promise<SignInResult> {
  const { user } = factor
  const closed = await findClosedDoor(ctx, user)
  if (closed) throw closed
  if (needsSecondFactor(factor)) return challengeSignIn(ctx, factor)
  const opened = await openFirstSession(ctx, factor)
  await completeAttempt(ctx, { account: user.id, network: networkOf(ctx.ip) })
  return toSignedIn(ctx, factor.user, opened)
}

/**
 * A password must not tell what the sign-up before it did not: whoever signs up with a free address knows the password of the
 * account, and with a taken one does not.
 */
const isHidden = ({ config }: Ctx, { emailVerifiedAt }: User): boolean =>
  config.HIDE_ACCOUNT_EXISTENCE && config.REQUIRE_VERIFIED_EMAIL && emailVerifiedAt === null

/** What keeps out somebody whose factor was right. */
async function findClosedDoor(ctx: Ctx, user: User): Promise<DomainError | null> {
  if (ctx.config.REQUIRE_VERIFIED_EMAIL && user.emailVerifiedAt === null) return emailNotVerified()
  return user.role === 'admin' ? null : findMaintenance(ctx)
}

async function challengeSignIn(ctx: Ctx, factor: FirstFactor): Promise<MfaChallenge> {
  const { user, amr, method, organizationId = null } = factor
  const issued = await issueChallenge(ctx, { user, amr, method, organizationId, network: networkOf(ctx.ip) })
  return { outcome: 'mfa_required', ...issued }
}

/** The row that was checked decides: an object that has seen newer credentials refuses, as if the password were wrong. */
export async function openFirstSession(ctx: Ctx, factor: FirstFactor): Promise<NewSession> {
  const { user, amr, method, organizationId = null } = factor
  const events = [{ type: 'user.signed_in' as const, data: { method } }]
  try {
    return await openSession(ctx, { user, amr, organizationId, events })
  } catch (cause) {
    if (cause instanceof DomainError && cause.code === 'SESSION_REFUSED') throw refused(ctx, 'stale_credentials', user)
    throw cause
  }
}

/** What every completed sign-in passes, whatever its factors. */
export function toSignedIn(ctx: Ctx, user: User, opened: NewSession): SignedIn {
  ctx.defer(recordSignIn(ctx, user.id))
  if (opened.isNewDevice) tellNewDevice(ctx, user, opened.session)
  return { outcome: 'signed_in', user: { ...user, lastSignInAt: ctx.now() }, opened }
}

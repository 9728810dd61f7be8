import type { Ctx } from '../../../context.ts'
import type { SessionSnapshot } from '../../../durable/rpc.ts'
import { DomainError, notAMember, serviceUnavailable, ssoRequired } from '../../../lib/errors.ts'
import { networkOf } from '../../../lib/network.ts'
import { hashPassword, isHashable, verifyPassword } from '../../../lib/password-hash/password-hash.ts'
import { toCurrentPhc } from '../../../lib/password-hash/stored-hash.ts'
import { describeUserAgent, knownDeviceNameOf } from '../../../lib/user-agent.ts'
import { recordHashUse } from '../../factors/password/service/costly-hashes.ts'
import { findMaintenance, underMaintenance } from '../../maintenance/service.ts'
import { openBrowserSession } from '../../sessions/service/browsers.ts'
import { openSession } from '../../sessions/service/opening.ts'
import type { NewSession, OpenedSession, SessionOrigin, StandsOn } from '../../sessions/types.ts'
import { notifyOwner } from '../../users/service/notices.ts'
import {
  findUserByIdentifier,
  isEmailConfirmed,
  isSignInAllowed,
  recordSignIn,
  replacePasswordHash,
} from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { accountLocked, emailNotVerified, invalidCredentials, mfaRequired, signInNotAccepted } from '../errors.ts'
import { attemptOf, completeAttempt, countAttempt, failAttempt, passAttempt } from './attempts.ts'
import { type IssuedChallenge, issueChallenge } from './challenges.ts'
import { admit, isRefusedAlike, passingEvents, refuseAlike, tellPassing } from './required-sso.ts'
import { failSlowly } from './timing.ts'

/** What a sign-in throws, on every surface. */
export const signInErrors = [
  invalidCredentials,
  emailNotVerified,
  accountLocked,
  ssoRequired,
  underMaintenance,
  notAMember,
  serviceUnavailable,
]

/** What `signInOrThrow` throws. */
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

export type SignInResult = SignedIn | MfaChallenge

export interface SignInInput {
  /** An email or a username, as typed. */
  readonly identifier: string
  readonly password: string
  /** The organization that the session is to be in. */
  readonly organizationId?: string | null
  /** Whether this sign-in admits the user, asked after the password was verified. Admits everybody when absent. */
  readonly accepts?: (user: User) => boolean
}

/** A hash that matches no password; verifying against it takes as long as against a real one. */
const dummyHash = (ctx: Pick<Ctx, 'hashCost'>): string => toCurrentPhc(ctx.hashCost, 'A'.repeat(22), 'A'.repeat(43))

/**
 * The one sign-in with a password, of every surface. Throws INVALID_CREDENTIALS, ACCOUNT_LOCKED, SERVICE_UNAVAILABLE. Unknown,
 * suspended, inactive and deleted users, and those without a password, get the answer of a wrong password; with
 * HIDE_ACCOUNT_EXISTENCE so do users with an unverified address. An administrative lock shows after the right password.
 * SSO_REQUIRED is the answer to every password of an address that has to sign in elsewhere; to a username of such an account
 * every password is wrong.
 */
export const signIn = (ctx: Ctx, input: SignInInput): Promise<SignInResult> =>
  failSlowly(ctx, () => refuseAlike(ctx, input.identifier, () => trySignIn(ctx, input)), input.password)

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
  try {
    return await goOn(ctx, user, input)
  } catch (cause) {
    if (!(await isRefusedAlike(ctx, user, cause))) throw cause
    // Counted as a failure too: an account, or a network, that is never locked out would reveal that the password was right.
    // A username gets this very answer: the address to go to would reveal the same.
    throw await failAttempt(ctx, await countAttempt(ctx, attempt), refused(ctx, 'sso_required', user))
  }
}

/** After the right password. */
async function goOn(ctx: Ctx, user: User, { accepts, organizationId = null }: SignInInput): Promise<SignInResult> {
  if (user.status === 'locked') throw accountLocked({ reason: 'administrative', locked_until: null })
  if (accepts && !accepts(user)) throw signInNotAccepted()
  return finishFirstFactor(ctx, { user, amr: ['pwd'], method: 'password', organizationId })
}

/**
 * Why a right password gets the answer of a wrong one; null when it does not. It is also counted as a failure: an account
 * that is never locked out would reveal that the password was right.
 */
function findHiddenReason(ctx: Ctx, user: User): string | null {
  if (user.status === 'locked') return null
  if (!isSignInAllowed(user)) return user.status
  return isHidden(ctx, user) ? 'email_not_verified' : null
}

/** As `signIn`, for answers without a challenge: throws MFA_REQUIRED, which carries it. */
export async function signInOrThrow(ctx: Ctx, input: SignInInput): Promise<SignedIn> {
  const result = await signIn(ctx, input)
  if (result.outcome === 'signed_in') return result
  throw mfaRequired({ mfa_token: result.mfaToken, available_methods: result.availableMethods })
}

/** One public answer; the log has the reason. The identifier is not logged: people type passwords into the wrong field. */
function refused(ctx: Ctx, reason: string, user: User | undefined): DomainError {
  ctx.log.info('sign_in_refused', { reason: user ? reason : 'unknown_user', user_id: user?.id })
  return invalidCredentials()
}

/**
 * Rehashes the password with the present parameters, unless it was changed meanwhile. A password that is too short for our
 * hash keeps its old one.
 */
async function renewHash(ctx: Ctx, input: { userId: string; from: string; password: string }): Promise<void> {
  if (!isHashable(input.password)) return recordHashUse(ctx, input.userId)
  const to = await hashPassword(ctx, input.password)
  await replacePasswordHash(ctx, { userId: input.userId, from: input.from, to })
}

export interface FirstFactor {
  /** The row that was read when the factor was verified. */
  readonly user: User
  /** RFC 8176 values; `email` for a mailed link. */
  readonly amr: readonly string[]
  /** Recorded in `user.signed_in`. */
  readonly method: string
  readonly organizationId?: string | null
  /** Of an organization's identity provider. */
  readonly origin?: SessionOrigin | null
  /** Of a sign-in by the session that the browser has. */
  readonly standsOn?: StandsOn
}

/** A first factor with `mfa` counts as two: a passkey that verified its user. */
const needsSecondFactor = ({ user, amr }: FirstFactor): boolean => user.mfaEnabled && !amr.includes('mfa')

/**
 * Follows every first factor: opens a session, or issues a challenge for the second factor. Throws INVALID_CREDENTIALS when
 * the credentials were changed meanwhile, EMAIL_NOT_VERIFIED, MAINTENANCE, SSO_REQUIRED.
 */
export async function finishFirstFactor(ctx: Ctx, factor: FirstFactor): Promise<SignInResult> {
  const { user } = factor
  const closed = await findRefusal(ctx, user)
  if (closed) throw closed
  if (needsSecondFactor(factor)) {
    await admit(ctx, factor)
    return challengeSignIn(ctx, factor)
  }
  const opened = await openFirstSession(ctx, factor)
  await completeAttempt(ctx, { account: user.id, network: networkOf(ctx.ip) })
  return toSignedIn(ctx, factor.user, opened)
}

/**
 * Hides the right password of an unverified account. Otherwise a sign-up followed by a sign-in would reveal whether the
 * address was free: only then did the sign-up set the password.
 */
const isHidden = ({ config }: Ctx, { emailVerifiedAt }: User): boolean =>
  config.HIDE_ACCOUNT_EXISTENCE && config.REQUIRE_VERIFIED_EMAIL && emailVerifiedAt === null

/** Why a user whose factor was right gets no session, or null. */
async function findRefusal(ctx: Ctx, user: User): Promise<DomainError | null> {
  if (ctx.config.REQUIRE_VERIFIED_EMAIL && user.emailVerifiedAt === null) return emailNotVerified()
  return user.role === 'admin' ? null : findMaintenance(ctx)
}

async function challengeSignIn(ctx: Ctx, factor: FirstFactor): Promise<MfaChallenge> {
  const { user, amr, method, organizationId = null, origin = null } = factor
  const issued = await issueChallenge(ctx, { user, amr, method, organizationId, origin, network: networkOf(ctx.ip) })
  return { outcome: 'mfa_required', ...issued }
}

/** Throws INVALID_CREDENTIALS when the user's object has seen newer credentials than those of the row, SSO_REQUIRED. */
export async function openFirstSession(ctx: Ctx, factor: FirstFactor): Promise<NewSession> {
  const { user, amr, method, organizationId = null } = factor
  const admission = await admit(ctx, factor)
  const events = [{ type: 'user.signed_in' as const, data: { method } }, ...passingEvents(admission)]
  try {
    const { standsOn } = factor
    const input = { user, amr, organizationId, origin: admission.origin, events, ...(standsOn && { standsOn }) }
    // That somebody passes a provider by is told of each session.
    const opened = ctx.browser
      ? await openBrowserSession(ctx, ctx.browser, { ...input, isNew: admission.passed !== null })
      : await openSession(ctx, input)
    tellPassing(ctx, user, admission)
    return opened
  } catch (cause) {
    if (cause instanceof DomainError && cause.code === 'SESSION_REFUSED') throw refused(ctx, 'stale_credentials', user)
    throw cause
  }
}

/** Records a completed sign-in, and notifies the user of a new device. */
export function toSignedIn(ctx: Ctx, user: User, opened: NewSession): SignedIn {
  ctx.defer(recordSignIn(ctx, user.id))
  if (opened.isNewDevice) notifyNewDevice(ctx, user, opened.session)
  return { outcome: 'signed_in', user: { ...user, lastSignInAt: ctx.now() }, opened }
}

/** Notifies the user of a sign-in from a new device. */
export function notifyNewDevice(ctx: Ctx, user: User, session: SessionSnapshot): void {
  const { country, ip, openedAt, userAgent } = session
  const params = {
    device: (isEmailConfirmed(user) ? describeUserAgent(userAgent).device_name : knownDeviceNameOf(userAgent)) ?? '?',
    ip: country === null ? ip : `${ip} (${country})`,
    time: openedAt,
  }
  notifyOwner(ctx, user, { kind: 'new_device', params })
}

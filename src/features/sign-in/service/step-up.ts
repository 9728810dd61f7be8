import type { ActorCtx, Ctx } from '../../../context.ts'
import { hasSecondFactor } from '../../../lib/amr.ts'
import { malformedRequest, serviceUnavailable, tokenInvalid } from '../../../lib/errors.ts'
import { verifyPassword } from '../../../lib/password-hash/password-hash.ts'
import { MINUTE, SECOND, toSeconds } from '../../../lib/time.ts'
import { assertionErrors, verifyPasskeyOf } from '../../factors/passkeys/service/assert.ts'
import { hasPasskeys } from '../../factors/passkeys/service/manage.ts'
import type { AssertionCredential } from '../../factors/passkeys/types.ts'
import { invalidCode, secondFactorLocked } from '../../factors/totp/errors.ts'
import { requireCode } from '../../factors/totp/service/codes.ts'
import { stepUpOwnSession } from '../../sessions/service/opening.ts'
import { getOwnSession } from '../../sessions/service/own.ts'
import { findUser, isSignInAllowed } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { accountLocked, passwordWrong, stepUpRequired } from '../errors.ts'
import { attemptOf, countAttempt, failAttempt, passAttempt } from './attempts.ts'
import { listSecondFactors } from './challenges.ts'
import type { SignedIn } from './sign-in.ts'
import { failSlowly } from './timing.ts'

/** How long a factor counts as fresh. */
const FRESH_MS = 10 * MINUTE

/** Proofs that a request carries beside its access token. */
export interface GivenFactors {
  readonly password?: string | null | undefined
  /** TOTP or a backup code; it is used up. */
  readonly code?: string | null | undefined
  /** An authenticator's assertion; it ends its ceremony. */
  readonly credential?: AssertionCredential | null | undefined
}

/** What `stepUp` throws, for its route. */
export const stepUpErrors = [
  passwordWrong,
  invalidCode,
  secondFactorLocked,
  ...assertionErrors,
  accountLocked,
  tokenInvalid,
  serviceUnavailable,
]

/** What `requireFreshFactor` throws, for the routes that call it. */
export const freshFactorErrors = [stepUpRequired, ...stepUpErrors]

/**
 * Counted, and slow when it fails, as a sign-in is: a stolen token does not help to guess the password. Throws
 * INVALID_PASSWORD, ACCOUNT_LOCKED.
 */
export const requireCurrentPassword = (ctx: Ctx, user: User, password: string): Promise<void> =>
  failSlowly(ctx, () => checkPassword(ctx, user, password), password)

async function checkPassword(ctx: Ctx, user: User, password: string): Promise<void> {
  const attempt = await countAttempt(ctx, await attemptOf(ctx, user, user.email))
  const isRight = user.passwordHash !== null && (await verifyPassword(ctx, user.passwordHash, password)).matches
  if (!isRight) throw await failAttempt(ctx, attempt, passwordWrong())
  await passAttempt(ctx, attempt)
}

/** Verifies every proof that was given, and returns their `amr` values; empty when none was given. */
async function proveFactors(
  ctx: ActorCtx,
  user: User,
  { password, code, credential }: GivenFactors,
): Promise<string[]> {
  const amr: string[] = []
  if (password) {
    await requireCurrentPassword(ctx, user, password)
    amr.push('pwd')
  }
  if (code) {
    await requireCode(ctx, user.id, code)
    amr.push('otp', 'mfa')
  }
  // A failure takes as long as that of a sign-in: its time does not reveal whether the user has a passkey.
  if (credential) amr.push(...(await failSlowly(ctx, () => verifyPasskeyOf(ctx, user.id, { credential }))).amr)
  return amr
}

async function getActingUser(ctx: ActorCtx): Promise<User> {
  const user = await findUser(ctx, ctx.actor.id)
  if (!user || !isSignInAllowed(user)) throw tokenInvalid()
  return user
}

async function listProofs(ctx: ActorCtx, user: User): Promise<string[]> {
  if (user.mfaEnabled) return listSecondFactors(ctx, user.id)
  const hasPasskey = await hasPasskeys(ctx, user.id)
  return [...(user.passwordHash === null ? [] : ['password']), ...(hasPasskey ? ['passkey'] : [])]
}

/** With what the caller can prove afresh who they are. Throws TOKEN_ERROR. */
export const listOwnProofs = async (ctx: ActorCtx): Promise<string[]> => listProofs(ctx, await getActingUser(ctx))

const refusal = (availableMethods: readonly string[]) =>
  stepUpRequired({ available_methods: availableMethods, max_age_seconds: FRESH_MS / SECOND })

const isFresh = ({ actor, now }: ActorCtx): boolean => now() - actor.authTime * SECOND < FRESH_MS

/**
 * Whether the caller's session proved a second factor in the last ten minutes, and the token was issued since: an older token
 * may be stolen. The session's object decides, because the token has one `auth_time` for all factors and a later password
 * moves it. Throws SESSION_NOT_FOUND, SERVICE_UNAVAILABLE.
 */
async function hasFreshSecondFactor(ctx: ActorCtx): Promise<boolean> {
  const { actor } = ctx
  const { secondFactorAt } = await getOwnSession(ctx, actor.sessionId)
  if (typeof secondFactorAt !== 'number' || ctx.now() - secondFactorAt >= FRESH_MS) return false
  return actor.authTime >= toSeconds(secondFactorAt)
}

/** `proved` are the `amr` values of the request's own proofs. */
async function isProvedFreshly(ctx: ActorCtx, user: User, proved: readonly string[]): Promise<boolean> {
  if (user.mfaEnabled) return hasSecondFactor(proved) || hasFreshSecondFactor(ctx)
  return proved.length > 0 || isFresh(ctx)
}

/**
 * For routes that add, remove or show a factor, change a credential or the address, or export or delete the account: requires
 * a factor that was proved in the last ten minutes, in the session or with the request. For users with a second factor it must
 * be a second factor (NIST SP 800-63B-4: factors of an AAL2 account are bound and removed at AAL2). Every given proof must be
 * right: throws INVALID_PASSWORD, INVALID_CODE (400, and counted), ACCOUNT_LOCKED, SECOND_FACTOR_LOCKED. Throws
 * STEP_UP_REQUIRED with the accepted methods. Returns the row on which the decision rests: a change that depends on its
 * `auth_version` fails when a second factor is turned on meanwhile.
 */
export async function requireFreshFactor(ctx: ActorCtx, given: GivenFactors = {}): Promise<User> {
  const user = await getActingUser(ctx)
  const proved = await proveFactors(ctx, user, given)
  if (!(await isProvedFreshly(ctx, user, proved))) throw refusal(await listProofs(ctx, user))
  return user
}

/**
 * As `requireFreshFactor`, for a change of the password: needs the present one, if there is one. A fresh session does not
 * suffice.
 */
export async function requirePresentPassword(ctx: ActorCtx, given: GivenFactors): Promise<User> {
  const { id, passwordHash, mfaEnabled } = await getActingUser(ctx)
  if (passwordHash !== null && !given.password)
    throw refusal(['password', ...(mfaEnabled ? await listSecondFactors(ctx, id) : [])])
  return requireFreshFactor(ctx, given)
}

/** Adds the given proofs to the caller's session; returns its new access token. */
export async function stepUp(ctx: ActorCtx, given: GivenFactors): Promise<SignedIn> {
  const user = await getActingUser(ctx)
  const amr = await proveFactors(ctx, user, given)
  if (amr.length === 0) throw malformedRequest('A password, a code or a credential is required')
  return { outcome: 'signed_in', user, opened: await stepUpOwnSession(ctx, { user, amr }) }
}

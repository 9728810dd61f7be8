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
import { getOwnSession, stepUpOwnSession } from '../../sessions/service.ts'
import { findUser, isSignInAllowed } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { accountLocked, passwordWrong, stepUpRequired } from '../errors.ts'
import { attemptOf, countAttempt, failAttempt, passAttempt } from './attempts.ts'
import { listSecondFactors } from './challenges.ts'
import type { SignedIn } from './sign-in.ts'
import { failSlowly } from './timing.ts'

/** How long a factor counts as fresh. */
const FRESH_MS = 10 * MINUTE

/** What a request carries beside its token to prove who asks. */
export interface GivenFactors {
  readonly password?: string | null | undefined
  /** TOTP or a backup code; it is used up. */
  readonly code?: string | null | undefined
  /** What an authenticator answered; its ceremony is over. */
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

/** Counted before it is looked at, and as slow when it is wrong, as a sign-in is: a stolen token is no way to guess it. Throws INVALID_PASSWORD, ACCOUNT_LOCKED. */
export const requireCurrentPassword = (ctx: Ctx, user: User, password: string): Promise<void> =>
  failSlowly(ctx, () => checkPassword(ctx, user, password), password)

async function checkPassword(ctx: Ctx, user: User, password: string): Promise<void> {
  const attempt = await countAttempt(ctx, await attemptOf(ctx, user, user.email))
  const isRight = user.passwordHash !== null && (await verifyPassword(ctx, user.passwordHash, password)).matches
  if (!isRight) throw await failAttempt(ctx, attempt, passwordWrong())
  await passAttempt(ctx, attempt)
}

async function provePassword(ctx: ActorCtx, user: User, password: string): Promise<readonly string[]> {
  await requireCurrentPassword(ctx, user, password)
  return ['pwd']
}

async function proveCode(ctx: ActorCtx, user: User, code: string): Promise<readonly string[]> {
  await requireCode(ctx, user.id, code)
  return ['otp', 'mfa']
}

/** As slow as a sign-in when it fails: whether there was a key to check must not show. */
async function proveCredential(ctx: ActorCtx, user: User, credential: AssertionCredential): Promise<readonly string[]> {
  return (await failSlowly(ctx, () => verifyPasskeyOf(ctx, user.id, { credential }))).amr
}

/** One row a kind of factor: what its proof adds to `amr`, or a throw. */
const PROOFS: {
  readonly [K in keyof GivenFactors]-?: (
    ctx: ActorCtx,
    user: User,
    given: NonNullable<GivenFactors[K]>,
  ) => Promise<readonly string[]>
} = { password: provePassword, code: proveCode, credential: proveCredential }

/** Checks everything that was given; empty when nothing was. */
async function proveFactors(
  ctx: ActorCtx,
  user: User,
  { password, code, credential }: GivenFactors,
): Promise<string[]> {
  const amr: string[] = []
  if (password) amr.push(...(await PROOFS.password(ctx, user, password)))
  if (code) amr.push(...(await PROOFS.code(ctx, user, code)))
  if (credential) amr.push(...(await PROOFS.credential(ctx, user, credential)))
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

const refusal = (availableMethods: readonly string[]) =>
  stepUpRequired({ available_methods: availableMethods, max_age_seconds: FRESH_MS / SECOND })

const isFresh = ({ actor, now }: ActorCtx): boolean => now() - actor.authTime * SECOND < FRESH_MS

/**
 * Whether the session that asks proved a second factor in the last ten minutes, and the token is of then or later: one of
 * before may have been stolen from who proved it. The object is asked: the token has one `auth_time` for all factors, and
 * a password since moves it. Throws SESSION_NOT_FOUND, SERVICE_UNAVAILABLE.
 */
async function hasFreshSecondFactor(ctx: ActorCtx): Promise<boolean> {
  const { actor } = ctx
  const { secondFactorAt } = await getOwnSession(ctx, actor.sessionId)
  if (typeof secondFactorAt !== 'number' || ctx.now() - secondFactorAt >= FRESH_MS) return false
  return actor.authTime >= toSeconds(secondFactorAt)
}

/** `proved` is what the request itself has proved. */
async function isProvedFreshly(ctx: ActorCtx, user: User, proved: readonly string[]): Promise<boolean> {
  if (user.mfaEnabled) return hasSecondFactor(proved) || hasFreshSecondFactor(ctx)
  return proved.length > 0 || isFresh(ctx)
}

/**
 * For whatever binds, removes or shows a factor, changes a credential or the address, exports or deletes the account: wants
 * a factor younger than ten minutes, in the session or given with the request. Of who has a second factor it is a second
 * one (NIST SP 800-63B-4: factors of an AAL2 account are bound and removed at AAL2), and a password beside it does not stand
 * in for it. Whatever is given must be right: INVALID_PASSWORD, INVALID_CODE (400, and counted), ACCOUNT_LOCKED,
 * SECOND_FACTOR_LOCKED. Throws STEP_UP_REQUIRED with what would do. Returns the row that was decided by: a change that
 * depends on its `auth_version` loses to a second factor that is turned on meanwhile.
 */
export async function requireFreshFactor(ctx: ActorCtx, given: GivenFactors = {}): Promise<User> {
  const user = await getActingUser(ctx)
  const proved = await proveFactors(ctx, user, given)
  if (!(await isProvedFreshly(ctx, user, proved))) throw refusal(await listProofs(ctx, user))
  return user
}

/**
 * As `requireFreshFactor`, for who sets another password: the present one is always given, where there is one. A fresh
 * session alone is STEP_UP_REQUIRED.
 */
export async function requirePresentPassword(ctx: ActorCtx, given: GivenFactors): Promise<User> {
  const { id, passwordHash, mfaEnabled } = await getActingUser(ctx)
  if (passwordHash !== null && !given.password)
    throw refusal(['password', ...(mfaEnabled ? await listSecondFactors(ctx, id) : [])])
  return requireFreshFactor(ctx, given)
}

/** Raises the session that asks by what was given: a new access token of it. */
export async function stepUp(ctx: ActorCtx, given: GivenFactors): Promise<SignedIn> {
  const user = await getActingUser(ctx)
  const amr = await proveFactors(ctx, user, given)
  if (amr.length === 0) throw malformedRequest('A password, a code or a credential is required')
  return { outcome: 'signed_in', user, opened: await stepUpOwnSession(ctx, { user, amr }) }
}

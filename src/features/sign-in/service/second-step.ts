import type { Ctx } from '../../../context.ts'
import { DomainError, notAMember, serviceUnavailable, ssoRequired } from '../../../lib/errors.ts'
import { assertionErrors, verifyFurtherPasskey } from '../../factors/passkeys/service/assert.ts'
import type { AssertionCredential } from '../../factors/passkeys/types.ts'
import { mfaChallengeInvalid, mfaCodeInvalid, secondFactorLocked } from '../../factors/totp/errors.ts'
import { countCode, useCountedCode } from '../../factors/totp/service/codes.ts'
import { queueMail } from '../../mail/service/mails.ts'
import type { CountedUse } from '../../users/service/counted-use.ts'
import { findUser, findUserByEmail, isSignInAllowed, recipientOf } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { invalidCredentials } from '../errors.ts'
import { completeAttempt } from './attempts.ts'
import { type Challenge, countChallengeAttempt, findChallenge, redeemChallenge } from './challenges.ts'
import { openFirstSession, type SignedIn, toSignedIn } from './sign-in.ts'
import { answerAlike, failSlowly } from './timing.ts'

/** What `answerChallenge` throws, for its routes. */
export const challengeErrors = [
  mfaChallengeInvalid,
  mfaCodeInvalid,
  secondFactorLocked,
  ...assertionErrors,
  notAMember,
  ssoRequired,
  serviceUnavailable,
]

/** The challenge's user. Throws MFA_CHALLENGE_INVALID when they may not sign in or their credentials were changed. */
async function getChallenged(ctx: Ctx, challenge: Challenge): Promise<User> {
  const user = await findUser(ctx, challenge.userId)
  if (user && isSignInAllowed(user) && user.authVersion === challenge.authVersion) return user
  ctx.log.info('second_step_refused', { reason: user ? 'user_changed' : 'unknown_user', user_id: challenge.userId })
  throw mfaChallengeInvalid()
}

interface OpenChallenge {
  readonly challenge: Challenge
  readonly user: User
}

/** Throws MFA_CHALLENGE_INVALID. */
async function getOpenChallenge(ctx: Ctx, mfaToken: string): Promise<OpenChallenge> {
  const challenge = await findChallenge(ctx, mfaToken)
  if (!challenge) throw mfaChallengeInvalid()
  return { challenge, user: await getChallenged(ctx, challenge) }
}

/** Counts an answer before it is verified. The challenge is counted first: one without attempts left must not lock its user out. */
async function countAnswer(ctx: Ctx, challenge: Challenge): Promise<CountedUse> {
  if (!(await countChallengeAttempt(ctx, challenge))) throw mfaChallengeInvalid()
  return countCode(ctx, challenge.userId)
}

/**
 * Completes a sign-in whose second factor was proved: redeems the challenge and opens the session. `amr` are the values of
 * the second factor. Throws MFA_CHALLENGE_INVALID, and what opening a session throws.
 */
async function completeChallenge(
  ctx: Ctx,
  input: { mfaToken: string; organizationId: string | null; amr: readonly string[] },
): Promise<SignedIn> {
  const challenge = await redeemChallenge(ctx, input.mfaToken)
  if (!challenge) throw mfaChallengeInvalid()
  const user = await getChallenged(ctx, challenge)
  const amr = [...new Set([...challenge.amr, ...input.amr, 'mfa'])]
  const { method, network, origin } = challenge
  const organizationId = input.organizationId ?? challenge.organizationId
  const opened = await openFirstSession(ctx, { user, amr, method, organizationId, origin }).catch((cause: unknown) => {
    // The credentials were changed meanwhile, or the provider that proved the first factor has taken its word back.
    if (cause instanceof DomainError && cause.code === invalidCredentials.code) throw mfaChallengeInvalid({}, { cause })
    throw cause
  })
  if (network !== null) await completeAttempt(ctx, { account: user.id, network })
  return toSignedIn(ctx, user, opened)
}

/** A code that was typed, or what an authenticator answered. */
export type ChallengeAnswer = {
  readonly mfaToken: string
  /** Replaces the one that the first step asked for. */
  readonly organizationId?: string | null
} & ({ readonly code: string } | { readonly credential: AssertionCredential })

async function proveCode(ctx: Ctx, { challenge, user }: OpenChallenge, code: string): Promise<readonly string[]> {
  const counted = await countAnswer(ctx, challenge)
  if (!(await useCountedCode(ctx, { userId: user.id, counted }, code))) throw mfaCodeInvalid()
  return ['otp']
}

/** Not counted: a key cannot be guessed. A passkey that was the first factor does not count as the second. */
async function proveCredential(
  ctx: Ctx,
  { challenge, user }: OpenChallenge,
  credential: AssertionCredential,
): Promise<readonly string[]> {
  return (await verifyFurtherPasskey(ctx, { userId: user.id, before: challenge.amr }, { credential })).amr
}

async function tryAnswer(ctx: Ctx, answer: ChallengeAnswer): Promise<SignedIn> {
  const { mfaToken, organizationId = null } = answer
  const open = await getOpenChallenge(ctx, mfaToken)
  const amr =
    'code' in answer ? await proveCode(ctx, open, answer.code) : await proveCredential(ctx, open, answer.credential)
  return completeChallenge(ctx, { mfaToken, organizationId, amr })
}

/**
 * The second step of a sign-in with a TOTP, a backup code or a passkey. Throws MFA_CHALLENGE_INVALID, MFA_CODE_INVALID,
 * SECOND_FACTOR_LOCKED, what `verifyFurtherPasskey` throws, SERVICE_UNAVAILABLE.
 */
export const answerChallenge = (ctx: Ctx, answer: ChallengeAnswer): Promise<SignedIn> =>
  failSlowly(ctx, () => tryAnswer(ctx, answer))

/**
 * For a lost second factor: mails advice. The mail has no link, because a mailbox is no second factor. Answer and time are the
 * same for every address.
 */
export const requestRecovery = (ctx: Ctx, input: { email: string }): Promise<void> =>
  answerAlike(
    ctx,
    () => findUserByEmail(ctx, input.email),
    async (user) => {
      if (user?.mfaEnabled) await sendAdvice(ctx, user)
    },
  )

const sendAdvice = (ctx: Ctx, user: User): Promise<void> =>
  queueMail(ctx, { kind: 'mfa_recovery', ...recipientOf(user), params: {} })

import type { Ctx } from '../../../context.ts'
import {
  countChallengeAttempt,
  findChallenge,
  mfaChallengeInvalid,
  mfaCodeInvalid,
  redeemChallenge,
} from '../../mfa/service/challenges.ts'
import { countCode, giveBackCode, useCountedCode } from '../../mfa/service/codes.ts'
import type { Challenge } from '../../mfa/types.ts'
import { findUser, isSignInAllowed } from '../../users/service.ts'
import type { User } from '../../users/types.ts'
import { completeAttempt, failSlowly } from './attempts.ts'
import { openFirstSession, type SignedIn, toSignedIn } from './sign-in.ts'

/** The user whom the challenge is for, unless they may no longer sign in or their credentials were changed since. */
async function getChallenged(ctx: Ctx, challenge: Challenge): Promise<User> {
  const user = await findUser(ctx, challenge.userId)
  if (user && isSignInAllowed(user) && user.authVersion === challenge.authVersion) return user
  ctx.log.info('second_step_refused', { reason: user ? 'user_changed' : 'unknown_user', user_id: challenge.userId })
  throw mfaChallengeInvalid()
}

/** A challenge that may still be answered, and its user. Throws MFA_CHALLENGE_INVALID. */
export async function getOpenChallenge(ctx: Ctx, mfaToken: string): Promise<{ challenge: Challenge; user: User }> {
  const challenge = await findChallenge(ctx, mfaToken)
  if (!challenge) throw mfaChallengeInvalid()
  return { challenge, user: await getChallenged(ctx, challenge) }
}

/** Counts an answer on the user and on the challenge, before it is looked at. */
async function countAnswer(ctx: Ctx, challenge: Challenge): Promise<void> {
  await countCode(ctx, challenge.userId)
  if (await countChallengeAttempt(ctx, challenge)) return
  // A challenge that is used up must not be a way to lock its user out.
  await giveBackCode(ctx, challenge.userId)
  throw mfaChallengeInvalid()
}

/**
 * Ends a sign-in whose second factor was just checked: the challenge is used up, exactly once, and the session opened.
 * `amr` is what the second factor adds. Throws MFA_CHALLENGE_INVALID, and whatever opening a session throws.
 */
export async function completeChallenge(
  ctx: Ctx,
  input: { mfaToken: string; amr: readonly string[] },
): Promise<SignedIn> {
  const challenge = await redeemChallenge(ctx, input.mfaToken)
  if (!challenge) throw mfaChallengeInvalid()
  const user = await getChallenged(ctx, challenge)
  const amr = [...new Set([...challenge.amr, ...input.amr, 'mfa'])]
  const { method, organizationId, network } = challenge
  const opened = await openFirstSession(ctx, { user, amr, method, organizationId })
  if (network !== null) await completeAttempt(ctx, { account: user.id, network })
  return toSignedIn(ctx, user, opened)
}

async function tryCode(ctx: Ctx, { mfaToken, code }: { mfaToken: string; code: string }): Promise<SignedIn> {
  const { challenge, user } = await getOpenChallenge(ctx, mfaToken)
  await countAnswer(ctx, challenge)
  if (!(await useCountedCode(ctx, user.id, code))) throw mfaCodeInvalid()
  return completeChallenge(ctx, { mfaToken, amr: ['otp'] })
}

/**
 * The second step of a sign-in with a TOTP or a backup code. Throws MFA_CHALLENGE_INVALID, MFA_CODE_INVALID,
 * SECOND_FACTOR_LOCKED, SERVICE_UNAVAILABLE.
 */
export const answerChallenge = (ctx: Ctx, input: { mfaToken: string; code: string }): Promise<SignedIn> =>
  failSlowly(ctx, () => tryCode(ctx, input))

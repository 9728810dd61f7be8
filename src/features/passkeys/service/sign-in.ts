import type { Ctx } from '../../../context.ts'
import { failSlowly } from '../../auth/service/attempts.ts'
import { accountLocked, finishFirstFactor, type SignInResult, signInErrors } from '../../auth/service/sign-in.ts'
import { findUser, isSignInAllowed } from '../../users/service.ts'
import type { User } from '../../users/types.ts'
import { type AssertionInput, assertionErrors, verifyAssertion } from './assert.ts'
import { refused } from './challenges.ts'

/** What `signInWithPasskey` throws, for its route. */
export const passkeySignInErrors = [...assertionErrors, ...signInErrors]

/**
 * Signs the owner of a passkey in. Locks of attempts do not stop it: a key is not guessed. Without user verification it is
 * one factor, and a second one may follow. Throws what `verifyAssertion` throws, ACCOUNT_LOCKED, EMAIL_NOT_VERIFIED.
 */
export const signInWithPasskey = (ctx: Ctx, input: AssertionInput): Promise<SignInResult> =>
  failSlowly(ctx, () => trySignIn(ctx, input))

async function trySignIn(ctx: Ctx, input: AssertionInput): Promise<SignInResult> {
  const { passkey, amr } = await verifyAssertion(ctx, input)
  const user = await getAllowedUser(ctx, passkey.userId)
  return finishFirstFactor(ctx, { user, amr, method: 'passkey' })
}

/** Read after the passkey was counted: whoever is suspended later has a newer row than the session is opened with. */
async function getAllowedUser(ctx: Ctx, userId: string): Promise<User> {
  const user = await findUser(ctx, userId)
  if (user?.status === 'locked') throw accountLocked({ reason: 'administrative', locked_until: null })
  if (!user || !isSignInAllowed(user)) throw refused(ctx, user?.status ?? 'unknown_user', userId)
  return user
}

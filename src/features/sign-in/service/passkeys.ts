import type { Ctx } from '../../../context.ts'
import { type AssertionInput, assertionErrors, verifyAssertion } from '../../factors/passkeys/service/assert.ts'
import {
  type AuthenticationOptions,
  beginForAnyone,
  beginForIdentifier,
  beginForUser,
} from '../../factors/passkeys/service/authenticate.ts'
import { refused } from '../../factors/passkeys/service/challenges.ts'
import { mfaChallengeInvalid } from '../../factors/totp/errors.ts'
import { findUser, isSignInAllowed } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { accountLocked } from '../errors.ts'
import { findChallenge } from './challenges.ts'
import { finishFirstFactor, type SignInResult, signInErrors } from './sign-in.ts'
import { failSlowly } from './timing.ts'

/** What `signInWithPasskey` throws, for its route. */
export const passkeySignInErrors = [...assertionErrors, ...signInErrors]

/**
 * Signs in the owner of a passkey. Attempt locks do not apply, because a key cannot be guessed. Without user verification it
 * is one factor, and a second one may follow. Throws what `verifyAssertion` throws, ACCOUNT_LOCKED, EMAIL_NOT_VERIFIED.
 */
export const signInWithPasskey = (ctx: Ctx, input: AssertionInput): Promise<SignInResult> =>
  failSlowly(ctx, () => trySignIn(ctx, input))

async function trySignIn(ctx: Ctx, input: AssertionInput): Promise<SignInResult> {
  const { passkey, amr } = await verifyAssertion(ctx, input)
  const user = await getAllowedUser(ctx, passkey.userId)
  return finishFirstFactor(ctx, { user, amr, method: 'passkey' })
}

/** Whose passkeys a ceremony accepts. */
export type AuthenticationRequest =
  /** Any passkey that the browser offers. */
  | { readonly kind: 'anyone' }
  /** An email or a username, as typed. */
  | { readonly kind: 'identifier'; readonly identifier: string }
  /** Those of the user of a pending second step. */
  | { readonly kind: 'second_step'; readonly mfaToken: string }

/** Begins a ceremony: options for `navigator.credentials.get()`. Throws MFA_CHALLENGE_INVALID for an invalid second step. */
export async function beginAuthentication(ctx: Ctx, request: AuthenticationRequest): Promise<AuthenticationOptions> {
  if (request.kind === 'anyone') return beginForAnyone(ctx)
  if (request.kind === 'identifier') return beginForIdentifier(ctx, request.identifier)
  const challenge = await findChallenge(ctx, request.mfaToken)
  if (!challenge) throw mfaChallengeInvalid()
  return beginForUser(ctx, challenge.userId)
}

/** Reads the row after the passkey's use was counted: a later suspension makes the row newer, and opening the session refuses. */
async function getAllowedUser(ctx: Ctx, userId: string): Promise<User> {
  const user = await findUser(ctx, userId)
  if (user?.status === 'locked') throw accountLocked({ reason: 'administrative', locked_until: null })
  if (!user || !isSignInAllowed(user)) throw refused(ctx, user?.status ?? 'unknown_user', userId)
  return user
}

import type { Ctx } from '../../../context.ts'
import { MINUTE } from '../../../lib/time.ts'
import { findChallenge, mfaChallengeInvalid } from '../../mfa/service/challenges.ts'
import { findUserByIdentifier, normalizeIdentifier } from '../../users/service.ts'
import { relyingPartyOf } from '../rules/relying-party.ts'
import { selectPasskeys } from '../store.ts'
import type { CredentialDescriptor, Passkey, UserVerification } from '../types.ts'
import { type IssuedChallenge, issueChallenge } from './challenges.ts'
import { makeDecoys } from './decoys.ts'

export { mfaChallengeInvalid }

const LIFETIME_MS = 10 * MINUTE

export interface AuthenticationOptions {
  readonly ceremonyId: string
  readonly challenge: string
  readonly rpId: string
  readonly timeoutMs: number
  /** Empty: the browser offers every passkey that it has for the relying party. */
  readonly allowCredentials: readonly CredentialDescriptor[]
  readonly userVerification: UserVerification
}

const toOptions = (
  ctx: Ctx,
  { id, challenge }: IssuedChallenge,
  allowCredentials: readonly CredentialDescriptor[],
): AuthenticationOptions => ({
  ceremonyId: id,
  challenge,
  rpId: relyingPartyOf(ctx.config).id,
  timeoutMs: LIFETIME_MS,
  allowCredentials,
  userVerification: ctx.config.PASSKEY_USER_VERIFICATION,
})

const issue = (ctx: Ctx, userId: string | null, email: string | null) =>
  issueChallenge(ctx, { purpose: 'webauthn_authentication', userId, email, lifetimeMs: LIFETIME_MS })

/** For whom the ceremony is. */
export type AuthenticationRequest =
  /** Whoever's passkey the browser offers. */
  | { readonly kind: 'anyone' }
  /** An email or a username, as typed. */
  | { readonly kind: 'identifier'; readonly identifier: string }
  /** Who holds a challenge for the second factor. */
  | { readonly kind: 'second_step'; readonly mfaToken: string }

/** Begins a ceremony: options for `navigator.credentials.get()`. Throws MFA_CHALLENGE_INVALID for a second step that is over. */
export async function beginAuthentication(ctx: Ctx, request: AuthenticationRequest): Promise<AuthenticationOptions> {
  if (request.kind === 'anyone') return toOptions(ctx, await issue(ctx, null, null), [])
  if (request.kind === 'identifier') return beginForIdentifier(ctx, request.identifier)
  const challenge = await findChallenge(ctx, request.mfaToken)
  if (!challenge) throw mfaChallengeInvalid()
  const passkeys = await selectPasskeys(ctx, challenge.userId)
  return toOptions(ctx, await issue(ctx, challenge.userId, null), passkeys.map(toDescriptor))
}

/**
 * No account, and one without passkeys, get made-up credentials, the same at every question. They are the account's address's,
 * by whichever name it is asked for: an answer that differed by name would be made up, and one that did not real.
 */
async function beginForIdentifier(ctx: Ctx, identifier: string): Promise<AuthenticationOptions> {
  const name = normalizeIdentifier(identifier)
  const user = await findUserByIdentifier(ctx, identifier)
  // Equal work for the unknown: an empty id has no passkeys.
  const passkeys = await selectPasskeys(ctx, user?.id ?? '')
  const decoys = await makeDecoys(ctx, user?.email ?? name)
  const issued = await issue(ctx, user?.id ?? null, name)
  return toOptions(ctx, issued, passkeys.length > 0 ? passkeys.map(toDescriptor) : decoys)
}

const toDescriptor = ({ credentialId: id, transports }: Passkey): CredentialDescriptor => ({ id, transports })

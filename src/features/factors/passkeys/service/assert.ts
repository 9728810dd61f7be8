import type { VerifiedAuthenticationResponse } from '@simplewebauthn/server'
import type { Ctx } from '../../../../context.ts'
import { commit } from '../../../../db/commit.ts'
import { fromBase64Url } from '../../../../lib/encoding.ts'
import type { OneTimeToken } from '../../../links/types.ts'
import { ceremonyInvalid, passkeyNotFound, passkeyRefused } from '../errors.ts'
import { addsFactor, amrOf } from '../rules/encoding.ts'
import { confirmRegression, selectHandle, selectPasskeyByCredential, updateSignCount } from '../store.ts'
import type { AssertionCredential, Passkey, PasskeyProof } from '../types.ts'
import { isMadeUp, orNull, type RedeemedChallenge, redeemChallenge, refused } from './challenges.ts'

/** What verifying an assertion throws. */
export const assertionErrors = [ceremonyInvalid, passkeyRefused, passkeyNotFound]

/** The credential suffices; challenge and ceremony id, if sent, must match. */
export interface AssertionInput {
  readonly credential: AssertionCredential
  readonly challenge?: string | undefined
  readonly ceremonyId?: string | undefined
}

/**
 * Verifies an assertion (WebAuthn 7.2), records the passkey's use and ends the ceremony. Throws PASSKEY_CHALLENGE_INVALID,
 * PASSKEY_NOT_FOUND for a passkey that is not registered or was removed, and PASSKEY_REFUSED for everything else.
 */
export async function verifyAssertion(ctx: Ctx, input: AssertionInput): Promise<PasskeyProof> {
  const { credential } = input
  const redeemed = await redeemChallenge(ctx, 'webauthn_authentication', credential.clientDataJson)
  const { ceremony } = redeemed
  if (input.challenge && input.challenge !== redeemed.challenge) throw ceremonyInvalid()
  if (input.ceremonyId && input.ceremonyId !== ceremony.id) throw ceremonyInvalid()
  const passkey = await selectPasskeyByCredential(ctx, credential.id)
  if (!passkey) throw await refusalOfUnknown(ctx, credential)
  await requireOwner(ctx, ceremony, passkey, credential)
  const verified = await verifySignature(ctx, redeemed, passkey, credential)
  const { newCounter, userVerified, credentialBackedUp, credentialDeviceType } = verified.authenticationInfo
  // WebAuthn 7.2 step 19: whether a key may be synchronized never changes.
  if (credentialDeviceType !== passkey.deviceType) throw refused(ctx, 'backup_eligibility', passkey.userId)
  await countUse(ctx, passkey, { signCount: newCounter, backedUp: credentialBackedUp })
  return { passkey, amr: amrOf({ deviceType: passkey.deviceType, userVerified }) }
}

/** As `verifyAssertion`, for a known user: throws PASSKEY_REFUSED for another user's passkey. */
export async function verifyPasskeyOf(ctx: Ctx, userId: string, input: AssertionInput): Promise<PasskeyProof> {
  const proof = await verifyAssertion(ctx, input)
  if (proof.passkey.userId !== userId) throw refused(ctx, 'another_user', userId)
  return proof
}

/** As `verifyPasskeyOf`, after the factors `before`: throws PASSKEY_REFUSED for a passkey that adds no factor. */
export async function verifyFurtherPasskey(
  ctx: Ctx,
  { userId, before }: { userId: string; before: readonly string[] },
  input: AssertionInput,
): Promise<PasskeyProof> {
  const proof = await verifyPasskeyOf(ctx, userId, input)
  if (!addsFactor(before, proof.amr)) throw passkeyRefused({ reason: 'same_factor' })
  return proof
}

/** A made-up id gets the answer of a real one with a wrong signature: it must not reveal who has passkeys. */
async function refusalOfUnknown(ctx: Ctx, { id }: AssertionCredential) {
  return (await isMadeUp(ctx, id)) ? refused(ctx, 'made_up') : passkeyNotFound()
}

/** A ceremony that was begun for an identifier accepts only that user's passkeys; without such a user, none. */
async function requireOwner(
  ctx: Ctx,
  ceremony: OneTimeToken,
  passkey: Passkey,
  { userHandle }: AssertionCredential,
): Promise<void> {
  const isBound = ceremony.userId !== null || ceremony.email !== null
  if (isBound && ceremony.userId !== passkey.userId) throw refused(ctx, 'another_user', ceremony.userId)
  // WebAuthn 7.2 step 6. Some clients omit the handle; the unique credential id determines the owner too.
  if (userHandle !== null && userHandle !== (await selectHandle(ctx, passkey.userId)))
    throw refused(ctx, 'user_handle', passkey.userId)
}

async function verifySignature(
  ctx: Ctx,
  { challenge, origin, relyingParty }: RedeemedChallenge,
  passkey: Passkey,
  credential: AssertionCredential,
): Promise<VerifiedAuthenticationResponse> {
  // Loaded at the first use: most isolates never see a passkey.
  const { verifyAuthenticationResponse } = await import('@simplewebauthn/server')
  const { id, clientDataJson: clientDataJSON, authenticatorData, signature } = credential
  const verification = verifyAuthenticationResponse({
    response: {
      id,
      rawId: id,
      type: 'public-key',
      clientExtensionResults: {},
      response: { clientDataJSON, authenticatorData, signature },
    },
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: relyingParty.id,
    // `countUse` compares the count in the database: here two simultaneous assertions would both pass.
    credential: { id, publicKey: fromBase64Url(passkey.publicKey) ?? new Uint8Array(), counter: 0 },
    requireUserVerification: ctx.config.PASSKEY_USER_VERIFICATION === 'required',
  })
  const result = await orNull(verification)
  if (!result?.verified) throw refused(ctx, 'assertion', passkey.userId)
  return result
}

/** Throws PASSKEY_REFUSED, with `passkey.counter_regressed`, for a count that shows a copied key. */
async function countUse(ctx: Ctx, passkey: Passkey, use: { signCount: number; backedUp: boolean }): Promise<void> {
  const { id, userId } = passkey
  const [counted] = await updateSignCount(ctx, { id, ...use })
  if (counted) return
  const [regressed] = await commit(ctx, confirmRegression(ctx, { id, signCount: use.signCount }), {
    type: 'passkey.counter_regressed',
    subject: id,
    userId,
    actor: { type: 'system', id: 'passkeys' },
    data: { stored: passkey.signCount, presented: use.signCount },
  })
  if (!regressed) throw passkeyNotFound()
  throw refused(ctx, 'counter', userId)
}

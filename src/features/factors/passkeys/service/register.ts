import type { PublicKeyCredentialCreationOptionsJSON, VerifiedRegistrationResponse } from '@simplewebauthn/server'
import * as z from 'zod'
import { type ActorCtx, actorOf } from '../../../../context.ts'
import { commit } from '../../../../db/commit.ts'
import { fromBase64Url, toBase64Url } from '../../../../lib/encoding.ts'
import { MINUTE } from '../../../../lib/time.ts'
import { countAddedFactor } from '../../../users/service/notices.ts'
import type { User } from '../../../users/types.ts'
import { ceremonyInvalid, passkeyTaken, tooManyPasskeys } from '../errors.ts'
import { drawPlainBytes } from '../rules/encoding.ts'
import { relyingPartyOf } from '../rules/relying-party.ts'
import { insertPasskey, selectPasskeyByCredential, selectPasskeys, upsertHandle } from '../store.ts'
import type { Attachment, Passkey, RegistrationCredential } from '../types.ts'
import { isMadeUp, issueChallenge, orNull, type RedeemedChallenge, redeemChallenge, refused } from './challenges.ts'
import { tellOfPasskey } from './notices.ts'

const LIFETIME_MS = 5 * MINUTE
const MAX_PASSKEYS = 20

/** COSE algorithms (RFC 9053, RFC 8812): ES256 first, which every authenticator has. */
const ALGORITHMS = [-7, -257, -8]

/** What the ceremony carries from its begin to its end: the proof of a fresh factor is good for these minutes. */
const CeremonyData = z.object({ sessionId: z.string(), authVersion: z.int(), name: z.string().nullable() })

export interface RegistrationRequest {
  readonly attachment: Attachment | null
  readonly name: string | null
}

/** Begins to add a passkey to the caller's account: options for `navigator.credentials.create()`. Throws TOO_MANY_PASSKEYS. */
export async function makeRegistrationOptions(
  ctx: ActorCtx,
  user: User,
  { attachment, name }: RegistrationRequest,
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const passkeys = await selectPasskeys(ctx, user.id)
  if (passkeys.length >= MAX_PASSKEYS) throw tooManyPasskeys({ limit: MAX_PASSKEYS })
  const [{ bytes }, userID, { generateRegistrationOptions }] = await Promise.all([
    issueChallenge(ctx, {
      purpose: 'webauthn_registration',
      userId: user.id,
      email: null,
      lifetimeMs: LIFETIME_MS,
      data: { sessionId: ctx.actor.sessionId, authVersion: user.authVersion, name } satisfies z.infer<
        typeof CeremonyData
      >,
    }),
    getHandle(ctx, user.id),
    // Loaded at the first use: most isolates never see a passkey.
    import('@simplewebauthn/server'),
  ])
  const relyingParty = relyingPartyOf(ctx.config)
  return generateRegistrationOptions({
    rpName: relyingParty.name,
    rpID: relyingParty.id,
    userName: user.email,
    userDisplayName: user.displayName ?? user.username ?? user.email,
    userID,
    challenge: bytes,
    timeout: LIFETIME_MS,
    attestationType: 'none',
    excludeCredentials: passkeys.map(({ credentialId: id }) => ({ id })),
    authenticatorSelection: {
      // Discoverable where the authenticator can: such a passkey signs in without a name.
      residentKey: 'preferred',
      userVerification: ctx.config.PASSKEY_USER_VERIFICATION,
      ...(attachment && { authenticatorAttachment: attachment }),
    },
    supportedAlgorithmIDs: ALGORITHMS,
  })
}

/** Random, made at the first registration and kept: it says nothing of the person (WebAuthn 14.6.1). */
async function getHandle(ctx: ActorCtx, userId: string): Promise<Uint8Array<ArrayBuffer>> {
  const handle = await upsertHandle(ctx, userId, toBase64Url(drawPlainBytes(ctx.random)))
  return fromBase64Url(handle) ?? new Uint8Array()
}

/**
 * Adds the passkey that the authenticator made (WebAuthn 7.1), with `passkey.registered`. Throws PASSKEY_CHALLENGE_INVALID
 * unless this session began, PASSKEY_REFUSED, PASSKEY_ALREADY_REGISTERED, TOO_MANY_PASSKEYS, RATE_LIMIT_EXCEEDED.
 */
export async function addPasskey(
  ctx: ActorCtx,
  input: { credential: RegistrationCredential; name: string | null },
): Promise<Passkey> {
  const { credential } = input
  const redeemed = await redeemChallenge(ctx, 'webauthn_registration', credential.clientDataJson)
  const { sessionId, authVersion, name } = CeremonyData.parse(redeemed.ceremony.data)
  if (redeemed.ceremony.userId !== ctx.actor.id || sessionId !== ctx.actor.sessionId) throw ceremonyInvalid()
  const info = await verifyRegistration(ctx, redeemed, credential)
  await countAddedFactor(ctx, ctx.actor.id)
  const passkey: Passkey = {
    id: ctx.newId(),
    userId: ctx.actor.id,
    credentialId: info.credential.id,
    publicKey: toBase64Url(info.credential.publicKey),
    signCount: info.credential.counter,
    transports: credential.transports,
    attachment: credential.attachment,
    deviceType: info.credentialDeviceType,
    backedUp: info.credentialBackedUp,
    aaguid: info.aaguid,
    rpId: redeemed.relyingParty.id,
    name: input.name ?? name,
    createdAt: ctx.now(),
    lastUsedAt: null,
  }
  // A made-up id is as taken as a real one, and takes the same road to that answer: that it is free would tell them apart.
  const limit = (await isMadeUp(ctx, passkey.credentialId)) ? 0 : MAX_PASSKEYS
  const [inserted] = await commit(ctx, insertPasskey(ctx, passkey, { limit, authVersion }), {
    type: 'passkey.registered',
    subject: passkey.id,
    userId: passkey.userId,
    actor: actorOf(ctx),
    sessionId,
    data: { after: describe(passkey) },
  })
  if (!inserted) throw await reasonOf(ctx, passkey)
  tellOfPasskey(ctx, { kind: 'factor_added', ended: 'none' }, passkey)
  return passkey
}

type RegistrationInfo = NonNullable<VerifiedRegistrationResponse['registrationInfo']>

/** Chains of certificates from strangers are never parsed: none was asked for, and `none` is what browsers then send. */
const ATTESTATION_FORMATS: readonly string[] = ['none', 'packed']

async function verifyRegistration(
  ctx: ActorCtx,
  { challenge, origin, relyingParty }: RedeemedChallenge,
  credential: RegistrationCredential,
): Promise<RegistrationInfo> {
  const { verifyRegistrationResponse } = await import('@simplewebauthn/server')
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers')
  const { id, clientDataJson: clientDataJSON, attestationObject } = credential
  const verify = async () => {
    const attestation = decodeAttestationObject(fromBase64Url(attestationObject) ?? new Uint8Array())
    const isChained = attestation.get('attStmt').get('x5c') !== undefined
    if (isChained || !ATTESTATION_FORMATS.includes(attestation.get('fmt'))) return null
    return verifyRegistrationResponse({
      response: {
        id,
        rawId: id,
        type: 'public-key',
        clientExtensionResults: {},
        response: { clientDataJSON, attestationObject },
      },
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: relyingParty.id,
      requireUserVerification: ctx.config.PASSKEY_USER_VERIFICATION === 'required',
      supportedAlgorithmIDs: ALGORITHMS,
    })
  }
  const info = (await orNull(verify()))?.registrationInfo
  // The id beside the signed one is what the browser says; they are one (WebAuthn 7.1 step 26 for the length).
  if (!info || info.credential.id !== id || id.length > MAX_CREDENTIAL_ID_LENGTH)
    throw refused(ctx, 'attestation', ctx.actor.id)
  return info
}

/** 1023 bytes in base64url. */
const MAX_CREDENTIAL_ID_LENGTH = 1364

async function reasonOf(ctx: ActorCtx, { credentialId, userId }: Passkey) {
  const known = await selectPasskeyByCredential(ctx, credentialId)
  if (known || (await isMadeUp(ctx, credentialId))) return passkeyTaken()
  const passkeys = await selectPasskeys(ctx, userId)
  return passkeys.length >= MAX_PASSKEYS ? tooManyPasskeys({ limit: MAX_PASSKEYS }) : ceremonyInvalid()
}

/** What events say of a passkey. */
const describe = ({ id, name, attachment, deviceType, backedUp, aaguid }: Passkey) => ({
  id,
  name,
  attachment,
  device_type: deviceType,
  backed_up: backedUp,
  aaguid,
})

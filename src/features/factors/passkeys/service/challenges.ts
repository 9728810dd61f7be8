import type { Ctx } from '../../../../context.ts'
import { toBase64Url } from '../../../../lib/encoding.ts'
import { issueOneTimeToken, redeemOneTimeToken } from '../../../links/service.ts'
import type { OneTimePurpose, OneTimeToken } from '../../../links/types.ts'
import { ceremonyInvalid, passkeyRefused } from '../errors.ts'
import { decoysOf, isDecoy } from '../rules/decoys.ts'
import { drawPlainBytes, readClientData } from '../rules/encoding.ts'
import { isExpectedOrigin, type RelyingParty, relyingPartyOf } from '../rules/relying-party.ts'
import type { CredentialDescriptor } from '../types.ts'

type Purpose = Extract<OneTimePurpose, 'webauthn_registration' | 'webauthn_authentication'>

/** `type` of the client data (WebAuthn 5.8.1). */
const TYPES: Record<Purpose, string> = {
  webauthn_registration: 'webauthn.create',
  webauthn_authentication: 'webauthn.get',
}

export interface IssuedChallenge {
  /** The id of the ceremony; not a secret. */
  readonly id: string
  /** Unpadded base64url. */
  readonly challenge: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Begins a ceremony. Its challenge is the one-time token, of which only the hash is stored. */
export async function issueChallenge(
  ctx: Ctx,
  input: {
    purpose: Purpose
    userId: string | null
    email: string | null
    lifetimeMs: number
    data?: Readonly<Record<string, unknown>>
  },
): Promise<IssuedChallenge> {
  const bytes = drawPlainBytes(ctx.random)
  const challenge = toBase64Url(bytes)
  const { id } = await issueOneTimeToken(ctx, { ...input, token: challenge, keepsOlder: true })
  return { id, challenge, bytes }
}

export interface RedeemedChallenge {
  readonly ceremony: OneTimeToken
  readonly challenge: string
  readonly origin: string
  readonly relyingParty: RelyingParty
}

/** One public answer, so that clients have no oracle; the log has the reason. */
export function refused(ctx: Pick<Ctx, 'log'>, reason: string, userId?: string | null) {
  ctx.log.info('passkey_refused', { reason, user_id: userId ?? undefined })
  return passkeyRefused()
}

/** The library throws for every mismatch, with client input in the message: it must not be logged. */
export const orNull = <T>(verification: Promise<T>): Promise<T | null> => verification.catch(() => null)

/**
 * Redeems the challenge that the credential signs; a failed verification uses it up too. Throws PASSKEY_CHALLENGE_INVALID when
 * there is no such ceremony, PASSKEY_REFUSED for client data of another origin or of a cross-origin frame.
 */
export async function redeemChallenge(ctx: Ctx, purpose: Purpose, clientDataJson: string): Promise<RedeemedChallenge> {
  const clientData = readClientData(clientDataJson)
  if (!clientData) throw refused(ctx, 'client_data')
  const { type, challenge, origin, isCrossOrigin } = clientData
  const ceremony = await redeemOneTimeToken(ctx, purpose, challenge)
  if (!ceremony) throw ceremonyInvalid()
  const relyingParty = relyingPartyOf(ctx.config)
  if (type !== TYPES[purpose]) throw refused(ctx, 'type', ceremony.userId)
  if (isCrossOrigin) throw refused(ctx, 'cross_origin', ceremony.userId)
  if (!isExpectedOrigin(relyingParty, origin)) throw refused(ctx, 'origin', ceremony.userId)
  return { ceremony, challenge, origin, relyingParty }
}

type Configured = Pick<Ctx, 'config'>

const keyOf = ({ config }: Configured) => config.rootKeys.current.derive('passkey decoys')

/** Made-up credentials for a normalized identifier. */
export const makeDecoys = async (ctx: Configured, identifier: string): Promise<CredentialDescriptor[]> =>
  decoysOf(await keyOf(ctx), identifier)

/** Whether this credential id was made up here. */
export const isMadeUp = async (ctx: Configured, credentialId: string): Promise<boolean> =>
  isDecoy(await keyOf(ctx), credentialId)

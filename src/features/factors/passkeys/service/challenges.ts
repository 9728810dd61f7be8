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

/** What the browser writes for each (WebAuthn 5.8.1). */
const TYPES: Record<Purpose, string> = {
  webauthn_registration: 'webauthn.create',
  webauthn_authentication: 'webauthn.get',
}

export interface IssuedChallenge {
  /** The id of the ceremony; it opens nothing. */
  readonly id: string
  /** Unpadded base64url. */
  readonly challenge: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Begins a ceremony. The challenge is the token: what the browser signs is what is looked up, by its hash. */
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

/** Why a credential was refused is for the log: it may hold anything, and clients need no oracle. */
export function refused(ctx: Pick<Ctx, 'log'>, reason: string, userId?: string | null) {
  ctx.log.info('passkey_refused', { reason, user_id: userId ?? undefined })
  return passkeyRefused()
}

/** The library throws for every bit that is not as it should be, with the client's own text in the message. */
export const orNull = <T>(verification: Promise<T>): Promise<T | null> => verification.catch(() => null)

/**
 * Ends the ceremony that the credential names, whatever comes of it: a challenge is used once, by failures too.
 * Throws PASSKEY_CHALLENGE_INVALID when there is none, PASSKEY_REFUSED when another page, or a page in a frame, asked.
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

/** Made-up credentials for an identifier in its normal form. */
export const makeDecoys = async (ctx: Configured, identifier: string): Promise<CredentialDescriptor[]> =>
  decoysOf(await keyOf(ctx), identifier)

/** Whether this credential id was made up here. */
export const isMadeUp = async (ctx: Configured, credentialId: string): Promise<boolean> =>
  isDecoy(await keyOf(ctx), credentialId)

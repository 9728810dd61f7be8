import * as z from 'zod'
import { fromBase64Url, toBase64 } from '../../../lib/encoding.ts'
import { toCanonical } from './rules/encoding.ts'
import type { AssertionCredential, RegistrationCredential } from './types.ts'

export { toCanonical }

export const ATTACHMENTS = ['platform', 'cross-platform'] as const

/** base64 or base64url, padded or not: a published client sends the former, browsers the latter. */
const binary = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((value) => toCanonical(value) !== undefined, 'must be base64url')

const ID_LENGTH = 1400
const CLIENT_DATA_LENGTH = 8192
const AUTHENTICATOR_LENGTH = 65_536

const credential = {
  id: binary(ID_LENGTH),
  rawId: binary(ID_LENGTH).nullish(),
  type: z.literal('public-key'),
  authenticatorAttachment: z.string().max(32).nullish(),
}

/** PublicKeyCredential as JSON (WebAuthn 5.1). Further fields that browsers send are ignored. */
export const Attestation = z
  .object({
    ...credential,
    response: z.object({
      clientDataJSON: binary(CLIENT_DATA_LENGTH),
      attestationObject: binary(AUTHENTICATOR_LENGTH),
      transports: z.array(z.string().max(32)).max(10).nullish(),
    }),
  })
  .meta({ id: 'PasskeyAttestation' })

export const Assertion = z
  .object({
    ...credential,
    response: z.object({
      clientDataJSON: binary(CLIENT_DATA_LENGTH),
      authenticatorData: binary(AUTHENTICATOR_LENGTH),
      signature: binary(CLIENT_DATA_LENGTH),
      userHandle: binary(128).or(z.literal('')).nullish(),
    }),
  })
  .meta({ id: 'PasskeyAssertion' })

// The schema has checked that the value is base64 or base64url.
const canonical = (value: string): string => toCanonical(value) ?? ''

export const toRegistrationCredential = ({
  id,
  response,
  authenticatorAttachment,
}: z.output<typeof Attestation>): RegistrationCredential => ({
  id: canonical(id),
  clientDataJson: canonical(response.clientDataJSON),
  attestationObject: canonical(response.attestationObject),
  transports: response.transports ?? [],
  attachment: ATTACHMENTS.find((attachment) => attachment === authenticatorAttachment) ?? null,
})

export const toAssertion = ({ id, response }: z.output<typeof Assertion>): AssertionCredential => ({
  id: canonical(id),
  clientDataJson: canonical(response.clientDataJSON),
  authenticatorData: canonical(response.authenticatorData),
  signature: canonical(response.signature),
  userHandle: response.userHandle ? canonical(response.userHandle) : null,
})

export const Descriptor = z.object({
  id: z.string(),
  type: z.literal('public-key'),
  transports: z.array(z.string()).optional(),
})

/**
 * A published client decodes ids with `atob`, which reads only standard base64. Challenges and user handles are drawn so that
 * both alphabets write them alike (`drawPlainBytes`).
 */
export const toBase64Id = <D extends { readonly id: string }>(descriptor: D): D => ({
  ...descriptor,
  id: toBase64(fromBase64Url(descriptor.id) ?? new Uint8Array()),
})

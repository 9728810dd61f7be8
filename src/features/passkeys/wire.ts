import { z } from 'zod'
import { UuidParam } from '../../http/input.ts'
import { toIso, toIsoOrNull } from '../../lib/time.ts'
import type { SignInResult } from '../auth/service/sign-in.ts'
import { MfaChallengeWire, SessionTokens, signInToWire } from '../auth/wire.ts'
import { toCanonical } from './rules/encoding.ts'
import type { AssertionInput } from './service/assert.ts'
import type { AuthenticationOptions, AuthenticationRequest } from './service/authenticate.ts'
import type { RegistrationRequest } from './service/register.ts'
import type { AssertionCredential, Passkey, RegistrationCredential } from './types.ts'

export const PasskeyPath = z.object({ passkey_id: UuidParam })

const MAX_PASSWORD_LENGTH = 128
const ATTACHMENTS = ['platform', 'cross-platform'] as const

const text = (max: number) => z.string().max(max).nullish()
const name = z.string().trim().max(100).nullish()
const emptyToNull = (value: string | null | undefined): string | null => value || null

/** What proves who asks, for a session that is older than ten minutes. */
const factors = { password: text(4 * MAX_PASSWORD_LENGTH), code: text(32) }

/** base64 or base64url, padded or not: a published client writes the one, browsers the other. */
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

/** PublicKeyCredential as JSON (WebAuthn 5.1): the extra fields that browsers send are ignored. */
const Attestation = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: binary(CLIENT_DATA_LENGTH),
    attestationObject: binary(AUTHENTICATOR_LENGTH),
    transports: z.array(z.string().max(32)).max(10).nullish(),
  }),
})

export const Assertion = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: binary(CLIENT_DATA_LENGTH),
    authenticatorData: binary(AUTHENTICATOR_LENGTH),
    signature: binary(CLIENT_DATA_LENGTH),
    userHandle: binary(128).or(z.literal('')).nullish(),
  }),
})

export const RegisterBeginBody = z.object({
  authenticator_attachment: z.enum(ATTACHMENTS).nullish(),
  name,
  ...factors,
})

export const toRegistrationRequest = (body: z.output<typeof RegisterBeginBody>): RegistrationRequest => ({
  attachment: body.authenticator_attachment ?? null,
  name: emptyToNull(body.name),
  password: body.password,
  code: body.code,
})

export const RegisterCompleteBody = z.object({ credential: Attestation, name })

// The schema has checked that each is base64url.
const canonical = (value: string): string => toCanonical(value) ?? ''

export function toRegistration(body: z.output<typeof RegisterCompleteBody>): {
  credential: RegistrationCredential
  name: string | null
} {
  const { id, response, authenticatorAttachment } = body.credential
  return {
    credential: {
      id: canonical(id),
      clientDataJson: canonical(response.clientDataJSON),
      attestationObject: canonical(response.attestationObject),
      transports: response.transports ?? [],
      attachment: ATTACHMENTS.find((attachment) => attachment === authenticatorAttachment) ?? null,
    },
    name: emptyToNull(body.name),
  }
}

export const AuthenticateBeginBody = z.object({ email: text(254), mfa_token: text(200) })

export function toBegin(body: z.output<typeof AuthenticateBeginBody>): AuthenticationRequest {
  if (body.mfa_token) return { kind: 'second_step', mfaToken: body.mfa_token }
  return body.email ? { kind: 'identifier', identifier: body.email } : { kind: 'anyone' }
}

export const AuthenticateCompleteBody = z.object({ credential: Assertion, challenge: text(200), sessionId: text(200) })

/** One documented server takes the challenge in the query. */
export const AuthenticateCompleteQuery = z.object({ challenge: z.string().max(200).optional() })

export const toAssertion = ({ id, response }: z.output<typeof Assertion>): AssertionCredential => ({
  id: canonical(id),
  clientDataJson: canonical(response.clientDataJSON),
  authenticatorData: canonical(response.authenticatorData),
  signature: canonical(response.signature),
  userHandle: response.userHandle ? canonical(response.userHandle) : null,
})

export const toAssertionInput = (
  body: z.output<typeof AuthenticateCompleteBody>,
  query: z.output<typeof AuthenticateCompleteQuery>,
): AssertionInput => ({
  credential: toAssertion(body.credential),
  challenge: body.challenge || query.challenge || undefined,
  ceremonyId: body.sessionId || undefined,
})

export const RenameBody = z.object({ name: z.string().trim().max(100).nullable() })

export const toName = (body: z.output<typeof RenameBody>): string | null => emptyToNull(body.name)

/** A published client sends no body with a DELETE: what proves who asks may stand in the query. */
export const RemoveBody = z.object(factors)
export const RemoveQuery = z.object({ password: text(4 * MAX_PASSWORD_LENGTH), code: text(32) })

export const toRemoval = (id: string, body: z.output<typeof RemoveBody>, query: z.output<typeof RemoveQuery>) => ({
  id,
  password: body.password || query.password,
  code: body.code || query.code,
})

const Descriptor = z.object({
  id: z.string(),
  type: z.literal('public-key'),
  transports: z.array(z.string()).optional(),
})

/** PublicKeyCredentialCreationOptionsJSON (WebAuthn 5.4). */
export const RegistrationOptions = z
  .object({
    challenge: z.string(),
    rp: z.object({ id: z.string(), name: z.string() }),
    user: z.object({ id: z.string(), name: z.string(), displayName: z.string() }),
    pubKeyCredParams: z.array(z.object({ type: z.literal('public-key'), alg: z.int() })),
    timeout: z.int(),
    excludeCredentials: z.array(Descriptor),
    authenticatorSelection: z.record(z.string(), z.unknown()),
    attestation: z.literal('none'),
  })
  .meta({ id: 'PasskeyRegistrationOptions' })

/** PublicKeyCredentialRequestOptionsJSON (WebAuthn 5.5), and the id of the ceremony. */
export const RequestOptions = z
  .object({
    sessionId: z.string(),
    challenge: z.string(),
    rpId: z.string(),
    timeout: z.int(),
    allowCredentials: z.array(Descriptor),
    userVerification: z.enum(['required', 'preferred', 'discouraged']),
  })
  .meta({ id: 'PasskeyRequestOptions' })

export const optionsToWire = (options: AuthenticationOptions): z.infer<typeof RequestOptions> => ({
  sessionId: options.ceremonyId,
  challenge: options.challenge,
  rpId: options.rpId,
  timeout: options.timeoutMs,
  allowCredentials: options.allowCredentials.map(({ id, transports }) => ({
    id,
    type: 'public-key',
    ...(transports.length > 0 && { transports: [...transports] }),
  })),
  userVerification: options.userVerification,
})

export const Registered = z.object({ verified: z.literal(true), passkey_id: z.uuid(), message: z.string() })

export const registeredToWire = ({ id }: Passkey): z.infer<typeof Registered> => ({
  verified: true,
  passkey_id: id,
  message: 'Passkey registered',
})

const verified = { verified: z.literal(true) }

export const Authenticated = z.union([SessionTokens.extend(verified), MfaChallengeWire.extend(verified)])

export const authenticatedToWire = (result: SignInResult) => ({ verified: true, ...signInToWire(result) })

export const PasskeyWire = z
  .object({
    id: z.uuid(),
    name: z.string().nullable(),
    authenticator_attachment: z.string().nullable(),
    device_type: z.string(),
    backed_up: z.boolean(),
    created_at: z.iso.datetime(),
    last_used_at: z.iso.datetime().nullable(),
    sign_count: z.int(),
  })
  .meta({ id: 'Passkey' })

export const PasskeyList = z.array(PasskeyWire)

export const passkeyToWire = (passkey: Passkey): z.infer<typeof PasskeyWire> => ({
  id: passkey.id,
  name: passkey.name,
  authenticator_attachment: passkey.attachment,
  device_type: passkey.deviceType,
  backed_up: passkey.backedUp,
  created_at: toIso(passkey.createdAt),
  last_used_at: toIsoOrNull(passkey.lastUsedAt),
  sign_count: passkey.signCount,
})

export const Unregenerated = PasskeyWire.extend({ regenerated: z.literal(false), message: z.string() })

export const unregeneratedToWire = (passkey: Passkey): z.infer<typeof Unregenerated> => ({
  ...passkeyToWire(passkey),
  regenerated: false,
  message: 'The secret of a passkey never leaves its authenticator. To replace it, register a new one and remove this.',
})

export const Removed = z.object({ message: z.string() })

export const REMOVED: z.infer<typeof Removed> = { message: 'Passkey removed' }

export const Availability = z.object({
  available: z.boolean(),
  platform_authenticator: z.boolean(),
  roaming_authenticator: z.boolean(),
  conditional_mediation: z.boolean(),
  user_verifying_platform_authenticator: z.boolean(),
})

/** What the service takes; what the device has only the browser knows. */
export const AVAILABLE: z.infer<typeof Availability> = {
  available: true,
  platform_authenticator: true,
  roaming_authenticator: true,
  conditional_mediation: true,
  user_verifying_platform_authenticator: true,
}

export const RelatedOrigins = z.object({ origins: z.array(z.string()) })

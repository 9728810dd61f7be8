import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server'
import * as z from 'zod'
import { fromBase64Url, toBase64 } from '../../../lib/encoding.ts'
import { toIso, toIsoOrNull } from '../../../lib/time.ts'
import type { SignInResult } from '../../auth/service/sign-in.ts'
import { MfaChallengeWire, SessionTokens, signInToWire } from '../../auth/wire.ts'
import type { AuthenticationOptions } from '../service/authenticate.ts'
import type { Passkey } from '../types.ts'

const Descriptor = z.object({
  id: z.string(),
  type: z.literal('public-key'),
  transports: z.array(z.string()).optional(),
})

/** A published client decodes ids with `atob`, which reads standard base64 alone. The challenge and the user's id are drawn to be both. */
const toBase64Id = <D extends { readonly id: string }>(descriptor: D): D => ({
  ...descriptor,
  id: toBase64(fromBase64Url(descriptor.id) ?? new Uint8Array()),
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
    hints: z.array(z.string()),
    extensions: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'PasskeyRegistrationOptions' })

export const withBase64Ids = (options: PublicKeyCredentialCreationOptionsJSON) =>
  registrationOptionsToWire({ ...options, excludeCredentials: options.excludeCredentials?.map(toBase64Id) ?? [] })

/** The library's type leaves open what its options have; the schema says what these are. */
export const registrationOptionsToWire = (options: PublicKeyCredentialCreationOptionsJSON) =>
  RegistrationOptions.parse(options)

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

export function base64OptionsToWire(options: AuthenticationOptions): z.infer<typeof RequestOptions> {
  const wire = optionsToWire(options)
  return { ...wire, allowCredentials: wire.allowCredentials.map(toBase64Id) }
}

export const Registered = z.object({ verified: z.literal(true), passkey_id: z.uuid(), message: z.string() })

export const registeredToWire = ({ id }: Passkey): z.infer<typeof Registered> => ({
  verified: true,
  passkey_id: id,
  message: 'Passkey registered',
})

const verified = { verified: z.literal(true) }

export const Authenticated = z.union([SessionTokens.extend(verified), MfaChallengeWire.extend(verified)])

export const authenticatedToWire = (result: SignInResult) => ({ verified: true as const, ...signInToWire(result) })

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

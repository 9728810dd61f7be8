import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server'
import * as z from 'zod'
import { bodyOrQuery, UuidParam } from '../../../http/input.ts'
import { MAX_VERIFIED_PASSWORD_LENGTH } from '../../../lib/password-hash/length.ts'
import { toIso, toIsoOrNull } from '../../../lib/time.ts'
import type { RegistrationRequest } from '../../factors/passkeys/service/register.ts'
import type { Passkey, RegistrationCredential } from '../../factors/passkeys/types.ts'
import {
  ATTACHMENTS,
  Attestation,
  Descriptor,
  toBase64Id,
  toRegistrationCredential,
} from '../../factors/passkeys/wire.ts'
import type { GivenFactors } from '../../sign-in/service/step-up.ts'
import { isPlainText } from '../../users/service/users.ts'

export const PasskeyPath = z.object({ passkey_id: UuidParam })

/** In UTF-16; verification counts characters. */
const MAX_PASSWORD_UNITS = 2 * MAX_VERIFIED_PASSWORD_LENGTH
const Name = z.string().trim().max(100).refine(isPlainText, 'must not have control characters')
const name = Name.nullish()
const emptyToNull = (value: string | null | undefined): string | null => value || null

/**
 * What proves who asks, for a session that is older than ten minutes. A published client sends no body with a DELETE: then
 * it may stand in the query.
 */
export const FactorsInput = bodyOrQuery('GivenFactors', {
  password: z.string().max(MAX_PASSWORD_UNITS),
  code: z.string().max(32),
})

export const RegisterBeginBody = z.object({
  authenticator_attachment: z.enum(ATTACHMENTS).nullish(),
  name,
  ...FactorsInput.body.shape,
})

export const toRegistrationRequest = (
  body: z.output<typeof RegisterBeginBody>,
): RegistrationRequest & GivenFactors => ({
  attachment: body.authenticator_attachment ?? null,
  name: emptyToNull(body.name),
  password: body.password,
  code: body.code,
})

export const RegisterCompleteBody = z.object({ credential: Attestation, name })

export const toRegistration = (
  body: z.output<typeof RegisterCompleteBody>,
): { credential: RegistrationCredential; name: string | null } => ({
  credential: toRegistrationCredential(body.credential),
  name: emptyToNull(body.name),
})

export const RenameBody = z.object({ name: Name.nullable() })

export const toName = (body: z.output<typeof RenameBody>): string | null => emptyToNull(body.name)

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

export const Registered = z.object({ verified: z.literal(true), passkey_id: z.uuid(), message: z.string() })

export const registeredToWire = ({ id }: Passkey): z.infer<typeof Registered> => ({
  verified: true,
  passkey_id: id,
  message: 'Passkey registered',
})

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

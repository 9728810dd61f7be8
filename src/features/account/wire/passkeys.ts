import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server'
import * as z from 'zod'
import { from, instant, instantOrNull, shape } from '../../../http/answers.ts'
import { UuidParam } from '../../../http/input.ts'
import { arrayOf } from '../../../http/list.ts'
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
import { FactorsInput } from '../../sign-in/wire/session.ts'
import { isPlainText } from '../../users/service/users.ts'

export const PasskeyPath = z.object({ passkey_id: UuidParam })

const Name = z.string().trim().max(100).refine(isPlainText, 'must not have control characters')
const name = Name.nullish()
const emptyToNull = (value: string | null | undefined): string | null => value || null

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

/** Parsed, because the library's type is wider than what these options contain. */
export const registrationOptionsToWire = (options: PublicKeyCredentialCreationOptionsJSON) =>
  RegistrationOptions.parse(options)

export const Registered = z.object({ verified: z.literal(true), passkey_id: z.uuid(), message: z.string() })

export const registeredToWire = ({ id }: Passkey): z.infer<typeof Registered> => ({
  verified: true,
  passkey_id: id,
  message: 'Passkey registered',
})

export const PasskeyShape = shape<Passkey>()('Passkey', {
  id: z.uuid(),
  name: z.string().nullable(),
  authenticator_attachment: from(z.string().nullable(), ({ attachment }: Passkey) => attachment),
  device_type: z.string(),
  backed_up: z.boolean(),
  created_at: instant,
  last_used_at: instantOrNull,
  sign_count: z.int(),
})

export const PasskeyList = arrayOf(PasskeyShape)

export const Unregenerated = PasskeyShape.schema.extend({ regenerated: z.literal(false), message: z.string() })

export const unregeneratedToWire = (passkey: Passkey): z.infer<typeof Unregenerated> => ({
  ...PasskeyShape.write(passkey),
  regenerated: false,
  message:
    'The secret of a passkey never leaves its authenticator. To replace it, register a new passkey and remove this one.',
})

export const Removed = z.object({ message: z.string() })

export const REMOVED: z.infer<typeof Removed> = { message: 'Passkey removed' }

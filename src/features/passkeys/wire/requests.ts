import * as z from 'zod'
import { UuidParam } from '../../../http/input.ts'
import { MAX_VERIFIED_PASSWORD_LENGTH } from '../../../lib/password-hash/length.ts'
import { isPlainText } from '../../users/service.ts'
import { toCanonical } from '../rules/encoding.ts'
import type { AssertionInput } from '../service/assert.ts'
import type { AuthenticationRequest } from '../service/authenticate.ts'
import type { RegistrationRequest } from '../service/register.ts'
import type { RegistrationCredential } from '../types.ts'
import { Assertion, ATTACHMENTS, Attestation, toAssertion, toRegistrationCredential } from './credentials.ts'

export const PasskeyPath = z.object({ passkey_id: UuidParam })

/** In UTF-16; verification counts characters. */
const MAX_PASSWORD_UNITS = 2 * MAX_VERIFIED_PASSWORD_LENGTH
const text = (max: number) => z.string().max(max).nullish()
const Name = z.string().trim().max(100).refine(isPlainText, 'must not have control characters')
const name = Name.nullish()
const emptyToNull = (value: string | null | undefined): string | null => value || null

/** What proves who asks, for a session that is older than ten minutes. */
const factors = { password: text(MAX_PASSWORD_UNITS), code: text(32) }

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

export const toRegistration = (
  body: z.output<typeof RegisterCompleteBody>,
): { credential: RegistrationCredential; name: string | null } => ({
  credential: toRegistrationCredential(body.credential),
  name: emptyToNull(body.name),
})

export const AuthenticateBeginBody = z.object({ email: text(254), mfa_token: text(200) })

export function toBegin(body: z.output<typeof AuthenticateBeginBody>): AuthenticationRequest {
  if (body.mfa_token) return { kind: 'second_step', mfaToken: body.mfa_token }
  return body.email ? { kind: 'identifier', identifier: body.email } : { kind: 'anyone' }
}

export const AuthenticateCompleteBody = z.object({ credential: Assertion, challenge: text(200), sessionId: text(200) })

/** One documented server takes the challenge in the query. */
export const AuthenticateCompleteQuery = z.object({ challenge: z.string().max(200).optional() })

export function toAssertionInput(
  body: z.output<typeof AuthenticateCompleteBody>,
  query: z.output<typeof AuthenticateCompleteQuery>,
): AssertionInput {
  const challenge = body.challenge || query.challenge || ''
  return {
    credential: toAssertion(body.credential),
    challenge: toCanonical(challenge) ?? challenge,
    ceremonyId: body.sessionId || undefined,
  }
}

export const RenameBody = z.object({ name: Name.nullable() })

export const toName = (body: z.output<typeof RenameBody>): string | null => emptyToNull(body.name)

/** A published client sends no body with a DELETE: what proves who asks may stand in the query. */
export const RemoveBody = z.object(factors)
export const RemoveQuery = z.object({ password: text(MAX_PASSWORD_UNITS), code: text(32) })

export const toRemoval = (id: string, body: z.output<typeof RemoveBody>, query: z.output<typeof RemoveQuery>) => ({
  id,
  password: body.password || query.password,
  code: body.code || query.code,
})

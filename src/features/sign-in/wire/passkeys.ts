import * as z from 'zod'
import { bodyOrQuery } from '../../../http/input.ts'
import type { AssertionInput } from '../../factors/passkeys/service/assert.ts'
import type { AuthenticationOptions } from '../../factors/passkeys/service/authenticate.ts'
import { Assertion, Descriptor, toAssertion, toBase64Id, toCanonical } from '../../factors/passkeys/wire.ts'
import type { AuthenticationRequest } from '../service/passkeys.ts'
import type { SignInResult } from '../service/sign-in.ts'
import { MfaChallengeWire, SessionTokens, signInToWire } from './session.ts'

const text = (max: number) => z.string().max(max).nullish()

export const AuthenticateBeginBody = z.object({ email: text(254), mfa_token: text(200) })

export function toBegin(body: z.output<typeof AuthenticateBeginBody>): AuthenticationRequest {
  if (body.mfa_token) return { kind: 'second_step', mfaToken: body.mfa_token }
  return body.email ? { kind: 'identifier', identifier: body.email } : { kind: 'anyone' }
}

/** Clients of one documented server send the challenge in the query. */
const ChallengeInput = bodyOrQuery('PasskeyChallenge', { challenge: z.string().max(200) })

export const AuthenticateCompleteBody = ChallengeInput.body.extend({ credential: Assertion, sessionId: text(200) })
export const AuthenticateCompleteQuery = ChallengeInput.query

export function toAssertionInput(
  body: z.output<typeof AuthenticateCompleteBody>,
  query: z.output<typeof AuthenticateCompleteQuery>,
): AssertionInput {
  const { challenge = '' } = ChallengeInput.merge(body, query)
  return {
    credential: toAssertion(body.credential),
    challenge: toCanonical(challenge) ?? challenge,
    ceremonyId: body.sessionId || undefined,
  }
}

/** PublicKeyCredentialRequestOptionsJSON (WebAuthn 5.5) and the ceremony's id. */
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

const verified = { verified: z.literal(true) }

export const Authenticated = z.union([SessionTokens.extend(verified), MfaChallengeWire.extend(verified)])

export const authenticatedToWire = (result: SignInResult) => ({ verified: true as const, ...signInToWire(result) })

export const Availability = z.object({
  available: z.boolean(),
  platform_authenticator: z.boolean(),
  roaming_authenticator: z.boolean(),
  conditional_mediation: z.boolean(),
  user_verifying_platform_authenticator: z.boolean(),
})

/** What the service accepts; what the device supports only its browser knows. */
export const AVAILABLE: z.infer<typeof Availability> = {
  available: true,
  platform_authenticator: true,
  roaming_authenticator: true,
  conditional_mediation: true,
  user_verifying_platform_authenticator: true,
}

export const RelatedOrigins = z.object({ origins: z.array(z.string()) })

export const BASE64_IDS = 'The options; credential ids are in standard base64, which the client of this path decodes'

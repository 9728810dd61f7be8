import * as z from 'zod'
import { oneOfEach } from '../../../http/described-input.ts'
import { bodyOrQuery } from '../../../http/input.ts'
import { malformedRequest } from '../../../lib/errors.ts'
import { Assertion, toAssertion } from '../../factors/passkeys/wire.ts'
import type { ChallengeAnswer } from '../service/second-step.ts'
import { MAX_CODE_LENGTH, OrganizationField } from './session.ts'

const MAX_TOKEN_LENGTH = 512

export const CodeField = z.string().min(1, 'is required').max(MAX_CODE_LENGTH)

const token = z.string().max(MAX_TOKEN_LENGTH)

/** Answers a challenge; without one, a signed-in user confirms the pending secret with its first code. */
export const VerifyBody = z
  .object({
    mfa_token: token.nullish(),
    challenge_id: token.nullish(),
    code: CodeField.nullish(),
    credential: Assertion.nullish(),
    organization_id: OrganizationField,
  })
  .refine((body) => Boolean(body.code || body.credential), { path: ['code'], message: 'is required' })
  .meta(oneOfEach(['code', 'credential']))

type Verify = z.output<typeof VerifyBody>

export const hasChallenge = (body: Verify): boolean => Boolean(body.mfa_token || body.challenge_id)

/** Clients send the challenge's token under either of its names, `mfa_token` and `challenge_id`. */
export const ChallengeBody = VerifyBody.refine(hasChallenge, { path: ['mfa_token'], message: 'is required' }).meta(
  oneOfEach(['mfa_token', 'challenge_id'], ['code', 'credential']),
)

export const toAnswer = (body: Verify): ChallengeAnswer => ({
  mfaToken: body.mfa_token || body.challenge_id || '',
  organizationId: body.organization_id ?? null,
  ...(body.credential ? { credential: toAssertion(body.credential) } : { code: body.code ?? '' }),
})

export const EmailInput = bodyOrQuery('RecoveryAddress', { email: z.string().min(1, 'is required').max(254) })

export function toEmail(body: object, query: object): string {
  const { email } = EmailInput.merge(body, query)
  if (email === undefined) throw malformedRequest('An email is required')
  return email
}

export const RecoveryOptionsAnswer = z.object({
  recovery_available: z.boolean(),
  methods: z.object({ backup_codes: z.boolean(), email_recovery: z.boolean() }),
})

/** The same for every address: must not reveal who has an account or a second factor. */
export const RECOVERY_OPTIONS: z.infer<typeof RecoveryOptionsAnswer> = {
  recovery_available: true,
  methods: { backup_codes: true, email_recovery: false },
}

export const RECOVERY_REQUESTED = {
  message: 'If this address has an account with a second factor, a mail explains how to sign in again',
}

export const MessageAnswer = z.object({ message: z.string() })

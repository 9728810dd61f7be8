import { renderSVG } from 'uqr'
import * as z from 'zod'
import { from, instantOrNull, shape } from '../../../http/answers.ts'
import { PropagatedField } from '../../../http/done.ts'
import { bodyOrQuery } from '../../../http/input.ts'
import { toBase64, utf8 } from '../../../lib/encoding.ts'
import { malformedRequest } from '../../../lib/errors.ts'
import { toIso, toIsoOrNull } from '../../../lib/time.ts'
import type { EnabledFactor } from '../../factors/totp/service/enrolment.ts'
import type { BackupCode, Enrolment, SecondFactorStatus } from '../../factors/totp/types.ts'
import { CodeField, MessageAnswer } from '../../sign-in/wire/second-factor.ts'
import { PasswordField } from '../../sign-in/wire/session.ts'

/** Clients send null when the user has no password. */
export const PasswordBody = z.object({ password: PasswordField.nullish() })
export const RequiredPasswordBody = z.object({ password: PasswordField.min(1, 'is required') })
export const MethodBody = PasswordBody.extend({ method: z.literal('totp').nullish() })
export const CodeBody = z.object({ code: CodeField }).meta({ id: 'GivenCode' })

/** Documented clients send these fields in the body or in the query. */
export const GivenInput = bodyOrQuery('GivenFactor', { password: PasswordField, code: CodeField })

export function toCode(body: object, query: object): string {
  const { code } = GivenInput.merge(body, query)
  if (code === undefined) throw malformedRequest('A code is required')
  return code
}

/** As a data URI of an SVG. */
export const toQrCode = (text: string): string =>
  `data:image/svg+xml;base64,${toBase64(utf8(renderSVG(text, { ecc: 'M', border: 4 })))}`

export const EnrolmentAnswer = shape<Enrolment>()('TotpEnrolment', {
  secret: z.string().meta({ description: 'base32' }),
  provisioning_uri: z.string(),
  qr_code: from(z.string().meta({ description: 'The URI as an SVG data URI' }), ({ provisioningUri }: Enrolment) =>
    toQrCode(provisioningUri),
  ),
  backup_codes: z.array(z.string()).meta({ description: 'Shown only once' }),
})

export const EnabledAnswer = z.object({
  message: z.string(),
  enabled: z.literal(true),
  valid: z.literal(true),
  access_token: z.string().nullable().meta({
    description:
      'The access token of the session, stepped up by the code; null when a separate step-up is necessary. The refresh token stays valid',
  }),
  expires_in: z.int().nullable(),
  propagated: PropagatedField,
})

export const enabledToWire = ({ steppedUp, propagated }: EnabledFactor): z.infer<typeof EnabledAnswer> => ({
  message: 'The second factor is on',
  enabled: true,
  valid: true,
  access_token: steppedUp?.tokens.accessToken ?? null,
  expires_in: steppedUp?.tokens.expiresIn ?? null,
  propagated,
})

export const DisabledAnswer = MessageAnswer.extend({ propagated: PropagatedField })
export const disabledToWire = ({ propagated }: { propagated: boolean }): z.infer<typeof DisabledAnswer> => ({
  message: 'The second factor is off',
  propagated,
})

export const ValidAnswer = z.object({ valid: z.boolean(), message: z.string() })
export const validToWire = (valid: boolean): z.infer<typeof ValidAnswer> => ({
  valid,
  message: valid ? 'The code is right and is now used up' : 'The code is wrong or was used before',
})

export const BackupValidAnswer = ValidAnswer.extend({ remaining: z.int() })
export const backupValidToWire = (result: {
  valid: boolean
  remaining: number
}): z.infer<typeof BackupValidAnswer> => ({ ...validToWire(result.valid), remaining: result.remaining })

export const BackupCodesAnswer = z
  .object({
    backup_codes: z.array(z.object({ code_hint: z.string(), used: z.boolean(), used_at: z.iso.datetime().nullable() })),
    remaining: z.int(),
    total: z.int(),
  })
  .meta({ id: 'BackupCodes' })

export const backupCodesToWire = (codes: readonly BackupCode[]): z.infer<typeof BackupCodesAnswer> => ({
  backup_codes: codes.map(({ hint, usedAt }) => ({
    code_hint: `****-**${hint}`,
    used: usedAt !== null,
    used_at: toIsoOrNull(usedAt),
  })),
  remaining: codes.filter(({ usedAt }) => usedAt === null).length,
  total: codes.length,
})

export const RegeneratedAnswer = z.object({ backup_codes: z.array(z.string()), generated_at: z.iso.datetime() })
export const regeneratedToWire = (result: {
  codes: readonly string[]
  generatedAt: number
}): z.infer<typeof RegeneratedAnswer> => ({
  backup_codes: [...result.codes],
  generated_at: toIso(result.generatedAt),
})

export const StatusAnswer = shape<SecondFactorStatus>()('MfaStatus', {
  enabled: z.boolean(),
  verified: from(z.boolean(), ({ enabled }: SecondFactorStatus) => enabled),
  backup_codes_remaining: z.int(),
  last_used_at: instantOrNull,
})

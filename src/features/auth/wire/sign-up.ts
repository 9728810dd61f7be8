import { z } from 'zod'
import { UserWire, userToWire } from '../../users/wire.ts'
import type { VerificationAwaited } from '../service/sign-up.ts'

/** No session yet: the address comes first. */
export const VerificationAnswer = z
  .object({
    user: UserWire.nullable().meta({ description: 'Null where accounts are not shown to exist' }),
    tokens: z.null(),
    mfa_required: z.literal(false),
    mfa_token: z.null(),
    email_verification_required: z.literal(true),
    message: z.string(),
  })
  .meta({ id: 'VerificationAnswer' })

export const verificationToWire = ({ user }: VerificationAwaited): z.infer<typeof VerificationAnswer> => ({
  user: user && userToWire(user),
  tokens: null,
  mfa_required: false,
  mfa_token: null,
  email_verification_required: true,
  message: 'Open the link that was sent to this address, then sign in',
})

import * as z from 'zod'
import { mapped } from '../../../http/answers.ts'
import { UserWire, userToWire } from '../../users/wire.ts'
import type { SignedIn } from '../service/sign-in.ts'
import type { VerificationAwaited } from '../service/sign-up.ts'
import { SessionTokens, signedInToWire } from './session.ts'

/** No session yet: the address comes first. */
const VerificationAnswer = z
  .object({
    user: UserWire.nullable().meta({ description: 'Null where accounts are not shown to exist' }),
    tokens: z.null(),
    mfa_required: z.literal(false),
    mfa_token: z.null(),
    email_verification_required: z.literal(true),
    message: z.string(),
  })
  .meta({ id: 'VerificationAnswer' })

const verificationToWire = ({ user }: VerificationAwaited): z.infer<typeof VerificationAnswer> => ({
  user: user && userToWire(user),
  tokens: null,
  mfa_required: false,
  mfa_token: null,
  email_verification_required: true,
  message: 'Open the link that was sent to this address, then sign in',
})

const SignUpAnswer = z.union([SessionTokens, VerificationAnswer])

const signUpToWire = (result: SignedIn | VerificationAwaited): z.infer<typeof SignUpAnswer> =>
  result.outcome === 'signed_in' ? signedInToWire(result) : verificationToWire(result)

export const SignUpShape = mapped(SignUpAnswer, signUpToWire)

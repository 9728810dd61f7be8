import * as z from 'zod'
import { oneOfEach } from '../../../http/described-input.ts'
import { Done, DoneAndEnded, endedToWire } from '../../../http/done.ts'
import { EmailField } from '../../users/wire.ts'
import type { VerifiedEmail } from '../service/email-change.ts'
import { AnyLengthField, NewPasswordField, RedirectField, StepUpBody, toStepUp } from './session.ts'

const MAX_TOKEN_LENGTH = 512

const token = z.string().min(1, 'is required').max(MAX_TOKEN_LENGTH)

export const TokenBody = z.object({ token }).meta({ id: 'LinkToken' })
export const TokenQuery = z.object({ token })
/** The answer on a link's page: whether the person made the account. */
export const AnswerBody = TokenBody.extend({ answer: z.enum(['yes', 'no']) })

/** For a link that may need a second factor. */
export const TokenAndFactorBody = TokenBody.extend(StepUpBody.pick({ code: true, credential: true }).shape).meta({
  id: 'LinkTokenAndFactor',
})
/** For a link that may need a password or a second factor. */
export const TokenAndProofBody = TokenBody.extend(StepUpBody.shape)

/** The form of our pages: without script it cannot use a passkey. */
export const TokenAndProofForm = TokenAndProofBody.omit({ credential: true })

export const toTokenAndProof = ({ token, ...given }: z.output<typeof TokenAndFactorBody>) => ({
  token,
  ...toStepUp(given),
})

/** Without an address, that of the caller. */
export const ResendBody = z.object({ email: EmailField.nullish(), redirect_url: RedirectField })

export const ForgotBody = z.object({ email: EmailField, redirect_base: z.string().max(2048).nullish() })

export const toForgot = (body: z.output<typeof ForgotBody>) => ({
  email: body.email,
  base: body.redirect_base ?? undefined,
})

/** Janua names it `new_password`, its SDK `password`, gateway-auth `newPassword`. */
const NewPassword = z.object({
  new_password: NewPasswordField.nullish(),
  password: NewPasswordField.nullish(),
  newPassword: NewPasswordField.nullish(),
})

const newPasswordOf = (body: z.output<typeof NewPassword>) => body.new_password ?? body.password ?? body.newPassword

export const ResetBody = NewPassword.extend({ token })
  .refine((body) => newPasswordOf(body), {
    path: ['new_password'],
    message: 'is required',
  })
  .meta(oneOfEach(['new_password', 'password', 'newPassword']))

/** The form of our page. Short passwords are the service's to refuse: it knows the setting. */
export const ResetForm = TokenBody.extend({ new_password: AnyLengthField })

export const toReset = (body: { readonly token: string } & z.output<typeof NewPassword>) => ({
  token: body.token,
  newPassword: newPasswordOf(body) ?? '',
})

/** One documented client requests the link at the path where others redeem it. */
export const ResetOrForgotBody = NewPassword.extend({
  token: z.string().max(MAX_TOKEN_LENGTH).nullish().meta({ description: 'Without it, a link is mailed to `email`' }),
  email: EmailField.nullish(),
  redirect_base: ForgotBody.shape.redirect_base,
})
  .superRefine((body, { addIssue }) => {
    const missing = body.token ? !newPasswordOf(body) && 'new_password' : !body.email && 'token'
    if (missing) addIssue({ code: 'custom', path: [missing], message: 'is required' })
  })
  .meta(oneOfEach(['token', 'email']))

export const ResetOrForgot = z.union([DoneAndEnded, Done])

export const Verified = DoneAndEnded.extend({
  confirmed: z.boolean().meta({
    description:
      'Whether the account is confirmed. When false, the call had no good access token of the account: `resend-verification` mails another link, and a used one confirms nothing.',
  }),
}).meta({ id: 'VerifiedEmail' })

export function verifiedToWire(verified: VerifiedEmail): z.infer<typeof Verified> {
  const { outcome, isConfirmed: confirmed } = verified
  const again = confirmed ? 'Already confirmed' : 'Already verified, and the account is not confirmed'
  return { ...endedToWire(outcome === 'already' ? again : 'Email verified', verified), confirmed }
}

export const EndedAndReset = DoneAndEnded.extend({
  reset_token: z.string().meta({ description: 'Sets a new password, once: `POST /api/v1/auth/reset-password`' }),
})

export const endedAndResetToWire = (
  message: string,
  ended: { resetToken: string; propagated: boolean },
): z.infer<typeof EndedAndReset> => ({ ...endedToWire(message, ended), reset_token: ended.resetToken })

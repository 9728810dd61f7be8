import { narrow } from '../../../context.ts'
import { ok } from '../../../http/answers.ts'
import { Done, doneToWire } from '../../../http/done.ts'
import { optionalUser, recognized } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { conflict, serviceUnavailable, validationFailed } from '../../../lib/errors.ts'
import { emailAlreadyVerified, linkInvalid, redirectNotAllowed } from '../errors.ts'
import { resendOwnVerification, resendVerification, verifyEmail } from '../service/verification.ts'
import { ResendBody, TokenBody, Verified, verifiedToWire } from '../wire/recovery.ts'

export const verificationRoutes = createRoutes({ prefix: '/api/v1/auth', tag: 'email' })

verificationRoutes.post(
  '/verify-email',
  {
    id: 'verifyEmail',
    aliases: [{ path: '/email/verify', id: 'confirmEmail' }],
    summary: "Verify an address with a mailed link's token",
    description:
      "A changed address takes effect. The access token of the same account also confirms that the account is the caller's; any other credential is ignored, and `confirmed` says so.",
    guard: recognized,
    body: TokenBody,
    answer: ok(Verified, 'The address is verified, now or by an earlier use of the link'),
    errors: [linkInvalid, conflict, serviceUnavailable],
  },
  async ({ ctx, body }) => verifiedToWire(await verifyEmail(ctx, body)),
)

const EMAIL_MISSING = { field: 'body.email', message: 'is required without an access token', type: 'required' }

verificationRoutes.post(
  '/resend-verification',
  {
    id: 'resendVerification',
    aliases: [{ path: '/email/resend-verification', id: 'resendVerificationMail' }],
    summary: 'Mail the verification link again',
    description: 'Goes to the address in the body, or else to the caller.',
    guard: optionalUser,
    body: ResendBody,
    answer: ok(Done, 'A mail is sent if the address is to be verified'),
    errors: [emailAlreadyVerified, redirectNotAllowed, serviceUnavailable],
  },
  async ({ ctx, body }) => {
    const { actor } = ctx
    const redirectUrl = body.redirect_url || null
    if (body.email) await resendVerification(ctx, { email: body.email, redirectUrl })
    else if (actor) await resendOwnVerification(narrow(ctx, { actor }), { redirectUrl })
    else throw validationFailed({ validation_errors: [EMAIL_MISSING] })
    return doneToWire('If the address is to be verified, a link is on its way')
  },
)

import { optionalUserRoute, recognizingRoute } from '../../../http/guard.ts'
import { renderError } from '../../../http/render-error.ts'
import { createRoutes } from '../../../http/router.ts'
import { conflict, serviceUnavailable, validationFailed } from '../../../lib/errors.ts'
import { emailAlreadyVerified, linkInvalid } from '../errors.ts'
import { resendOwnVerification, resendVerification, verifyEmail } from '../service/verification.ts'
import { Done, DoneAndEnded, doneToWire, ResendBody, TokenBody, verifiedToWire } from '../wire/recovery.ts'

export const verificationRoutes = createRoutes({ prefix: '/api/v1/auth', tag: 'auth', renderError })

verificationRoutes.post(
  ['/verify-email', '/email/verify'],
  {
    summary:
      "Verify an address with a mailed link's token; a changed address takes effect. The access token of the same account says that the account is the caller's",
    guard: recognizingRoute,
    body: TokenBody,
    answers: {
      200: { description: 'The address is verified, now or by an earlier use of the link', schema: DoneAndEnded },
    },
    errors: [linkInvalid, conflict, serviceUnavailable],
  },
  async ({ ctx, body }) => Response.json(verifiedToWire('Email verified', await verifyEmail(ctx, body))),
)

const EMAIL_MISSING = { field: 'body.email', message: 'is required without an access token', type: 'required' }

verificationRoutes.post(
  ['/resend-verification', '/email/resend-verification'],
  {
    summary: 'Mail the verification link again: to the caller, or to the address in the body, whoever has it',
    guard: optionalUserRoute,
    body: ResendBody,
    answers: { 200: { description: 'A mail is sent if there is an address to verify', schema: Done } },
    errors: [emailAlreadyVerified, serviceUnavailable],
  },
  async ({ ctx, body }) => {
    const { actor } = ctx
    if (body.email) await resendVerification(ctx, { email: body.email })
    else if (actor) await resendOwnVerification({ ...ctx, actor })
    else throw validationFailed({ validation_errors: [EMAIL_MISSING] })
    return Response.json(doneToWire('If the address waits for verification, a link is on its way'))
  },
)

import type { Ctx } from '../../../context.ts'
import { ok } from '../../../http/answers.ts'
import { Done, DoneAndEnded, doneToWire, endedToWire } from '../../../http/done.ts'
import { anyone } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { serviceUnavailable } from '../../../lib/errors.ts'
import { weakPassword } from '../../factors/password/service/strength.ts'
import { linkInvalid, redirectNotAllowed } from '../errors.ts'
import { requestPasswordReset, resetPassword } from '../service/password-reset.ts'
import { ForgotBody, ResetBody, ResetOrForgot, ResetOrForgotBody, toForgot, toReset } from '../wire/recovery.ts'

export const passwordRoutes = createRoutes({ prefix: '/api/v1', tag: 'password' })

async function answerForgot(ctx: Ctx, forgot: ReturnType<typeof toForgot>) {
  await requestPasswordReset(ctx, forgot)
  return doneToWire('If the address is known, a link is on its way')
}

const answerReset = async (ctx: Ctx, reset: ReturnType<typeof toReset>) =>
  endedToWire('Password reset', await resetPassword(ctx, reset))

passwordRoutes.post(
  '/auth/forgot-password',
  {
    id: 'requestPasswordReset',
    aliases: [
      { path: '/auth/password/forgot', id: 'recoverPassword' },
      { path: '/auth/password/reset-request', id: 'startPasswordReset' },
    ],
    summary: 'Mail a link that sets a new password',
    description: 'The answer is the same whether or not the address is known.',
    guard: anyone,
    body: ForgotBody,
    answer: ok(Done, 'A mail is sent if the address is known'),
    errors: [redirectNotAllowed, serviceUnavailable],
  },
  ({ ctx, body }) => answerForgot(ctx, toForgot(body)),
)

passwordRoutes.post(
  '/auth/reset-password',
  {
    id: 'resetPassword',
    aliases: [{ path: '/auth/password/confirm', id: 'confirmPasswordReset' }],
    summary: "Set a new password with a mailed link's token",
    description: 'Every session ends.',
    guard: anyone,
    body: ResetBody,
    answer: ok(DoneAndEnded, 'The password is set'),
    errors: [linkInvalid, weakPassword, serviceUnavailable],
  },
  ({ ctx, body }) => answerReset(ctx, toReset(body)),
)

passwordRoutes.post(
  '/auth/password/reset',
  {
    id: 'resetOrRequestPassword',
    instead: 'resetPassword',
    summary: "Set a new password with a mailed link's token; without a token, mail the link",
    guard: anyone,
    body: ResetOrForgotBody,
    answer: ok(ResetOrForgot, 'The password is set, or a mail is sent if the address is known'),
    errors: [linkInvalid, weakPassword, redirectNotAllowed, serviceUnavailable],
  },
  ({ ctx, body: { token, email, ...body } }) =>
    token
      ? answerReset(ctx, toReset({ ...body, token }))
      : answerForgot(ctx, toForgot({ ...body, email: email ?? '' })),
)

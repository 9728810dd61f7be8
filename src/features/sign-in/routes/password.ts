import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { ok } from '../../../http/answers.ts'
import { confirmedUserRoute, publicRoute } from '../../../http/guard.ts'
import { UuidParam } from '../../../http/input.ts'
import { createRoutes } from '../../../http/router.ts'
import { forbidden, serviceUnavailable } from '../../../lib/errors.ts'
import { weakPassword } from '../../factors/password/service/strength.ts'
import { linkInvalid, redirectNotAllowed } from '../errors.ts'
import { changePassword, changePasswordOf } from '../service/password-change.ts'
import { requestPasswordReset, resetPassword } from '../service/password-reset.ts'
import { freshFactorErrors } from '../service/step-up.ts'
import {
  ChangePasswordBody,
  Done,
  DoneAndEnded,
  doneToWire,
  endedToWire,
  ForgotBody,
  GatewayChangePasswordBody,
  ResetBody,
  ResetOrForgot,
  ResetOrForgotBody,
  toForgot,
  toPasswordChange,
  toReset,
} from '../wire/recovery.ts'

export const passwordRoutes = createRoutes({ prefix: '/api/v1', tag: 'auth' })

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
      { path: '/auth/password/forgot', id: 'requestPasswordResetAlias' },
      { path: '/auth/password/reset-request', id: 'requestPasswordResetAlias2' },
    ],
    summary: 'Mail a link that sets a new password; answered alike whether or not the address is known',
    guard: publicRoute,
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
    aliases: [{ path: '/auth/password/confirm', id: 'resetPasswordAlias' }],
    summary: "Set a new password with a mailed link's token; every session ends",
    guard: publicRoute,
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
    summary: "Set a new password with a mailed link's token; without a token, mail the link",
    guard: publicRoute,
    body: ResetOrForgotBody,
    answer: ok(ResetOrForgot, 'The password is set, or a mail is sent if the address is known'),
    errors: [linkInvalid, weakPassword, redirectNotAllowed, serviceUnavailable],
  },
  ({ ctx, body: { token, email, ...body } }) =>
    token
      ? answerReset(ctx, toReset({ ...body, token }))
      : answerForgot(ctx, toForgot({ ...body, email: email ?? '' })),
)

/** As gateway-auth words it. */
const CHANGED = 'Password changed successfully'

const changeSpec = {
  summary: "Change the caller's password; every other session ends. Wants a second factor of who has one",
  guard: confirmedUserRoute,
  body: ChangePasswordBody,
  answer: ok(DoneAndEnded, 'The password is changed'),
  errors: [weakPassword, ...freshFactorErrors],
}

passwordRoutes.post('/auth/password/change', { ...changeSpec, id: 'changePassword' }, async ({ ctx, body }) =>
  endedToWire(CHANGED, await changePassword(ctx, toPasswordChange(body))),
)

passwordRoutes.put(
  '/auth/password/change',
  { id: 'changePasswordAlias2', ...changeSpec, hidden: true },
  async ({ ctx, body }) => endedToWire(CHANGED, await changePassword(ctx, toPasswordChange(body))),
)

passwordRoutes.put(
  '/auth/change-password',
  { id: 'changePasswordAlias', ...changeSpec, body: GatewayChangePasswordBody, invalidIs400: true },
  async ({ ctx, body }) => endedToWire(CHANGED, await changePassword(ctx, toPasswordChange(body))),
)

passwordRoutes.post(
  '/users/:user_id/change-password',
  {
    id: 'changePasswordOf',
    ...changeSpec,
    params: z.object({ user_id: UuidParam }),
    errors: [forbidden, ...changeSpec.errors],
  },
  async ({ ctx, body, params }) => {
    const input = { ...toPasswordChange(body), userId: params.user_id }
    return endedToWire(CHANGED, await changePasswordOf(ctx, input))
  },
)

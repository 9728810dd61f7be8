import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { confirmedUserRoute, publicRoute } from '../../../http/guard.ts'
import { UuidParam } from '../../../http/input.ts'
import { renderError } from '../../../http/render-error.ts'
import { createRoutes } from '../../../http/router.ts'
import { forbidden, serviceUnavailable } from '../../../lib/errors.ts'
import { linkInvalid, redirectNotAllowed, weakPassword } from '../errors.ts'
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

export const passwordRoutes = createRoutes({ prefix: '/api/v1', tag: 'auth', renderError })

async function answerForgot(ctx: Ctx, forgot: ReturnType<typeof toForgot>): Promise<Response> {
  await requestPasswordReset(ctx, forgot)
  return Response.json(doneToWire('If the address is known, a link is on its way'))
}

const answerReset = async (ctx: Ctx, reset: ReturnType<typeof toReset>): Promise<Response> =>
  Response.json(endedToWire('Password reset', await resetPassword(ctx, reset)))

passwordRoutes.post(
  ['/auth/forgot-password', '/auth/password/forgot', '/auth/password/reset-request'],
  {
    summary: 'Mail a link that sets a new password; answered alike whether or not the address is known',
    guard: publicRoute,
    body: ForgotBody,
    answers: { 200: { description: 'A mail is sent if the address is known', schema: Done } },
    errors: [redirectNotAllowed, serviceUnavailable],
  },
  ({ ctx, body }) => answerForgot(ctx, toForgot(body)),
)

passwordRoutes.post(
  ['/auth/reset-password', '/auth/password/confirm'],
  {
    summary: "Set a new password with a mailed link's token; every session ends",
    guard: publicRoute,
    body: ResetBody,
    answers: { 200: { description: 'The password is set', schema: DoneAndEnded } },
    errors: [linkInvalid, weakPassword, serviceUnavailable],
  },
  ({ ctx, body }) => answerReset(ctx, toReset(body)),
)

passwordRoutes.post(
  '/auth/password/reset',
  {
    summary: "Set a new password with a mailed link's token; without a token, mail the link",
    guard: publicRoute,
    body: ResetOrForgotBody,
    answers: {
      200: { description: 'The password is set, or a mail is sent if the address is known', schema: ResetOrForgot },
    },
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
  answers: { 200: { description: 'The password is changed', schema: DoneAndEnded } },
  errors: [weakPassword, ...freshFactorErrors],
}

passwordRoutes.post('/auth/password/change', changeSpec, async ({ ctx, body }) =>
  Response.json(endedToWire(CHANGED, await changePassword(ctx, toPasswordChange(body)))),
)

passwordRoutes.put('/auth/password/change', { ...changeSpec, hidden: true }, async ({ ctx, body }) =>
  Response.json(endedToWire(CHANGED, await changePassword(ctx, toPasswordChange(body)))),
)

passwordRoutes.put(
  '/auth/change-password',
  { ...changeSpec, body: GatewayChangePasswordBody, invalidIs400: true },
  async ({ ctx, body }) => Response.json(endedToWire(CHANGED, await changePassword(ctx, toPasswordChange(body)))),
)

passwordRoutes.post(
  '/users/:user_id/change-password',
  {
    ...changeSpec,
    path: z.object({ user_id: UuidParam }),
    errors: [forbidden, ...changeSpec.errors],
  },
  async ({ ctx, body, path }) => {
    const input = { ...toPasswordChange(body), userId: path.user_id }
    return Response.json(endedToWire(CHANGED, await changePasswordOf(ctx, input)))
  },
)

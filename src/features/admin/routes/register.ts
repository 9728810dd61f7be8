import { confirmedOptionalUserRoute } from '../../../http/guard.ts'
import { renderError } from '../../../http/render-error.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { conflict, rateLimited, serviceUnavailable } from '../../../lib/errors.ts'
import { weakPassword } from '../../auth/service/passwords.ts'
import { adminSecretInvalid } from '../errors.ts'
import { registerAdmin } from '../service/register.ts'
import { RegisterAdminBody, RegisteredAdminAnswer, registeredAdminToWire, toRegistration } from '../wire/register.ts'

export const adminRegisterRoutes = createRoutes({ prefix: '/api/v1/admin', tag: 'admin', renderError })

adminRegisterRoutes.post(
  '/register',
  {
    summary: "Make another admin: by an admin's token, or with ADMIN_SECRET_KEY",
    isWrite: everyCall,
    guard: confirmedOptionalUserRoute,
    body: RegisterAdminBody,
    answers: { 201: { description: 'The new admin, not signed in', schema: RegisteredAdminAnswer } },
    errors: [adminSecretInvalid, weakPassword, conflict, rateLimited, serviceUnavailable],
  },
  async ({ ctx, body }) => {
    const user = await registerAdmin(ctx, { actor: ctx.actor, ...toRegistration(body) })
    return Response.json(registeredAdminToWire(user), { status: 201 })
  },
)

import { created } from '../../../http/answers.ts'
import { confirmedOptionalUser } from '../../../http/guard.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { conflict, rateLimited, serviceUnavailable } from '../../../lib/errors.ts'
import { weakPassword } from '../../factors/password/service/strength.ts'
import { adminSecretInvalid } from '../errors.ts'
import { registerAdmin } from '../service/register.ts'
import { RegisterAdminBody, RegisteredAdminAnswer, registeredAdminToWire, toRegistration } from '../wire/register.ts'

export const adminRegisterRoutes = createRoutes({ prefix: '/api/v1/admin', tag: 'admin' })

adminRegisterRoutes.post(
  '/register',
  {
    id: 'createAdmin',
    summary: "Make another admin: by an admin's token, or with ADMIN_SECRET_KEY",
    isWrite: everyCall,
    guard: confirmedOptionalUser,
    body: RegisterAdminBody,
    answer: created(RegisteredAdminAnswer, 'The new admin, not signed in'),
    errors: [adminSecretInvalid, weakPassword, conflict, rateLimited, serviceUnavailable],
  },
  async ({ ctx, body }) => {
    const user = await registerAdmin(ctx, { actor: ctx.actor, ...toRegistration(body) })
    return registeredAdminToWire(user)
  },
)

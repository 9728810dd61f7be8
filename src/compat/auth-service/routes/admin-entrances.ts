import { adminSecretInvalid } from '../../../features/admin/service/register.ts'
import { weakPassword } from '../../../features/factors/password/service/strength.ts'
import {
  accountLocked,
  emailNotVerified,
  invalidCredentials,
  mfaRequired,
  signInNotAccepted,
} from '../../../features/sign-in/errors.ts'
import { ok } from '../../../http/answers.ts'
import { anyone, confirmedOptionalUser } from '../../../http/guard.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { conflict, rateLimited, serviceUnavailable } from '../../../lib/errors.ts'
import { registerFurtherAdmin, signInAdmin } from '../service/admins.ts'
import { AdminCreate, AdminLogin, toNewAdmin } from '../wire/admin.ts'
import { LoginToken, loginToWire } from '../wire/sessions.ts'
import { UserResponse, userToWire } from '../wire/users.ts'
import { createRenderer, WRONG_CREDENTIALS } from '../wording.ts'

/** Where somebody becomes an admin or signs in as one: each checks for itself. */
export const adminEntranceRoutes = createRoutes({
  prefix: '/admin',
  tag: 'admin',
  renderError: createRenderer(WRONG_CREDENTIALS),
})

adminEntranceRoutes.post(
  '/register',
  {
    id: 'registerServiceAdmin',
    summary: 'Register an admin, with the secret key or as an admin',
    isWrite: everyCall,
    guard: confirmedOptionalUser,
    body: AdminCreate,
    answer: ok(UserResponse, 'The new admin; it is not signed in'),
    errors: [adminSecretInvalid, conflict, weakPassword, rateLimited, serviceUnavailable],
  },
  async ({ ctx, body }) => userToWire(await registerFurtherAdmin(ctx, toNewAdmin(body))),
)

adminEntranceRoutes.post(
  '/login',
  {
    id: 'signInAdmin',
    summary: 'Sign in as an admin',
    guard: anyone,
    body: AdminLogin,
    answer: ok(LoginToken, 'A session'),
    errors: [invalidCredentials, signInNotAccepted, accountLocked, emailNotVerified, mfaRequired, serviceUnavailable],
  },
  async ({ ctx, body }) => loginToWire(await signInAdmin(ctx, body)),
)

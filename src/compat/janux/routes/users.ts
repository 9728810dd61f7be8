import { getCurrentUser, signOut } from '../../../features/auth/service/current.ts'
import { registerAccount, signUpErrors } from '../../../features/auth/service/sign-up.ts'
import { confirmedUserRoute, publicRoute, userRoute } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { serviceUnavailable } from '../../../lib/errors.ts'
import { renderUserError } from '../render-error.ts'
import {
  Ended,
  Profile,
  profileToWire,
  RegisterBody,
  Registered,
  registeredToWire,
  signedOutToWire,
  toRegistration,
} from '../wire.ts'

export const userRoutes = createRoutes({ prefix: '/users', tag: 'janux', renderError: renderUserError })

userRoutes.post(
  '/register',
  {
    summary: 'Register a user; no session is opened',
    guard: publicRoute,
    body: RegisterBody,
    answers: { 201: { description: 'The new user', schema: Registered } },
    errors: signUpErrors,
  },
  async ({ ctx, body }) =>
    Response.json(registeredToWire(await registerAccount(ctx, toRegistration(body)), body), { status: 201 }),
)

userRoutes.get(
  '/profile',
  {
    summary: 'The signed-in user',
    guard: userRoute,
    answers: { 200: { description: 'The profile', schema: Profile } },
  },
  async ({ ctx }) => Response.json(profileToWire(await getCurrentUser(ctx))),
)

userRoutes.post(
  '/logout',
  {
    summary: 'End the session of the access token',
    guard: confirmedUserRoute,
    answers: { 200: { description: 'Logged out', schema: Ended } },
    errors: [serviceUnavailable],
  },
  async ({ ctx }) => Response.json(signedOutToWire(await signOut(ctx))),
)

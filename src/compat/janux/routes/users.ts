import { signOut } from '../../../features/sign-in/service/current.ts'
import { registerAccount, signUpErrors } from '../../../features/sign-in/service/sign-up.ts'
import { getCurrentUser } from '../../../features/users/service/users.ts'
import { created, ok } from '../../../http/answers.ts'
import { anyone, confirmedUser, user } from '../../../http/guard.ts'
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

export const userRoutes = createRoutes({ prefix: '/users', tag: 'account', renderError: renderUserError })

userRoutes.post(
  '/register',
  {
    id: 'registerJanuxUser',
    summary: 'Register a user; no session is opened',
    guard: anyone,
    body: RegisterBody,
    answer: created(Registered, 'The new user'),
    errors: signUpErrors,
  },
  async ({ ctx, body }) => registeredToWire(await registerAccount(ctx, toRegistration(body)), body),
)

userRoutes.get(
  '/profile',
  {
    id: 'getJanuxProfile',
    summary: 'The signed-in user',
    guard: user,
    answer: ok(Profile, 'The profile'),
  },
  async ({ ctx }) => profileToWire(await getCurrentUser(ctx)),
)

userRoutes.post(
  '/logout',
  {
    id: 'signOutJanuxUser',
    summary: 'End the session of the access token',
    guard: confirmedUser,
    answer: ok(Ended, 'Logged out'),
    errors: [serviceUnavailable],
  },
  async ({ ctx }) => signedOutToWire(await signOut(ctx)),
)

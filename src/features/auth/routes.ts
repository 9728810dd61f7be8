import { confirmedUserRoute, publicRoute, userRoute } from '../../http/guard.ts'
import { renderError } from '../../http/render-error.ts'
import { createRoutes } from '../../http/router.ts'
import { serviceUnavailable, tokenInvalid } from '../../lib/errors.ts'
import { getCurrentUser, refresh, signOut } from './service/current.ts'
import { signIn, signInErrors } from './service/sign-in.ts'
import { signUp, signUpErrors } from './service/sign-up.ts'
import { stepUp, stepUpErrors } from './service/step-up.ts'
import { SignUpAnswer, signUpToWire } from './wire/sign-up.ts'
import {
  Profile,
  profileToWire,
  RefreshBody,
  SessionTokens,
  SignedOut,
  SignInAnswer,
  SignInBody,
  SignUpBody,
  StepUpBody,
  signedInToWire,
  signedOutToWire,
  signInToWire,
  toRefreshToken,
  toSignIn,
  toSignUp,
  toStepUp,
  UserWire,
  userToWire,
} from './wire.ts'

export const authRoutes = createRoutes({ prefix: '/api/v1/auth', tag: 'auth', renderError })

const signedUp = {
  201: {
    description: 'The new user, signed in; without tokens where the address is verified first',
    schema: SignUpAnswer,
  },
}

authRoutes.post(
  '/signup',
  { summary: 'Sign up', guard: publicRoute, body: SignUpBody, answers: signedUp, errors: signUpErrors },
  async ({ ctx, body }) => Response.json(signUpToWire(await signUp(ctx, toSignUp(body))), { status: 201 }),
)

authRoutes.post(
  '/register',
  {
    summary: 'Sign up; invalid fields are 400',
    guard: publicRoute,
    body: SignUpBody,
    invalidIs400: true,
    answers: signedUp,
    errors: signUpErrors,
  },
  async ({ ctx, body }) => Response.json(signUpToWire(await signUp(ctx, toSignUp(body))), { status: 201 }),
)

const signedIn = { 200: { description: 'A session', schema: SessionTokens } }
const signInAnswers = {
  200: { description: 'A session, or a challenge for the second factor', schema: SignInAnswer },
}

authRoutes.post(
  '/signin',
  {
    summary: 'Sign in with an email or a username',
    guard: publicRoute,
    body: SignInBody,
    answers: signInAnswers,
    errors: signInErrors,
  },
  async ({ ctx, body }) => Response.json(signInToWire(await signIn(ctx, toSignIn(body)))),
)

authRoutes.post(
  '/login',
  {
    summary: 'Sign in; invalid fields are 400',
    guard: publicRoute,
    body: SignInBody,
    invalidIs400: true,
    answers: signInAnswers,
    errors: signInErrors,
  },
  async ({ ctx, body }) => Response.json(signInToWire(await signIn(ctx, toSignIn(body)))),
)

// No body is read: published clients send a refresh token, an empty body or none.
authRoutes.post(
  ['/signout', '/logout'],
  {
    summary: 'End the session of the access token',
    guard: confirmedUserRoute,
    answers: { 200: { description: 'Signed out', schema: SignedOut } },
    errors: [tokenInvalid, serviceUnavailable],
  },
  async ({ ctx }) => Response.json(signedOutToWire(await signOut(ctx))),
)

authRoutes.post(
  '/refresh',
  {
    summary:
      'Exchange a refresh token for its one successor; a repeat is answered the same for 10 seconds, with the same `Idempotency-Key` while that access token lives',
    guard: publicRoute,
    body: RefreshBody,
    invalidIs400: true,
    answers: signedIn,
    errors: [tokenInvalid, serviceUnavailable],
  },
  async ({ ctx, body, request }) => {
    const input = { refreshToken: toRefreshToken(body), idempotencyKey: request.headers.get('idempotency-key') }
    const { user, ...opened } = await refresh(ctx, input)
    return Response.json(signedInToWire({ user, opened }))
  },
)

authRoutes.post(
  '/step-up',
  {
    summary:
      'Raise the session by a password, a code or a passkey: a new access token of it, the refresh token unchanged',
    guard: confirmedUserRoute,
    body: StepUpBody,
    answers: signedIn,
    errors: stepUpErrors,
  },
  async ({ ctx, body }) => Response.json(signedInToWire(await stepUp(ctx, toStepUp(body)))),
)

authRoutes.get(
  '/me',
  {
    summary: 'The signed-in user',
    guard: userRoute,
    answers: { 200: { description: 'The user', schema: UserWire } },
    errors: [tokenInvalid],
  },
  async ({ ctx }) => Response.json(userToWire(await getCurrentUser(ctx))),
)

authRoutes.get(
  '/profile',
  {
    summary: 'The signed-in user, with the integer id',
    guard: userRoute,
    answers: { 200: { description: 'The profile', schema: Profile } },
    errors: [tokenInvalid],
  },
  async ({ ctx }) => Response.json(profileToWire(await getCurrentUser(ctx))),
)

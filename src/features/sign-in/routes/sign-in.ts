import { created, ok } from '../../../http/answers.ts'
import { REPEATED_REFRESH } from '../../../http/described-input.ts'
import { anyone, confirmedUser, user } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { serviceUnavailable, tokenInvalid } from '../../../lib/errors.ts'
import { getCurrentUser } from '../../users/service/users.ts'
import { refresh, signOut } from '../service/current.ts'
import { signIn, signInErrors } from '../service/sign-in.ts'
import { signUp, signUpErrors } from '../service/sign-up.ts'
import { stepUp, stepUpErrors } from '../service/step-up.ts'
import {
  ProfileShape,
  RefreshBody,
  Session,
  SignedOut,
  SignInBody,
  SignInResultShape,
  SignUpBody,
  StepUpBody,
  signedOutToWire,
  toRefreshToken,
  toSignIn,
  toSignUp,
  toStepUp,
  UserWire,
  userToWire,
} from '../wire/session.ts'
import { SignUpShape } from '../wire/sign-up.ts'

export const authRoutes = createRoutes({ prefix: '/api/v1/auth', tag: 'auth' })

const signedUp = created(SignUpShape, 'The new user, signed in; without tokens where the address is verified first')

authRoutes.post(
  '/signup',
  {
    id: 'signUp',
    summary: 'Sign up',
    description:
      '`email_verification_required` tells the answers apart: while it is true there are no tokens, and the user opens the mailed link first.',
    guard: anyone,
    body: SignUpBody,
    answer: signedUp,
    errors: signUpErrors,
  },
  ({ ctx, body }) => signUp(ctx, toSignUp(body)),
)

authRoutes.post(
  '/register',
  {
    id: 'registerUser',
    instead: 'signUp',
    summary: 'Sign up; invalid fields are 400',
    guard: anyone,
    body: SignUpBody,
    invalidIs: 400,
    answer: signedUp,
    errors: signUpErrors,
  },
  ({ ctx, body }) => signUp(ctx, toSignUp(body)),
)

const signedIn = ok(Session, 'A session')
const signInAnswers = ok(SignInResultShape, 'A session, or a challenge for the second factor')

authRoutes.post(
  '/signin',
  {
    id: 'signIn',
    summary: 'Sign in with an email or a username',
    description:
      '`mfa_required` tells the answers apart: while it is true there are no tokens, and `answerMfaChallenge` takes `mfa_token` with a code.',
    guard: anyone,
    body: SignInBody,
    answer: signInAnswers,
    errors: signInErrors,
  },
  ({ ctx, body }) => signIn(ctx, toSignIn(body)),
)

authRoutes.post(
  '/login',
  {
    id: 'logIn',
    instead: 'signIn',
    summary: 'Sign in; invalid fields are 400',
    guard: anyone,
    body: SignInBody,
    invalidIs: 400,
    answer: signInAnswers,
    errors: signInErrors,
  },
  ({ ctx, body }) => signIn(ctx, toSignIn(body)),
)

// No body is read: published clients send a refresh token, an empty body or none.
authRoutes.post(
  '/signout',
  {
    id: 'signOut',
    aliases: [{ path: '/logout', id: 'logOut' }],
    summary: 'End the session of the access token',
    guard: confirmedUser,
    answer: ok(SignedOut, 'Signed out'),
    errors: [tokenInvalid, serviceUnavailable],
  },
  async ({ ctx }) => signedOutToWire(await signOut(ctx)),
)

authRoutes.post(
  '/refresh',
  {
    id: 'refreshTokens',
    summary: 'Exchange a refresh token for its one successor',
    ...REPEATED_REFRESH,
    guard: anyone,
    body: RefreshBody,
    invalidIs: 400,
    answer: signedIn,
    errors: [tokenInvalid, serviceUnavailable],
  },
  async ({ ctx, body, request }) => {
    const input = { refreshToken: toRefreshToken(body), idempotencyKey: request.headers.get('idempotency-key') }
    const { user, ...opened } = await refresh(ctx, input)
    return { user, opened }
  },
)

authRoutes.post(
  '/step-up',
  {
    id: 'stepUp',
    summary: 'Raise the session by a password, a code or a passkey',
    description: 'Answers a new access token of the session; the refresh token is unchanged.',
    guard: confirmedUser,
    body: StepUpBody,
    answer: signedIn,
    errors: stepUpErrors,
  },
  ({ ctx, body }) => stepUp(ctx, toStepUp(body)),
)

authRoutes.get(
  '/me',
  {
    id: 'getCurrentUser',
    summary: 'The signed-in user',
    guard: user,
    answer: ok(UserWire, 'The user'),
    errors: [tokenInvalid],
  },
  async ({ ctx }) => userToWire(await getCurrentUser(ctx)),
)

authRoutes.get(
  '/profile',
  {
    id: 'getProfile',
    instead: 'getCurrentUser',
    summary: 'The signed-in user, with the integer id',
    guard: user,
    answer: ok(ProfileShape, 'The profile'),
    errors: [tokenInvalid],
  },
  ({ ctx }) => getCurrentUser(ctx),
)

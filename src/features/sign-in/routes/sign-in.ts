import { created, ok } from '../../../http/answers.ts'
import { REPEATED_REFRESH } from '../../../http/described-input.ts'
import { anyone, confirmedUser, user } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { notAMember, serviceUnavailable, ssoRequired, tokenInvalid } from '../../../lib/errors.ts'
import { getCurrentUser } from '../../users/service/users.ts'
import { redirectNotAllowed } from '../errors.ts'
import { refresh, signOut } from '../service/current.ts'
import { findProviderLogout } from '../service/provider-logout.ts'
import { signIn, signInErrors } from '../service/sign-in.ts'
import { signUp, signUpErrors } from '../service/sign-up.ts'
import { stepUp, stepUpErrors } from '../service/step-up.ts'
import {
  ProfileShape,
  RefreshBody,
  Session,
  SignedOutShape,
  SignInBody,
  SignInResultShape,
  SignUpBody,
  SignUpShape,
  StepUpBody,
  toRefreshToken,
  toSignIn,
  toSignUp,
  toStepUp,
  UserWire,
  userToWire,
} from '../wire/session.ts'

export const authRoutes = createRoutes({ prefix: '/api/v1/auth', tag: 'auth' })

authRoutes.post(
  '/signup',
  {
    id: 'signUp',
    aliases: [
      { path: '/register', id: 'registerUser', summary: 'Sign up; invalid fields are answered 400', invalidIs: 400 },
    ],
    summary: 'Sign up',
    description:
      '`email_verification_required` tells the answers apart: while it is true there are no tokens, and the user opens the mailed link first.',
    guard: anyone,
    body: SignUpBody,
    answer: created(SignUpShape, 'The new user, signed in; without tokens where the address must be verified first'),
    errors: [...signUpErrors, redirectNotAllowed],
  },
  ({ ctx, body }) => signUp(ctx, toSignUp(body)),
)

const signedIn = ok(Session, 'A session')

authRoutes.post(
  '/signin',
  {
    id: 'signIn',
    aliases: [{ path: '/login', id: 'logIn', summary: 'Sign in; invalid fields are answered 400', invalidIs: 400 }],
    summary: 'Sign in with an email or a username',
    description:
      '`mfa_required` tells the answers apart: while it is true there are no tokens, and `answerMfaChallenge` takes `mfa_token` with a code.',
    guard: anyone,
    body: SignInBody,
    answer: ok(SignInResultShape, 'A session, or a challenge for the second factor'),
    errors: signInErrors,
  },
  ({ ctx, body }) => signIn(ctx, toSignIn(body)),
)

// The body is not read: published clients send a refresh token, an empty body or none.
authRoutes.post(
  '/signout',
  {
    id: 'signOut',
    aliases: [{ path: '/logout', id: 'logOut' }],
    summary: 'End the session of the access token',
    guard: confirmedUser,
    answer: ok(SignedOutShape, 'Signed out'),
    errors: [tokenInvalid, serviceUnavailable],
  },
  async ({ ctx }) => {
    const ended = await signOut(ctx)
    return { ...ended, sloUrl: await findProviderLogout(ctx) }
  },
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
    errors: [tokenInvalid, notAMember, ssoRequired, serviceUnavailable],
  },
  async ({ ctx, body, request }) => {
    const input = {
      refreshToken: toRefreshToken(body),
      idempotencyKey: request.headers.get('idempotency-key'),
      organizationId: body.organization_id ?? undefined,
    }
    const { user, ...opened } = await refresh(ctx, input)
    return { user, opened }
  },
)

authRoutes.post(
  '/step-up',
  {
    id: 'stepUp',
    summary: 'Step the session up with a password, a code or a passkey',
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

import { weakPassword } from '../../../features/factors/password/service/strength.ts'
import { linkInvalid } from '../../../features/sign-in/errors.ts'
import { refresh } from '../../../features/sign-in/service/current.ts'
import { requestPasswordResetOfKnown, resetPassword } from '../../../features/sign-in/service/password-reset.ts'
import { registerAccount, signUpErrors } from '../../../features/sign-in/service/sign-up.ts'
import { freshFactorErrors } from '../../../features/sign-in/service/step-up.ts'
import { lastAdmin } from '../../../features/users/service/users.ts'
import { ok } from '../../../http/answers.ts'
import { REPEATED_REFRESH } from '../../../http/described-input.ts'
import { anyone, confirmedUser } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { conflict, forbidden, notFound, serviceUnavailable, tokenInvalid } from '../../../lib/errors.ts'
import { changeProfile, verifyUser } from '../service/accounts.ts'
import { Done, doneToWire, Message, messageToWire } from '../wire/answers.ts'
import { UsernamePath } from '../wire/fields.ts'
import { PasswordReset, PasswordResetRequest } from '../wire/recovery.ts'
import { Token, TokenRefresh, tokenToWire } from '../wire/sessions.ts'
import {
  ChangedUserResponse,
  changedUserToWire,
  isMoreThanCredentials,
  strangerToWire,
  toAccountChange,
  toRegistration,
  UserCreate,
  UserResponse,
  UserUpdate,
  unseenToWire,
  userToWire,
} from '../wire/users.ts'
import { createRenderer, renderError } from '../wording.ts'

export const accountRoutes = createRoutes({ prefix: '/auth', tag: 'account', renderError })

accountRoutes.post(
  '/register',
  {
    id: 'registerServiceUser',
    summary: 'Register a new user',
    guard: anyone,
    body: UserCreate,
    answer: ok(UserResponse, 'The new user; it is not signed in'),
    errors: signUpErrors,
  },
  async ({ ctx, body }) => {
    const user = await registerAccount(ctx, toRegistration(body))
    return user ? userToWire({ user, attempts: null }) : unseenToWire(body)
  },
)

accountRoutes.post(
  '/password-reset-request',
  {
    id: 'requestServicePasswordReset',
    summary: 'Mail a link that sets a new password',
    guard: anyone,
    body: PasswordResetRequest,
    answer: ok(Message, 'A link is on its way'),
    errors: [notFound, serviceUnavailable],
  },
  async ({ ctx, body }) => {
    await requestPasswordResetOfKnown(ctx, body)
    return messageToWire('Password reset email sent')
  },
)

accountRoutes.post(
  '/token-refresh',
  {
    id: 'refreshServiceToken',
    summary: 'Exchange a refresh token for its one successor',
    ...REPEATED_REFRESH,
    guard: anyone,
    body: TokenRefresh,
    answer: ok(Token, 'The successor'),
    errors: [tokenInvalid, serviceUnavailable],
  },
  async ({ ctx, body, request }) => {
    const idempotencyKey = request.headers.get('idempotency-key')
    return tokenToWire(await refresh(ctx, { refreshToken: body.refresh_token, idempotencyKey }))
  },
)

accountRoutes.get(
  '/verify-user/:username',
  {
    id: 'checkUsername',
    summary: 'Whether somebody has a username; all of it to that user and to admins',
    guard: confirmedUser,
    params: UsernamePath,
    answer: ok(UserResponse, 'The user; to others nothing but that there is one'),
    errors: [notFound, serviceUnavailable],
  },
  async ({ ctx, params }) => {
    const found = await verifyUser(ctx, params.username)
    return found.view === 'whole' ? userToWire(found) : strangerToWire(found.user)
  },
)

accountRoutes.put(
  '/profile',
  {
    id: 'changeServiceProfile',
    summary: "Change the caller's account; a new address counts once its link is used",
    isWrite: isMoreThanCredentials,
    guard: confirmedUser,
    body: UserUpdate,
    answer: ok(ChangedUserResponse, 'The user as it is now'),
    errors: [conflict, forbidden, weakPassword, lastAdmin, ...freshFactorErrors],
  },
  async ({ ctx, body }) => changedUserToWire(await changeProfile(ctx, toAccountChange(body))),
)

/** Bodies of this call name the password that is to be set in another way. */
export const passwordResetRoutes = createRoutes({
  prefix: '/auth',
  tag: 'account',
  renderError: createRenderer({}, { passwordField: 'new_password' }),
})

passwordResetRoutes.post(
  '/password-reset',
  {
    id: 'resetServicePassword',
    summary: "Set a new password with a mailed link's token; every session ends",
    guard: anyone,
    body: PasswordReset,
    answer: ok(Done, 'The password is set'),
    errors: [linkInvalid, weakPassword, serviceUnavailable],
  },
  async ({ ctx, body }) => {
    const done = await resetPassword(ctx, { token: body.token, newPassword: body.new_password })
    return doneToWire('Password has been reset', done)
  },
)

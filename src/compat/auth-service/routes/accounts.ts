import * as z from 'zod'
import {
  confirmEnrolment,
  disableSecondFactor,
  showPendingEnrolment,
} from '../../../features/account/service/factors.ts'
import { weakPassword } from '../../../features/factors/password/service/strength.ts'
import {
  invalidCode,
  mfaAlreadyEnabled,
  mfaChallengeInvalid,
  mfaCodeInvalid,
  mfaNotEnabled,
  mfaNotStarted,
  secondFactorLocked,
} from '../../../features/factors/totp/errors.ts'
import { listOwnSessions, sessionAlreadyRevoked, sessionNotFound } from '../../../features/sessions/service/own.ts'
import { emailUnconfirmed, linkInvalid, stepUpRequired } from '../../../features/sign-in/errors.ts'
import { refresh } from '../../../features/sign-in/service/current.ts'
import { requestPasswordResetOfKnown, resetPassword } from '../../../features/sign-in/service/password-reset.ts'
import { registerAccount, signUpErrors } from '../../../features/sign-in/service/sign-up.ts'
import { freshFactorErrors } from '../../../features/sign-in/service/step-up.ts'
import { lastAdmin } from '../../../features/users/service/users.ts'
import { ok } from '../../../http/answers.ts'
import { REPEATED_REFRESH } from '../../../http/described-input.ts'
import { anyone, confirmedUser, lenientUser, user } from '../../../http/guard.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import {
  conflict,
  forbidden,
  notFound,
  serviceUnavailable,
  ssoRequired,
  tokenInvalid,
  unauthorized,
} from '../../../lib/errors.ts'
import {
  changeProfile,
  endOwnSession,
  recordInteraction,
  requireEnabled,
  verifySecondFactor,
  verifyUser,
} from '../service.ts'
import {
  ChangedUserResponse,
  Chatbot,
  changedUserToWire,
  Disable2FARequest,
  Done,
  doneToWire,
  Enable2FARequest,
  GeneratedCode,
  generatedToWire,
  hiddenToWire,
  isMoreThanCredentials,
  Message,
  messageToWire,
  PasswordReset,
  PasswordResetRequest,
  SessionPath,
  SessionResponse,
  sessionToWire,
  strangerToWire,
  Token,
  TokenRefresh,
  toAccountChange,
  tokenToWire,
  toRegistration,
  UserCreate,
  UsernamePath,
  UserResponse,
  UserUpdate,
  userToWire,
  Verify2FARequest,
} from '../wire.ts'
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
    return user ? userToWire({ user, attempts: null }) : hiddenToWire(body)
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
    answer: ok(Token, 'The new tokens'),
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
    summary: 'Whether a username exists; that user and admins get the whole user',
    guard: confirmedUser,
    params: UsernamePath,
    answer: ok(UserResponse, 'The user; for others only the id and the username'),
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
    summary: "Change the caller's account; the address changes when the link to the new one is used",
    isWrite: isMoreThanCredentials,
    guard: confirmedUser,
    body: UserUpdate,
    answer: ok(ChangedUserResponse, 'The changed user'),
    errors: [conflict, forbidden, weakPassword, lastAdmin, ssoRequired, ...freshFactorErrors],
  },
  async ({ ctx, body }) => changedUserToWire(await changeProfile(ctx, toAccountChange(body))),
)

/** A renderer of its own, because the body names the new password `new_password`. */
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

export const secondFactorRoutes = createRoutes({ prefix: '/auth', tag: 'mfa', renderError })

secondFactorRoutes.post(
  '/enable-2fa',
  {
    id: 'enableTwoFactor',
    summary: 'Turn the second factor on with the first code of the pending secret',
    guard: confirmedUser,
    body: Enable2FARequest,
    answer: ok(Message, 'It is on'),
    errors: [mfaNotStarted, mfaAlreadyEnabled, emailUnconfirmed, invalidCode, secondFactorLocked, serviceUnavailable],
  },
  async ({ ctx, body }) => {
    await confirmEnrolment(ctx, body.code)
    return messageToWire('2FA enabled successfully')
  },
)

secondFactorRoutes.post(
  '/disable-2fa',
  {
    id: 'disableTwoFactor',
    summary: 'Turn the second factor off; needs a code, or a second factor that was proved in the last ten minutes',
    guard: confirmedUser,
    body: Disable2FARequest,
    answer: ok(Message, 'It is off'),
    errors: [mfaNotEnabled, ...freshFactorErrors],
  },
  async ({ ctx, body }) => {
    await disableSecondFactor(ctx, { code: body.code })
    return messageToWire('2FA disabled successfully')
  },
)

secondFactorRoutes.get(
  '/test-2fa',
  {
    id: 'testTwoFactor',
    summary: 'Whether the second factor is on; 400 when it is off',
    guard: user,
    answer: ok(Message, 'It is on'),
    errors: [mfaNotEnabled, serviceUnavailable],
  },
  async ({ ctx }) => {
    await requireEnabled(ctx)
    return messageToWire('2FA is enabled')
  },
)

const bearerOf = ({ headers }: Request): string | null =>
  /^bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1] ?? null

secondFactorRoutes.post(
  '/verify-2fa',
  {
    id: 'verifyTwoFactor',
    summary: 'Prove the second factor: in a session, or to complete a sign-in',
    // The bearer may be the `mfa_token` of a sign-in, which is no access token.
    guard: lenientUser,
    body: Verify2FARequest,
    answer: ok(Token, 'A session with both factors'),
    errors: [
      unauthorized,
      tokenInvalid,
      invalidCode,
      mfaCodeInvalid,
      mfaChallengeInvalid,
      ssoRequired,
      secondFactorLocked,
      serviceUnavailable,
    ],
  },
  async ({ ctx, body, request }) => {
    const input = { code: body.code, mfaToken: body.mfa_token ?? null, bearer: bearerOf(request) }
    return tokenToWire(await verifySecondFactor(ctx, input))
  },
)

/** 403 once the second factor is on: a service that shows its codes would make it worthless. */
export const codeRoutes = createRoutes({
  prefix: '/auth',
  tag: 'mfa',
  renderError: createRenderer({ MFA_ALREADY_ENABLED: { status: 403 } }),
})

codeRoutes.get(
  '/generate-2fa-code',
  {
    id: 'showTwoFactorSecret',
    summary: 'Begin the enrolment of an authenticator app, or show the pending one again',
    guard: confirmedUser,
    answer: ok(GeneratedCode, 'The pending secret and its present code'),
    errors: [mfaAlreadyEnabled, mfaNotStarted, emailUnconfirmed, stepUpRequired, serviceUnavailable],
  },
  async ({ ctx }) => generatedToWire(await showPendingEnrolment(ctx)),
)

export const sessionRoutes = createRoutes({ prefix: '/auth/sessions', tag: 'sessions', renderError })

sessionRoutes.get(
  '/',
  {
    id: 'listServiceSessions',
    summary: "The caller's live sessions, newest first",
    guard: user,
    answer: ok(z.array(SessionResponse), 'All of them'),
    errors: [serviceUnavailable],
  },
  async ({ ctx }) => {
    const sessions = await listOwnSessions(ctx, { withEnded: false })
    return sessions.map((session) => sessionToWire(session, ctx.actor.number))
  },
)

sessionRoutes.delete(
  '/:session_id',
  {
    id: 'endServiceSession',
    summary: "End one of the caller's sessions by its number",
    guard: confirmedUser,
    params: SessionPath,
    answer: ok(Done, 'It has ended'),
    errors: [sessionNotFound, sessionAlreadyRevoked, serviceUnavailable],
  },
  async ({ ctx, params }) => {
    const ended = await endOwnSession(ctx, params.session_id)
    return doneToWire('Session deleted successfully', ended)
  },
)

export const protectedRoutes = createRoutes({ prefix: '', tag: 'account', renderError })

const MAX_INTERACTION_BYTES = 16 * 1024

protectedRoutes.post(
  '/chatbot/interact',
  {
    id: 'recordInteraction',
    summary: 'Publish an interaction with the chatbot to the event stream',
    isWrite: everyCall,
    guard: user,
    body: Chatbot,
    maxBodyBytes: MAX_INTERACTION_BYTES,
    answer: ok(Message, 'The interaction is published'),
    errors: [serviceUnavailable],
  },
  async ({ ctx, body }) => {
    await recordInteraction(ctx, body)
    return messageToWire('Chatbot interaction recorded')
  },
)

const Greeting = Message.extend({ user: z.string() }).meta({ id: 'AuthServiceProtected' })

protectedRoutes.get(
  '/protected',
  { id: 'getGreeting', summary: 'The username of the caller', guard: user, answer: ok(Greeting, 'The username') },
  ({ ctx }) => ({ message: 'You are authenticated', user: ctx.actor.username ?? ctx.actor.email }),
)

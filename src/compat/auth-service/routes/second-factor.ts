import {
  confirmEnrolment,
  disableSecondFactor,
  showPendingEnrolment,
} from '../../../features/account/service/factors.ts'
import {
  invalidCode,
  mfaAlreadyEnabled,
  mfaChallengeInvalid,
  mfaCodeInvalid,
  mfaNotEnabled,
  mfaNotStarted,
  secondFactorLocked,
} from '../../../features/factors/totp/errors.ts'
import { addressUnanswered, stepUpRequired } from '../../../features/sign-in/errors.ts'
import { freshFactorErrors } from '../../../features/sign-in/service/step-up.ts'
import { ok } from '../../../http/answers.ts'
import { confirmedUser, lenientUser, user } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { serviceUnavailable, tokenInvalid, unauthorized } from '../../../lib/errors.ts'
import { requireEnabled, verifySecondFactor } from '../service/second-factor.ts'
import { Message, messageToWire } from '../wire/answers.ts'
import {
  Disable2FARequest,
  Enable2FARequest,
  GeneratedCode,
  generatedToWire,
  Token,
  tokenToWire,
  Verify2FARequest,
} from '../wire/sessions.ts'
import { createRenderer, renderError } from '../wording.ts'

export const secondFactorRoutes = createRoutes({ prefix: '/auth', tag: 'mfa', renderError })

secondFactorRoutes.post(
  '/enable-2fa',
  {
    id: 'enableTwoFactor',
    summary: 'Turn the second factor on with the first code of the pending secret',
    guard: confirmedUser,
    body: Enable2FARequest,
    answer: ok(Message, 'It is on'),
    errors: [mfaNotStarted, mfaAlreadyEnabled, addressUnanswered, invalidCode, secondFactorLocked, serviceUnavailable],
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
    summary: 'Turn the second factor off, with a code or a second factor of the last ten minutes',
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
    summary: 'Prove the second factor: of a session, or of a login that waits for it',
    // The bearer may be a login's `mfa_token`, which is no access token.
    guard: lenientUser,
    body: Verify2FARequest,
    answer: ok(Token, 'A session that has both factors'),
    errors: [
      unauthorized,
      tokenInvalid,
      invalidCode,
      mfaCodeInvalid,
      mfaChallengeInvalid,
      secondFactorLocked,
      serviceUnavailable,
    ],
  },
  async ({ ctx, body, request }) => {
    const input = { code: body.code, mfaToken: body.mfa_token ?? null, bearer: bearerOf(request) }
    return tokenToWire(await verifySecondFactor(ctx, input))
  },
)

/** A service that prints the second factor has none: once it is on, this is forbidden. */
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
    errors: [mfaAlreadyEnabled, mfaNotStarted, addressUnanswered, stepUpRequired, serviceUnavailable],
  },
  async ({ ctx }) => generatedToWire(await showPendingEnrolment(ctx)),
)

import { confirmedUserRoute, lenientUserRoute, publicRoute, userRoute } from '../../http/guard.ts'
import { renderError } from '../../http/render-error.ts'
import { createRoutes } from '../../http/router.ts'
import { serviceUnavailable, tokenInvalid, validationFailed } from '../../lib/errors.ts'
import { addressUnanswered } from '../auth/service/current.ts'
import { answerChallenge } from '../auth/service/second-step.ts'
import { freshFactorErrors } from '../auth/service/step-up.ts'
import { assertionErrors } from '../passkeys/service/assert.ts'
import {
  invalidCode,
  mfaAlreadyEnabled,
  mfaChallengeInvalid,
  mfaCodeInvalid,
  mfaNotEnabled,
  mfaNotStarted,
  secondFactorLocked,
} from './errors.ts'
import { listBackupCodes, regenerateBackupCodes } from './service/backup-codes.ts'
import { requestRecovery } from './service/recovery.ts'
import { checkOwnBackupCode, checkOwnCode, getSecondFactorStatus } from './service/status.ts'
import { confirmAndRaise, confirmEnrolment, disableSecondFactor, startEnrolment } from './service/totp.ts'
import {
  BackupCodesAnswer,
  BackupValidAnswer,
  backupCodesToWire,
  backupValidToWire,
  ChallengeBody,
  CodeBody,
  DisabledAnswer,
  disabledToWire,
  EmailBody,
  EmailQuery,
  EnabledAnswer,
  EnrolmentAnswer,
  enabledToWire,
  enrolmentToWire,
  GivenBody,
  GivenQuery,
  hasChallenge,
  MessageAnswer,
  MethodBody,
  PasswordBody,
  RECOVERY_OPTIONS,
  RECOVERY_REQUESTED,
  RecoveryOptionsAnswer,
  RegeneratedAnswer,
  RequiredPasswordBody,
  regeneratedToWire,
  SessionTokens,
  StatusAnswer,
  signedInToWire,
  statusToWire,
  toAnswer,
  toCode,
  toEmail,
  toGiven,
  ValidAnswer,
  VerifyBody,
  validToWire,
} from './wire.ts'

export const mfaRoutes = createRoutes({ prefix: '/api/v1', tag: 'mfa', renderError })

const enrolSpec = {
  summary: 'Start with TOTP: a secret and ten backup codes, shown once',
  guard: confirmedUserRoute,
  answers: { 200: { description: 'What an authenticator app reads', schema: EnrolmentAnswer } },
  errors: [mfaAlreadyEnabled, addressUnanswered, ...freshFactorErrors],
}

mfaRoutes.post('/mfa/totp/generate', { ...enrolSpec, body: PasswordBody }, async ({ ctx, body }) =>
  Response.json(enrolmentToWire(await startEnrolment(ctx, body))),
)

mfaRoutes.post('/auth/mfa/enable', { ...enrolSpec, body: MethodBody, hidden: true }, async ({ ctx, body }) =>
  Response.json(enrolmentToWire(await startEnrolment(ctx, body))),
)

mfaRoutes.post('/mfa/enable', { ...enrolSpec, body: RequiredPasswordBody, hidden: true }, async ({ ctx, body }) =>
  Response.json(enrolmentToWire(await startEnrolment(ctx, body))),
)

mfaRoutes.post(
  ['/mfa/totp/verify', '/mfa/verify'],
  {
    summary: 'Turn the second factor on with the first code of the secret; sessions that proved one alone end',
    guard: confirmedUserRoute,
    body: CodeBody,
    answers: { 200: { description: 'It is on', schema: EnabledAnswer } },
    errors: [
      mfaNotStarted,
      mfaAlreadyEnabled,
      addressUnanswered,
      invalidCode,
      secondFactorLocked,
      tokenInvalid,
      serviceUnavailable,
    ],
  },
  async ({ ctx, body }) => Response.json(enabledToWire(await confirmEnrolment(ctx, body.code))),
)

const challengeErrors = [
  mfaChallengeInvalid,
  mfaCodeInvalid,
  secondFactorLocked,
  ...assertionErrors,
  serviceUnavailable,
]

mfaRoutes.post(
  '/mfa/challenge/verify',
  {
    summary: 'The second step of a sign-in, with TOTP, a backup code or a passkey',
    guard: publicRoute,
    body: ChallengeBody,
    answers: { 200: { description: 'A session', schema: SessionTokens } },
    errors: challengeErrors,
  },
  async ({ ctx, body }) => Response.json(signedInToWire(await answerChallenge(ctx, toAnswer(body)))),
)

const CHALLENGE_MISSING = { field: 'body.mfa_token', message: 'is required', type: 'required' }
const CODE_MISSING = { field: 'body.code', message: 'is required', type: 'required' }

mfaRoutes.post(
  '/auth/mfa/verify',
  {
    summary:
      'As `/mfa/challenge/verify`; without a challenge it turns the second factor of the caller on, as `/mfa/totp/verify`',
    guard: lenientUserRoute,
    body: VerifyBody,
    answers: { 200: { description: 'A session that has both factors', schema: SessionTokens } },
    errors: [...challengeErrors, mfaNotStarted, mfaAlreadyEnabled, addressUnanswered, invalidCode],
  },
  async ({ ctx, body, request }) => {
    const { actor } = ctx
    if (hasChallenge(body)) return Response.json(signedInToWire(await answerChallenge(ctx, toAnswer(body))))
    if (!actor && request.headers.has('authorization')) throw tokenInvalid()
    if (!actor) throw validationFailed({ validation_errors: [CHALLENGE_MISSING] })
    if (!body.code) throw validationFailed({ validation_errors: [CODE_MISSING] })
    return Response.json(signedInToWire(await confirmAndRaise({ ...ctx, actor }, body.code)))
  },
)

const disableSpec = {
  summary: 'Turn the second factor off, with a fresh second factor; sessions that proved one alone end',
  guard: confirmedUserRoute,
  body: GivenBody,
  query: GivenQuery,
  answers: { 200: { description: 'It is off', schema: DisabledAnswer } },
  errors: [mfaNotEnabled, ...freshFactorErrors],
}

mfaRoutes.delete('/mfa/totp/disable', disableSpec, async ({ ctx, body, query }) =>
  Response.json(disabledToWire(await disableSecondFactor(ctx, toGiven(body, query)))),
)

mfaRoutes.post(['/mfa/disable', '/auth/mfa/disable'], { ...disableSpec, hidden: true }, async ({ ctx, body, query }) =>
  Response.json(disabledToWire(await disableSecondFactor(ctx, toGiven(body, query)))),
)

mfaRoutes.post(
  ['/mfa/totp/verify-code', '/mfa/validate-code'],
  {
    summary: 'Check a code of the caller; a right one is used up',
    guard: confirmedUserRoute,
    body: GivenBody,
    query: GivenQuery,
    answers: { 200: { description: 'Whether it was right', schema: ValidAnswer } },
    errors: [mfaNotEnabled, secondFactorLocked, tokenInvalid, serviceUnavailable],
  },
  async ({ ctx, body, query }) => Response.json(validToWire(await checkOwnCode(ctx, toCode(body, query)))),
)

mfaRoutes.get(
  '/mfa/backup-codes',
  {
    summary: "Hints of the caller's backup codes",
    guard: userRoute,
    answers: { 200: { description: 'In the order in which they were shown', schema: BackupCodesAnswer } },
    errors: [tokenInvalid],
  },
  async ({ ctx }) => Response.json(backupCodesToWire(await listBackupCodes(ctx))),
)

mfaRoutes.post(
  ['/mfa/backup-codes/regenerate', '/mfa/regenerate-backup-codes'],
  {
    summary: 'Ten new backup codes, shown once; the old ones are void. Wants a fresh second factor',
    guard: confirmedUserRoute,
    body: GivenBody,
    query: GivenQuery,
    answers: { 200: { description: 'The codes', schema: RegeneratedAnswer } },
    errors: [mfaNotEnabled, ...freshFactorErrors],
  },
  async ({ ctx, body, query }) =>
    Response.json(regeneratedToWire(await regenerateBackupCodes(ctx, toGiven(body, query)))),
)

mfaRoutes.post(
  '/mfa/backup-codes/verify',
  {
    summary: 'Check a backup code of the caller; a right one is used up',
    guard: confirmedUserRoute,
    body: CodeBody,
    answers: { 200: { description: 'Whether it was right, and how many are left', schema: BackupValidAnswer } },
    errors: [mfaNotEnabled, secondFactorLocked, tokenInvalid, serviceUnavailable],
  },
  async ({ ctx, body }) => Response.json(backupValidToWire(await checkOwnBackupCode(ctx, body.code))),
)

mfaRoutes.get(
  '/mfa/status',
  {
    summary: "The caller's second factor",
    guard: userRoute,
    answers: { 200: { description: 'Whether it is on', schema: StatusAnswer } },
    errors: [tokenInvalid],
  },
  async ({ ctx }) => Response.json(statusToWire(await getSecondFactorStatus(ctx))),
)

mfaRoutes.get(
  '/mfa/recovery-options',
  {
    summary: 'How a lost second factor is replaced; the same for every address',
    guard: publicRoute,
    query: EmailQuery,
    answers: { 200: { description: 'The ways', schema: RecoveryOptionsAnswer } },
  },
  () => Response.json(RECOVERY_OPTIONS),
)

mfaRoutes.post(
  '/mfa/initiate-recovery',
  {
    summary: 'Say that the second factor is lost; the same answer for every address',
    guard: publicRoute,
    body: EmailBody,
    query: EmailQuery,
    answers: { 200: { description: 'Whatever the address', schema: MessageAnswer } },
  },
  async ({ ctx, body, query }) => {
    await requestRecovery(ctx, { email: toEmail(body, query) })
    return Response.json(RECOVERY_REQUESTED)
  },
)

import { narrow } from '../../../context.ts'
import { ok } from '../../../http/answers.ts'
import { confirmedUser, lenientUser, user } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { serviceUnavailable, tokenInvalid, validationFailed } from '../../../lib/errors.ts'
import {
  invalidCode,
  mfaAlreadyEnabled,
  mfaNotEnabled,
  mfaNotStarted,
  secondFactorLocked,
} from '../../factors/totp/errors.ts'
import { addressUnanswered } from '../../sign-in/errors.ts'
import { answerChallenge, challengeErrors } from '../../sign-in/service/second-step.ts'
import { freshFactorErrors } from '../../sign-in/service/step-up.ts'
import { hasChallenge, toAnswer, VerifyBody } from '../../sign-in/wire/second-factor.ts'
import { Session } from '../../sign-in/wire/session.ts'
import {
  checkOwnBackupCode,
  checkOwnCode,
  confirmAndRaise,
  confirmEnrolment,
  disableSecondFactor,
  getSecondFactorStatus,
  listBackupCodes,
  regenerateBackupCodes,
  startEnrolment,
} from '../service/second-factor.ts'
import {
  BackupCodesAnswer,
  BackupValidAnswer,
  backupCodesToWire,
  backupValidToWire,
  CodeBody,
  DisabledAnswer,
  disabledToWire,
  EnabledAnswer,
  EnrolmentAnswer,
  enabledToWire,
  enrolmentToWire,
  GivenInput,
  MethodBody,
  PasswordBody,
  RegeneratedAnswer,
  RequiredPasswordBody,
  regeneratedToWire,
  StatusAnswer,
  statusToWire,
  toCode,
  ValidAnswer,
  validToWire,
} from '../wire/second-factor.ts'

export const mfaRoutes = createRoutes({ prefix: '/api/v1', tag: 'mfa' })

const enrolSpec = {
  summary: 'Start with TOTP: a secret and ten backup codes, shown once',
  guard: confirmedUser,
  answer: ok(EnrolmentAnswer, 'What an authenticator app reads'),
  errors: [mfaAlreadyEnabled, addressUnanswered, ...freshFactorErrors],
}

mfaRoutes.post('/mfa/totp/generate', { id: 'startTotp', ...enrolSpec, body: PasswordBody }, async ({ ctx, body }) =>
  enrolmentToWire(await startEnrolment(ctx, body)),
)

mfaRoutes.post(
  '/auth/mfa/enable',
  { id: 'startMfa', instead: 'startTotp', ...enrolSpec, body: MethodBody, hidden: true },
  async ({ ctx, body }) => enrolmentToWire(await startEnrolment(ctx, body)),
)

mfaRoutes.post(
  '/mfa/enable',
  { id: 'startMfaWithPassword', instead: 'startTotp', ...enrolSpec, body: RequiredPasswordBody, hidden: true },
  async ({ ctx, body }) => enrolmentToWire(await startEnrolment(ctx, body)),
)

mfaRoutes.post(
  '/mfa/totp/verify',
  {
    id: 'confirmTotp',
    aliases: [{ path: '/mfa/verify', id: 'confirmMfa' }],
    summary: 'Turn the second factor on with the first code of the secret',
    description: 'Sessions that proved one factor alone end.',
    guard: confirmedUser,
    body: CodeBody,
    answer: ok(EnabledAnswer, 'It is on'),
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
  async ({ ctx, body }) => enabledToWire(await confirmEnrolment(ctx, body.code)),
)

const CHALLENGE_MISSING = { field: 'body.mfa_token', message: 'is required', type: 'required' }
const CODE_MISSING = { field: 'body.code', message: 'is required', type: 'required' }

mfaRoutes.post(
  '/auth/mfa/verify',
  {
    id: 'answerOrConfirmMfa',
    instead: 'answerMfaChallenge',
    summary:
      'As `/mfa/challenge/verify`; without a challenge it turns the second factor of the caller on, as `/mfa/totp/verify`',
    guard: lenientUser,
    body: VerifyBody,
    answer: ok(Session, 'A session that has both factors'),
    errors: [...challengeErrors, mfaNotStarted, mfaAlreadyEnabled, addressUnanswered, invalidCode],
  },
  async ({ ctx, body, request }) => {
    const { actor } = ctx
    if (hasChallenge(body)) return answerChallenge(ctx, toAnswer(body))
    if (!actor && request.headers.has('authorization')) throw tokenInvalid()
    if (!actor) throw validationFailed({ validation_errors: [CHALLENGE_MISSING] })
    if (!body.code) throw validationFailed({ validation_errors: [CODE_MISSING] })
    return confirmAndRaise(narrow(ctx, { actor }), body.code)
  },
)

const disableSpec = {
  summary: 'Turn the second factor off',
  description: 'Wants a fresh second factor. Sessions that proved one factor alone end.',
  guard: confirmedUser,
  body: GivenInput.body,
  query: GivenInput.query,
  answer: ok(DisabledAnswer, 'It is off'),
  errors: [mfaNotEnabled, ...freshFactorErrors],
}

mfaRoutes.delete('/mfa/totp/disable', { ...disableSpec, id: 'disableMfa' }, async ({ ctx, body, query }) =>
  disabledToWire(await disableSecondFactor(ctx, GivenInput.merge(body, query))),
)

mfaRoutes.post(
  '/mfa/disable',
  {
    id: 'disableTotp',
    instead: 'disableMfa',
    aliases: [{ path: '/auth/mfa/disable', id: 'disableSecondFactor' }],
    ...disableSpec,
    hidden: true,
  },
  async ({ ctx, body, query }) => disabledToWire(await disableSecondFactor(ctx, GivenInput.merge(body, query))),
)

mfaRoutes.post(
  '/mfa/totp/verify-code',
  {
    id: 'checkMfaCode',
    aliases: [{ path: '/mfa/validate-code', id: 'validateMfaCode' }],
    summary: 'Check a code of the caller; a right one is used up',
    guard: confirmedUser,
    body: GivenInput.body,
    query: GivenInput.query,
    answer: ok(ValidAnswer, 'Whether it was right'),
    errors: [mfaNotEnabled, secondFactorLocked, tokenInvalid, serviceUnavailable],
  },
  async ({ ctx, body, query }) => validToWire(await checkOwnCode(ctx, toCode(body, query))),
)

mfaRoutes.get(
  '/mfa/backup-codes',
  {
    id: 'listBackupCodes',
    summary: "Hints of the caller's backup codes",
    guard: user,
    answer: ok(BackupCodesAnswer, 'In the order in which they were shown'),
    errors: [tokenInvalid],
  },
  async ({ ctx }) => backupCodesToWire(await listBackupCodes(ctx)),
)

mfaRoutes.post(
  '/mfa/backup-codes/regenerate',
  {
    id: 'regenerateBackupCodes',
    aliases: [{ path: '/mfa/regenerate-backup-codes', id: 'renewBackupCodes' }],
    summary: 'Ten new backup codes, shown once',
    description: 'The old ones are void. Wants a fresh second factor.',
    guard: confirmedUser,
    body: GivenInput.body,
    query: GivenInput.query,
    answer: ok(RegeneratedAnswer, 'The codes'),
    errors: [mfaNotEnabled, ...freshFactorErrors],
  },
  async ({ ctx, body, query }) => regeneratedToWire(await regenerateBackupCodes(ctx, GivenInput.merge(body, query))),
)

mfaRoutes.post(
  '/mfa/backup-codes/verify',
  {
    id: 'checkBackupCode',
    summary: 'Check a backup code of the caller; a right one is used up',
    guard: confirmedUser,
    body: CodeBody,
    answer: ok(BackupValidAnswer, 'Whether it was right, and how many are left'),
    errors: [mfaNotEnabled, secondFactorLocked, tokenInvalid, serviceUnavailable],
  },
  async ({ ctx, body }) => backupValidToWire(await checkOwnBackupCode(ctx, body.code)),
)

mfaRoutes.get(
  '/mfa/status',
  {
    id: 'getMfaStatus',
    summary: "The caller's second factor",
    guard: user,
    answer: ok(StatusAnswer, 'Whether it is on'),
    errors: [tokenInvalid],
  },
  async ({ ctx }) => statusToWire(await getSecondFactorStatus(ctx)),
)

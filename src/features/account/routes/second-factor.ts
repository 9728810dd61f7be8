import type * as z from 'zod'
import { type ActorCtx, narrow } from '../../../context.ts'
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
import { emailUnconfirmed } from '../../sign-in/errors.ts'
import { answerChallenge, challengeErrors } from '../../sign-in/service/second-step.ts'
import { freshFactorErrors, type GivenFactors } from '../../sign-in/service/step-up.ts'
import { hasChallenge, toAnswer, VerifyBody } from '../../sign-in/wire/second-factor.ts'
import { Session } from '../../sign-in/wire/session.ts'
import {
  checkOwnBackupCode,
  checkOwnCode,
  confirmAndStepUp,
  confirmEnrolment,
  disableSecondFactor,
  getSecondFactorStatus,
  listBackupCodes,
  regenerateBackupCodes,
  startEnrolment,
} from '../service/factors.ts'
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
  GivenInput,
  MethodBody,
  PasswordBody,
  RegeneratedAnswer,
  RequiredPasswordBody,
  regeneratedToWire,
  StatusAnswer,
  toCode,
  ValidAnswer,
  validToWire,
} from '../wire/second-factor.ts'

export const mfaRoutes = createRoutes({ prefix: '/api/v1', tag: 'mfa' })

const enrolSpec = {
  summary: 'Begin to enrol TOTP: a secret and ten backup codes, shown only once',
  guard: confirmedUser,
  answer: ok(EnrolmentAnswer, 'The secret for an authenticator app'),
  errors: [mfaAlreadyEnabled, emailUnconfirmed, ...freshFactorErrors],
}

const enrol = ({ ctx, body }: { ctx: ActorCtx; body: GivenFactors }) => startEnrolment(ctx, body)

mfaRoutes.post('/mfa/totp/generate', { id: 'startTotp', ...enrolSpec, body: PasswordBody }, enrol)
mfaRoutes.post(
  '/auth/mfa/enable',
  { id: 'startMfa', instead: 'startTotp', ...enrolSpec, body: MethodBody, hidden: true },
  enrol,
)
mfaRoutes.post(
  '/mfa/enable',
  { id: 'startMfaWithPassword', instead: 'startTotp', ...enrolSpec, body: RequiredPasswordBody, hidden: true },
  enrol,
)

mfaRoutes.post(
  '/mfa/totp/verify',
  {
    id: 'confirmTotp',
    aliases: [{ path: '/mfa/verify', id: 'confirmMfa' }],
    summary: 'Turn the second factor on with the first code; sessions that proved a single factor end',
    guard: confirmedUser,
    body: CodeBody,
    answer: ok(EnabledAnswer, 'The second factor is on'),
    errors: [
      mfaNotStarted,
      mfaAlreadyEnabled,
      emailUnconfirmed,
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
      "As `/mfa/challenge/verify`; without a challenge it turns the caller's second factor on, as `/mfa/totp/verify`",
    guard: lenientUser,
    body: VerifyBody,
    answer: ok(Session, 'A session with both factors'),
    errors: [...challengeErrors, mfaNotStarted, mfaAlreadyEnabled, emailUnconfirmed, invalidCode],
  },
  async ({ ctx, body, request }) => {
    const { actor } = ctx
    if (hasChallenge(body)) return answerChallenge(ctx, toAnswer(body))
    if (!actor && request.headers.has('authorization')) throw tokenInvalid()
    if (!actor) throw validationFailed({ validation_errors: [CHALLENGE_MISSING] })
    if (!body.code) throw validationFailed({ validation_errors: [CODE_MISSING] })
    return confirmAndStepUp(narrow(ctx, { actor }), body.code)
  },
)

const disableSpec = {
  summary: 'Turn the second factor off; requires a fresh second factor, and ends sessions that proved a single factor',
  guard: confirmedUser,
  body: GivenInput.body,
  query: GivenInput.query,
  answer: ok(DisabledAnswer, 'The second factor is off'),
  errors: [mfaNotEnabled, ...freshFactorErrors],
}

type Given = z.output<typeof GivenInput.body>

const disable = async ({ ctx, body, query }: { ctx: ActorCtx; body: Given; query: Given }) =>
  disabledToWire(await disableSecondFactor(ctx, GivenInput.merge(body, query)))

mfaRoutes.delete('/mfa/totp/disable', { ...disableSpec, id: 'disableMfa' }, disable)
mfaRoutes.post(
  '/mfa/disable',
  {
    id: 'disableTotp',
    instead: 'disableMfa',
    aliases: [{ path: '/auth/mfa/disable', id: 'disableSecondFactor' }],
    ...disableSpec,
    hidden: true,
  },
  disable,
)

mfaRoutes.post(
  '/mfa/totp/verify-code',
  {
    id: 'checkMfaCode',
    aliases: [{ path: '/mfa/validate-code', id: 'validateMfaCode' }],
    summary: 'Check a code of the caller; a right code is used up',
    guard: confirmedUser,
    body: GivenInput.body,
    query: GivenInput.query,
    answer: ok(ValidAnswer, 'Whether the code was right'),
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
    answer: ok(BackupCodesAnswer, 'The hints, in the order in which the codes were shown'),
    errors: [tokenInvalid],
  },
  async ({ ctx }) => backupCodesToWire(await listBackupCodes(ctx)),
)

mfaRoutes.post(
  '/mfa/backup-codes/regenerate',
  {
    id: 'regenerateBackupCodes',
    aliases: [{ path: '/mfa/regenerate-backup-codes', id: 'renewBackupCodes' }],
    summary: 'Replace the backup codes by ten new ones, shown only once; requires a fresh second factor',
    guard: confirmedUser,
    body: GivenInput.body,
    query: GivenInput.query,
    answer: ok(RegeneratedAnswer, 'The new codes'),
    errors: [mfaNotEnabled, ...freshFactorErrors],
  },
  async ({ ctx, body, query }) => regeneratedToWire(await regenerateBackupCodes(ctx, GivenInput.merge(body, query))),
)

mfaRoutes.post(
  '/mfa/backup-codes/verify',
  {
    id: 'checkBackupCode',
    summary: 'Check a backup code of the caller; a right code is used up',
    guard: confirmedUser,
    body: CodeBody,
    answer: ok(BackupValidAnswer, 'Whether the code was right, and the number of unused codes'),
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
    answer: ok(StatusAnswer, 'The state of the second factor'),
    errors: [tokenInvalid],
  },
  ({ ctx }) => getSecondFactorStatus(ctx),
)

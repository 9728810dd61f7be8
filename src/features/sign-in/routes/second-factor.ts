import { ok } from '../../../http/answers.ts'
import { anyone } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { answerChallenge, challengeErrors, requestRecovery } from '../service/second-step.ts'
import {
  ChallengeBody,
  EmailInput,
  MessageAnswer,
  RECOVERY_OPTIONS,
  RECOVERY_REQUESTED,
  RecoveryOptionsAnswer,
  toAnswer,
  toEmail,
} from '../wire/second-factor.ts'
import { Session } from '../wire/session.ts'

export const secondFactorRoutes = createRoutes({ prefix: '/api/v1', tag: 'mfa' })

secondFactorRoutes.post(
  '/mfa/challenge/verify',
  {
    id: 'answerMfaChallenge',
    summary: 'The second step of a sign-in, with TOTP, a backup code or a passkey',
    guard: anyone,
    body: ChallengeBody,
    answer: ok(Session, 'A session'),
    errors: challengeErrors,
  },
  ({ ctx, body }) => answerChallenge(ctx, toAnswer(body)),
)

secondFactorRoutes.get(
  '/mfa/recovery-options',
  {
    id: 'listRecoveryOptions',
    summary: 'How to replace a lost second factor; the answer is the same for every address',
    guard: anyone,
    query: EmailInput.query,
    answer: ok(RecoveryOptionsAnswer, 'The ways'),
  },
  () => RECOVERY_OPTIONS,
)

secondFactorRoutes.post(
  '/mfa/initiate-recovery',
  {
    id: 'requestMfaRecovery',
    summary: 'Report a lost second factor; the answer is the same for every address',
    guard: anyone,
    body: EmailInput.body,
    query: EmailInput.query,
    answer: ok(MessageAnswer, 'Whatever the address'),
  },
  async ({ ctx, body, query }) => {
    await requestRecovery(ctx, { email: toEmail(body, query) })
    return RECOVERY_REQUESTED
  },
)

import { ok } from '../../../http/answers.ts'
import { anyone } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { serviceUnavailable } from '../../../lib/errors.ts'
import { linkInvalid } from '../errors.ts'
import { unlockAccount } from '../service/lock.ts'
import { secondFactorErrors } from '../service/older-factors.ts'
import { reportActivity } from '../service/report.ts'
import {
  Done,
  doneToWire,
  ReportedAnswer,
  reportedToWire,
  TokenAndFactorBody,
  TokenBody,
  toTokenAndProof,
} from '../wire/recovery.ts'

export const reportRoutes = createRoutes({ prefix: '/api/v1', tag: 'account safety', invalidIs: 400 })

reportRoutes.post(
  '/auth/report-activity',
  {
    id: 'reportActivity',
    summary: "Say with a mailed link's token that it was somebody else",
    description: 'All sessions end, and the password stops working.',
    guard: anyone,
    body: TokenAndFactorBody,
    answer: ok(ReportedAnswer, 'The account is secured'),
    errors: [linkInvalid, ...secondFactorErrors, serviceUnavailable],
  },
  async ({ ctx, body }) => reportedToWire(await reportActivity(ctx, toTokenAndProof(body))),
)

reportRoutes.post(
  '/auth/unlock-account',
  {
    id: 'unlockAccount',
    summary: "Lift the lock after too many failed attempts with a mailed link's token",
    guard: anyone,
    body: TokenBody,
    answer: ok(Done, 'Passwords are allowed again'),
    errors: [linkInvalid, serviceUnavailable],
  },
  async ({ ctx, body }) => {
    await unlockAccount(ctx, body)
    return doneToWire('Account unlocked')
  },
)

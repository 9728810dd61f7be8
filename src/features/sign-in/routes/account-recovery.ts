import { ok } from '../../../http/answers.ts'
import { Done, DoneAndEnded, doneToWire, endedToWire } from '../../../http/done.ts'
import { anyone } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { serviceUnavailable } from '../../../lib/errors.ts'
import { accountClosed, linkInvalid } from '../errors.ts'
import { restoreAccount, restoreErrors } from '../service/account-restore.ts'
import { revertEmail } from '../service/email-revert.ts'
import { secondFactorErrors } from '../service/link-proofs.ts'
import { unlockAccount } from '../service/lock.ts'
import { reportActivity } from '../service/report.ts'
import {
  EndedAndReset,
  endedAndResetToWire,
  TokenAndFactorBody,
  TokenAndProofBody,
  TokenBody,
  toTokenAndProof,
} from '../wire/recovery.ts'

export const accountRecoveryRoutes = createRoutes({ prefix: '/api/v1/auth', tag: 'email', invalidIs: 400 })

accountRecoveryRoutes.post(
  '/revert-email',
  {
    id: 'revertEmail',
    summary: "Revert a change of address with a mailed link's token",
    description:
      'All sessions end, and the password stops working. Needs a second factor that is older than the change, if there is one.',
    guard: anyone,
    body: TokenAndFactorBody,
    answer: ok(EndedAndReset.meta({ id: 'RevertedEmail' }), 'The previous address is restored'),
    errors: [linkInvalid, accountClosed, ...secondFactorErrors, serviceUnavailable],
  },
  async ({ ctx, body }) => endedAndResetToWire('Email restored', await revertEmail(ctx, toTokenAndProof(body))),
)

accountRecoveryRoutes.post(
  '/restore-account',
  {
    id: 'restoreAccount',
    summary: "Restore an account that its user deleted, with a mailed link's token",
    description:
      'An account that its holder has confirmed needs its password or second factor, if there is one; for any other the link suffices.',
    guard: anyone,
    body: TokenAndProofBody,
    answer: ok(DoneAndEnded, 'The account is restored, without sessions'),
    errors: [...restoreErrors, serviceUnavailable],
  },
  async ({ ctx, body }) => endedToWire('Account restored', await restoreAccount(ctx, toTokenAndProof(body))),
)

export const reportRoutes = createRoutes({ prefix: '/api/v1', tag: 'account safety', invalidIs: 400 })

reportRoutes.post(
  '/auth/report-activity',
  {
    id: 'reportActivity',
    summary: "Report with a mailed link's token that somebody else used the account",
    description: 'All sessions end, and the password stops working.',
    guard: anyone,
    body: TokenAndFactorBody,
    answer: ok(EndedAndReset.meta({ id: 'ReportedActivity' }), 'The account is secured'),
    errors: [linkInvalid, ...secondFactorErrors, serviceUnavailable],
  },
  async ({ ctx, body }) =>
    endedAndResetToWire(
      'All sessions ended, and the password stopped working',
      await reportActivity(ctx, toTokenAndProof(body)),
    ),
)

reportRoutes.post(
  '/auth/unlock-account',
  {
    id: 'unlockAccount',
    summary: "Lift the lock after too many failed attempts with a mailed link's token",
    guard: anyone,
    body: TokenBody,
    answer: ok(Done, 'The lock is lifted'),
    errors: [linkInvalid, serviceUnavailable],
  },
  async ({ ctx, body }) => {
    await unlockAccount(ctx, body)
    return doneToWire('Account unlocked')
  },
)

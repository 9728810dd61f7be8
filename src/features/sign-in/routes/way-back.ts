import { ok } from '../../../http/answers.ts'
import { anyone } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { serviceUnavailable } from '../../../lib/errors.ts'
import { linkInvalid } from '../errors.ts'
import { restoreAccount, restoreErrors } from '../service/account-restore.ts'
import { revertEmail } from '../service/email-revert.ts'
import { secondFactorErrors } from '../service/older-factors.ts'
import {
  DoneAndEnded,
  EndedAndReset,
  endedAndResetToWire,
  endedToWire,
  TokenAndFactorBody,
  TokenAndProofBody,
  toTokenAndProof,
} from '../wire/recovery.ts'

export const wayBackRoutes = createRoutes({ prefix: '/api/v1/auth', tag: 'email', invalidIs: 400 })

wayBackRoutes.post(
  '/revert-email',
  {
    id: 'revertEmail',
    summary: "Take a change of address back with a mailed link's token",
    description:
      'All sessions end, and the password stops working. Wants a second factor of before the change where there is one.',
    guard: anyone,
    body: TokenAndFactorBody,
    answer: ok(EndedAndReset.meta({ id: 'RevertedEmail' }), 'The address of before counts again'),
    errors: [linkInvalid, ...secondFactorErrors, serviceUnavailable],
  },
  async ({ ctx, body }) => endedAndResetToWire('Email restored', await revertEmail(ctx, toTokenAndProof(body))),
)

wayBackRoutes.post(
  '/restore-account',
  {
    id: 'restoreAccount',
    summary: "Bring back an account that its user deleted, with a mailed link's token",
    description: 'Wants its password or second factor where there is one.',
    guard: anyone,
    body: TokenAndProofBody,
    answer: ok(DoneAndEnded, 'The account is as it was, without sessions'),
    errors: [...restoreErrors, serviceUnavailable],
  },
  async ({ ctx, body }) => endedToWire('Account restored', await restoreAccount(ctx, toTokenAndProof(body))),
)

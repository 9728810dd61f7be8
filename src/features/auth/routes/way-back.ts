import { publicRoute } from '../../../http/guard.ts'
import { renderError } from '../../../http/render-error.ts'
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

export const wayBackRoutes = createRoutes({ prefix: '/api/v1/auth', tag: 'auth', renderError })

wayBackRoutes.post(
  '/revert-email',
  {
    summary:
      "Take a change of address back with a mailed link's token: all sessions end, the password stops working; wants a second factor of before the change where there is one",
    guard: publicRoute,
    body: TokenAndFactorBody,
    invalidIs400: true,
    answers: {
      200: { description: 'The address of before counts again', schema: EndedAndReset.meta({ id: 'RevertedEmail' }) },
    },
    errors: [linkInvalid, ...secondFactorErrors, serviceUnavailable],
  },
  async ({ ctx, body }) =>
    Response.json(endedAndResetToWire('Email restored', await revertEmail(ctx, toTokenAndProof(body)))),
)

wayBackRoutes.post(
  '/restore-account',
  {
    summary:
      "Bring back an account that its user deleted, with a mailed link's token, and its password or second factor where there is one",
    guard: publicRoute,
    body: TokenAndProofBody,
    invalidIs400: true,
    answers: { 200: { description: 'The account is as it was, without sessions', schema: DoneAndEnded } },
    errors: [...restoreErrors, serviceUnavailable],
  },
  async ({ ctx, body }) =>
    Response.json(endedToWire('Account restored', await restoreAccount(ctx, toTokenAndProof(body)))),
)

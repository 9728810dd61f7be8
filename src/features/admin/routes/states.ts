import { ok } from '../../../http/answers.ts'
import { admin } from '../../../http/guard.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { notFound, serviceUnavailable } from '../../../lib/errors.ts'
import { passkeyNotFound } from '../../factors/passkeys/errors.ts'
import { mfaNotEnabled } from '../../factors/totp/errors.ts'
import { freshFactorErrors } from '../../sign-in/service/step-up.ts'
import { lastAdmin, userStateConflict } from '../../users/errors.ts'
import type { StateChange } from '../../users/service/state.ts'
import { removePasskeys, removeSecondFactor } from '../service/factors.ts'
import { changeState } from '../service/states.ts'
import { PasskeyPath, ReasonInput, toReason, UserPath } from '../wire/parameters.ts'
import { ChangedUserAnswer, changedUserToWire, FactorRemovedAnswer } from '../wire/users.ts'

export const adminStateRoutes = createRoutes({ prefix: '/api/v1/admin/users/:id', tag: 'admin' })

const CHANGES: readonly { change: Exclude<StateChange, 'delete'>; summary: string; message: string }[] = [
  { change: 'suspend', summary: 'Suspend a user: all sessions end', message: 'User suspended' },
  { change: 'unsuspend', summary: 'Let a suspended user in again', message: 'User unsuspended' },
  { change: 'deactivate', summary: 'Make a user inactive: all sessions end', message: 'User deactivated' },
  { change: 'activate', summary: 'Let an inactive user in again', message: 'User activated' },
  { change: 'lock', summary: 'Lock a user: all sessions end, no reset lifts it', message: 'User locked' },
  { change: 'unlock', summary: 'Lift every lock of a user, those of failed attempts too', message: 'User unlocked' },
  { change: 'restore', summary: 'Bring a deleted user back, inactive', message: 'User restored' },
]

/** The other changes take rights away, which no limit stands in the way of. */
const LETS_IN: ReadonlySet<StateChange> = new Set<StateChange>(['unsuspend', 'activate', 'unlock', 'restore'])

for (const { change, summary, message } of CHANGES)
  adminStateRoutes.post(
    `/${change}`,
    {
      id: `${change}User`,
      summary,
      guard: admin,
      ...(LETS_IN.has(change) ? { isWrite: everyCall } : {}),
      params: UserPath,
      body: ReasonInput.body,
      query: ReasonInput.query,
      answer: ok(ChangedUserAnswer, 'The user in the new state'),
      errors: [notFound, userStateConflict, lastAdmin, serviceUnavailable],
    },
    async ({ ctx, params, body, query }) => {
      const input = { ref: params.id, change, reason: toReason(body, query) }
      return changedUserToWire(message, await changeState(ctx, input))
    },
  )

const removedFactor = ok(FactorRemovedAnswer, 'It is gone, and all sessions with it')

adminStateRoutes.delete(
  '/mfa',
  {
    id: 'removeUserMfa',
    summary: 'Turn off the second factor of a user who has lost it; all sessions end',
    guard: admin,
    params: UserPath,
    answer: removedFactor,
    errors: [notFound, mfaNotEnabled, ...freshFactorErrors],
  },
  async ({ ctx, params }) => {
    const { propagated } = await removeSecondFactor(ctx, params.id)
    return { message: 'Second factor removed', removed: 1, propagated }
  },
)

adminStateRoutes.delete(
  '/passkeys',
  {
    id: 'removeUserPasskeys',
    summary: 'Remove all passkeys of a user; all sessions end',
    guard: admin,
    params: UserPath,
    answer: removedFactor,
    errors: [notFound, ...freshFactorErrors],
  },
  async ({ ctx, params }) => {
    const { removed, propagated } = await removePasskeys(ctx, params.id, null)
    return { message: `${removed} passkeys removed`, removed, propagated }
  },
)

adminStateRoutes.delete(
  '/passkeys/:passkey_id',
  {
    id: 'removeUserPasskey',
    summary: 'Remove one passkey of a user; all sessions end',
    guard: admin,
    params: PasskeyPath,
    answer: removedFactor,
    errors: [notFound, passkeyNotFound, ...freshFactorErrors],
  },
  async ({ ctx, params }) => {
    const { removed, propagated } = await removePasskeys(ctx, params.id, params.passkey_id)
    return { message: 'Passkey removed', removed, propagated }
  },
)

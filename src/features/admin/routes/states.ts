import { ok } from '../../../http/answers.ts'
import { admin } from '../../../http/guard.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { notFound, serviceUnavailable } from '../../../lib/errors.ts'
import { passkeyNotFound } from '../../factors/passkeys/errors.ts'
import { mfaNotEnabled } from '../../factors/totp/errors.ts'
import { freshFactorErrors } from '../../sign-in/service/step-up.ts'
import type { StateChange } from '../../users/service/state.ts'
import { lastAdmin, userStateConflict } from '../../users/service/users.ts'
import { ReasonInput, toReason } from '../../users/wire.ts'
import { changeState, removePasskeys, removeSecondFactor } from '../service/states.ts'
import { ChangedUserAnswer, changedUserToWire, FactorRemovedAnswer, PasskeyPath, UserPath } from '../wire/users.ts'

export const adminStateRoutes = createRoutes({ prefix: '/api/v1/admin/users/:id', tag: 'admin' })

const CHANGES: readonly { change: Exclude<StateChange, 'delete'>; summary: string; message: string }[] = [
  { change: 'suspend', summary: 'Suspend a user: all sessions end', message: 'User suspended' },
  { change: 'unsuspend', summary: 'End the suspension of a user', message: 'User unsuspended' },
  { change: 'deactivate', summary: 'Make a user inactive: all sessions end', message: 'User deactivated' },
  { change: 'activate', summary: 'Activate an inactive user', message: 'User activated' },
  {
    change: 'lock',
    summary: 'Lock a user: all sessions end, and a password reset does not lift the lock',
    message: 'User locked',
  },
  { change: 'unlock', summary: 'Lift every lock of a user, also after failed attempts', message: 'User unlocked' },
  { change: 'restore', summary: 'Restore a deleted user as inactive', message: 'User restored' },
]

/** Only these count towards the limit on writes: the other changes withdraw access, which no limit must delay. */
const RESTORES_ACCESS: ReadonlySet<StateChange> = new Set<StateChange>(['unsuspend', 'activate', 'unlock', 'restore'])

for (const { change, summary, message } of CHANGES)
  adminStateRoutes.post(
    `/${change}`,
    {
      id: `${change}User`,
      summary,
      guard: admin,
      ...(RESTORES_ACCESS.has(change) ? { isWrite: everyCall } : {}),
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

const removedFactor = ok(FactorRemovedAnswer, 'The factor is removed, and all sessions have ended')

adminStateRoutes.delete(
  '/mfa',
  {
    id: 'removeUserMfa',
    summary: 'Turn off the second factor of a user who has lost it; all sessions end',
    guard: admin,
    params: UserPath,
    body: ReasonInput.body,
    query: ReasonInput.query,
    answer: removedFactor,
    errors: [notFound, mfaNotEnabled, ...freshFactorErrors],
  },
  async ({ ctx, params, body, query }) => {
    const { propagated } = await removeSecondFactor(ctx, params.id, toReason(body, query))
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
    body: ReasonInput.body,
    query: ReasonInput.query,
    answer: removedFactor,
    errors: [notFound, ...freshFactorErrors],
  },
  async ({ ctx, params, body, query }) => {
    const given = { passkeyId: null, reason: toReason(body, query) }
    const { removed, propagated } = await removePasskeys(ctx, params.id, given)
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
    body: ReasonInput.body,
    query: ReasonInput.query,
    answer: removedFactor,
    errors: [notFound, passkeyNotFound, ...freshFactorErrors],
  },
  async ({ ctx, params, body, query }) => {
    const given = { passkeyId: params.passkey_id, reason: toReason(body, query) }
    const { removed, propagated } = await removePasskeys(ctx, params.id, given)
    return { message: 'Passkey removed', removed, propagated }
  },
)

import * as z from 'zod'
import { ok } from '../../../http/answers.ts'
import { confirmedUser, self } from '../../../http/guard.ts'
import { UuidParam } from '../../../http/input.ts'
import { createRoutes } from '../../../http/router.ts'
import { conflict, forbidden, notFound } from '../../../lib/errors.ts'
import { weakPassword } from '../../factors/password/service/strength.ts'
import { freshFactorErrors } from '../../sign-in/service/step-up.ts'
import { DoneAndEnded, endedToWire } from '../../sign-in/wire/recovery.ts'
import { changeOwnProfile } from '../service/own-profile.ts'
import { changePassword } from '../service/password-change.ts'
import { ChangePasswordBody, GatewayChangePasswordBody, toPasswordChange } from '../wire/password.ts'
import {
  ChangedProfile,
  changedProfileToWire,
  isMoreThanCredentials,
  ProfileBody,
  toProfileChange,
} from '../wire/profile.ts'

export const ownAccountRoutes = createRoutes({ prefix: '/api/v1', tag: 'account' })

/** As gateway-auth words it. */
const CHANGED = 'Password changed successfully'

const changeSpec = {
  summary: "Change the caller's password",
  description: 'Every other session ends. Wants a second factor of who has one.',
  guard: confirmedUser,
  body: ChangePasswordBody,
  answer: ok(DoneAndEnded, 'The password is changed'),
  errors: [weakPassword, ...freshFactorErrors],
}

ownAccountRoutes.post('/auth/password/change', { ...changeSpec, id: 'changePassword' }, async ({ ctx, body }) =>
  endedToWire(CHANGED, await changePassword(ctx, toPasswordChange(body))),
)

ownAccountRoutes.put(
  '/auth/password/change',
  { id: 'setPassword', instead: 'changePassword', ...changeSpec, hidden: true },
  async ({ ctx, body }) => endedToWire(CHANGED, await changePassword(ctx, toPasswordChange(body))),
)

ownAccountRoutes.put(
  '/auth/change-password',
  {
    id: 'updatePassword',
    instead: 'changePassword',
    ...changeSpec,
    body: GatewayChangePasswordBody,
    invalidIs: 400,
  },
  async ({ ctx, body }) => endedToWire(CHANGED, await changePassword(ctx, toPasswordChange(body))),
)

ownAccountRoutes.post(
  '/users/:user_id/change-password',
  {
    id: 'changeUserPassword',
    instead: 'changePassword',
    ...changeSpec,
    guard: self,
    params: z.object({ user_id: UuidParam }),
    errors: [forbidden, ...changeSpec.errors],
  },
  async ({ ctx, body }) => endedToWire(CHANGED, await changePassword(ctx, toPasswordChange(body))),
)

ownAccountRoutes.patch(
  '/auth/profile',
  {
    id: 'changeProfile',
    instead: 'updateOwnUser',
    summary: "Change the caller's profile; a new address counts once its link is used",
    isWrite: isMoreThanCredentials,
    guard: confirmedUser,
    body: ProfileBody,
    answer: ok(ChangedProfile, 'The user, and the address that waits'),
    errors: [conflict, notFound, ...freshFactorErrors],
  },
  async ({ ctx, body }) => changedProfileToWire(await changeOwnProfile(ctx, toProfileChange(body))),
)

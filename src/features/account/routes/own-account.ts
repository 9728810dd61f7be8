import * as z from 'zod'
import type { ActorCtx } from '../../../context.ts'
import { ok } from '../../../http/answers.ts'
import { DoneAndEnded, endedToWire } from '../../../http/done.ts'
import { confirmedUser, self, user } from '../../../http/guard.ts'
import { UuidParam } from '../../../http/input.ts'
import { createRoutes } from '../../../http/router.ts'
import { conflict, forbidden, notFound, serviceUnavailable, ssoRequired } from '../../../lib/errors.ts'
import { weakPassword } from '../../factors/password/service/strength.ts'
import { freshFactorErrors } from '../../sign-in/service/step-up.ts'
import { listActivity, listAlerts } from '../service/activity.ts'
import { changeOwnProfile, changePassword } from '../service/own-account.ts'
import { ActivityList, ActivityQuery, AlertList, activityListToWire, alertsToWire } from '../wire/activity.ts'
import {
  ChangedProfile,
  ChangePasswordBody,
  changedProfileToWire,
  GatewayChangePasswordBody,
  isMoreThanCredentials,
  ProfileBody,
  toPasswordChange,
  toProfileChange,
} from '../wire/own-account.ts'

export const ownAccountRoutes = createRoutes({ prefix: '/api/v1', tag: 'account' })

/** The message that gateway-auth answers. */
const CHANGED = 'Password changed successfully'

const changeSpec = {
  summary: "Change the caller's password and end the other sessions; requires the second factor if there is one",
  guard: confirmedUser,
  body: ChangePasswordBody,
  answer: ok(DoneAndEnded, 'The password is changed'),
  errors: [weakPassword, ...freshFactorErrors],
}

const change = async ({ ctx, body }: { ctx: ActorCtx; body: z.output<typeof ChangePasswordBody> }) =>
  endedToWire(CHANGED, await changePassword(ctx, toPasswordChange(body)))

ownAccountRoutes.post('/auth/password/change', { ...changeSpec, id: 'changePassword' }, change)

ownAccountRoutes.put(
  '/auth/password/change',
  { id: 'setPassword', instead: 'changePassword', ...changeSpec, hidden: true },
  change,
)

ownAccountRoutes.put(
  '/auth/change-password',
  { id: 'updatePassword', instead: 'changePassword', ...changeSpec, body: GatewayChangePasswordBody, invalidIs: 400 },
  change,
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
  change,
)

ownAccountRoutes.patch(
  '/auth/profile',
  {
    id: 'changeProfile',
    instead: 'updateOwnUser',
    summary: "Change the caller's profile; a new address takes effect once its link is used",
    isWrite: isMoreThanCredentials,
    guard: confirmedUser,
    body: ProfileBody,
    answer: ok(ChangedProfile, 'The user, and the pending address'),
    errors: [conflict, notFound, ssoRequired, ...freshFactorErrors],
  },
  async ({ ctx, body }) => changedProfileToWire(await changeOwnProfile(ctx, toProfileChange(body))),
)

export const activityRoutes = createRoutes({ prefix: '/api/v1', tag: 'account safety' })

activityRoutes.get(
  '/sessions/security/alerts',
  {
    id: 'listSecurityAlerts',
    summary: "Security alerts about the caller's account in the last 30 days, newest first",
    guard: user,
    answer: ok(AlertList, 'The alerts'),
    errors: [serviceUnavailable],
  },
  async ({ ctx }) => alertsToWire(await listAlerts(ctx)),
)

activityRoutes.get(
  '/sessions/activity/recent',
  {
    id: 'listRecentActivity',
    summary: "The latest activity of each of the caller's sessions, newest first",
    guard: user,
    query: ActivityQuery,
    answer: ok(ActivityList, 'The activities'),
    errors: [serviceUnavailable],
  },
  async ({ ctx, query }) => activityListToWire(await listActivity(ctx, query)),
)

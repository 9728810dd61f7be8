import { ok } from '../../../http/answers.ts'
import { user } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { serviceUnavailable } from '../../../lib/errors.ts'
import { listActivity, listAlerts } from '../service/activity.ts'
import { ActivityList, ActivityQuery, AlertList, activityListToWire, alertsToWire } from '../wire/activity.ts'
export const activityRoutes = createRoutes({ prefix: '/api/v1', tag: 'account safety' })

activityRoutes.get(
  '/sessions/security/alerts',
  {
    id: 'listSecurityAlerts',
    summary: 'What the caller should know of their account: the last 30 days, newest first',
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
    summary: "The last that is known of each of the caller's sessions, newest first",
    guard: user,
    query: ActivityQuery,
    answer: ok(ActivityList, 'The activities'),
    errors: [serviceUnavailable],
  },
  async ({ ctx, query }) => activityListToWire(await listActivity(ctx, query)),
)

import { actorOf } from '../../../context.ts'
import { ok } from '../../../http/answers.ts'
import { admin } from '../../../http/guard.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { malformedRequest, notFound, serviceUnavailable, validationFailed } from '../../../lib/errors.ts'
import { readMaintenance, setMaintenance } from '../../maintenance/service.ts'
import { listActivity } from '../service/activity.ts'
import { revokeAllSessions } from '../service/states.ts'
import { readStats } from '../service/stats.ts'
import { checkSystem, clearCaches } from '../service/system.ts'
import { UserRefInput } from '../wire/parameters.ts'
import {
  ActivityAnswer,
  ActivityQuery,
  CacheClearedAnswer,
  cacheClearedToWire,
  MaintenanceAnswer,
  MaintenanceInput,
  maintenanceToWire,
  RevokedManyAnswer,
  revokedManyToWire,
  StatsAnswer,
  SystemConfigAnswer,
  SystemHealthAnswer,
  statsToWire,
  systemConfigToWire,
  systemHealthToWire,
  toActivityQuery,
} from '../wire/system.ts'

export const adminSystemRoutes = createRoutes({ prefix: '/api/v1/admin', tag: 'admin' })

adminSystemRoutes.get(
  '/stats',
  {
    id: 'getStats',
    summary: 'Counts of the whole deployment',
    guard: admin,
    answer: ok(StatsAnswer, 'Twelve counts'),
  },
  async ({ ctx }) => statsToWire(await readStats(ctx)),
)

adminSystemRoutes.get(
  '/health',
  {
    id: 'getSystemHealth',
    summary: 'What each part of the service answers now',
    guard: admin,
    answer: ok(SystemHealthAnswer, 'Also when a part does not answer'),
  },
  async ({ ctx }) => systemHealthToWire(await checkSystem(ctx), ctx.config),
)

adminSystemRoutes.get(
  '/config',
  {
    id: 'getSystemConfig',
    summary: 'How this deployment is set up, without secrets',
    guard: admin,
    answer: ok(SystemConfigAnswer, 'Features and limits'),
  },
  async ({ ctx }) => systemConfigToWire(ctx.config, await readMaintenance(ctx)),
)

adminSystemRoutes.get(
  '/activity-logs',
  {
    id: 'listActivity',
    summary: 'The event record, newest first',
    guard: admin,
    query: ActivityQuery,
    answer: ok(ActivityAnswer, 'A page of entries'),
    errors: [validationFailed, notFound],
  },
  ({ ctx, query }) => listActivity(ctx, toActivityQuery(query)),
)

adminSystemRoutes.post(
  '/cache/clear',
  {
    id: 'clearCaches',
    summary: 'Clear what the isolate that answers remembers and can find again',
    isWrite: everyCall,
    guard: admin,
    answer: ok(CacheClearedAnswer, 'What was cleared, and how much'),
    errors: [serviceUnavailable],
  },
  async ({ ctx }) => cacheClearedToWire(await clearCaches(ctx)),
)

adminSystemRoutes.post(
  '/sessions/revoke-all',
  {
    id: 'revokeAllSessions',
    summary: 'End all sessions of a user',
    guard: admin,
    body: UserRefInput.body,
    query: UserRefInput.query,
    answer: ok(RevokedManyAnswer, 'How many were ended'),
    errors: [notFound, serviceUnavailable],
  },
  async ({ ctx, body, query }) => {
    const { user_id: ref } = UserRefInput.merge(body, query)
    if (ref === undefined) throw malformedRequest('user_id is required', { field: 'user_id' })
    return revokedManyToWire(await revokeAllSessions(ctx, ref))
  },
)

adminSystemRoutes.post(
  '/maintenance-mode',
  {
    id: 'setMaintenanceMode',
    summary: 'Close sign-ups and sign-ins to all but admins, or open them again; sessions go on',
    isWrite: everyCall,
    guard: admin,
    body: MaintenanceInput.body,
    query: MaintenanceInput.query,
    answer: ok(MaintenanceAnswer, 'How it stands; every isolate has it within 3 seconds'),
  },
  async ({ ctx, body, query }) => {
    const { enabled, message = null } = MaintenanceInput.merge(body, query)
    if (enabled === undefined) throw malformedRequest('enabled is required', { field: 'enabled' })
    const state = { enabled, message }
    await setMaintenance(ctx, state, actorOf(ctx))
    return maintenanceToWire(state)
  },
)

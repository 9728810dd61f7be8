import { actorOf } from '../../../context.ts'
import { ok } from '../../../http/answers.ts'
import { admin } from '../../../http/guard.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { malformedRequest, notFound, serviceUnavailable } from '../../../lib/errors.ts'
import { readMaintenance, setMaintenance } from '../../maintenance/service.ts'
import { RevokedManyAnswer, revokedManyToWire } from '../../sessions/wire.ts'
import { revokeAllSessions } from '../service/states.ts'
import { checkSystem, clearCaches, listRootKeys, readStats } from '../service/system.ts'
import {
  CacheClearedAnswer,
  cacheClearedToWire,
  MaintenanceAnswer,
  MaintenanceInput,
  maintenanceToWire,
  StatsAnswer,
  SystemConfigAnswer,
  SystemHealthAnswer,
  statsToWire,
  systemConfigToWire,
  systemHealthToWire,
} from '../wire/system.ts'
import { UserRefInput } from '../wire/users.ts'

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
    summary: 'The present state of each part of the service',
    guard: admin,
    answer: ok(SystemHealthAnswer, 'The state of each part; 200 also when a part does not answer'),
  },
  async ({ ctx }) => systemHealthToWire(await checkSystem(ctx), ctx.config),
)

adminSystemRoutes.get(
  '/config',
  {
    id: 'getSystemConfig',
    summary: 'The settings of this deployment, without secrets, and what is sealed under which root key',
    guard: admin,
    answer: ok(SystemConfigAnswer, 'Features, limits and root keys'),
  },
  async ({ ctx }) => systemConfigToWire(ctx.config, await readMaintenance(ctx), await listRootKeys(ctx)),
)

adminSystemRoutes.post(
  '/cache/clear',
  {
    id: 'clearCaches',
    summary: 'Clear the caches of the isolate that answers',
    isWrite: everyCall,
    guard: admin,
    answer: ok(CacheClearedAnswer, 'The number of entries that were cleared in each cache'),
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
    answer: ok(RevokedManyAnswer, 'The number of sessions that ended'),
    errors: [notFound, serviceUnavailable],
  },
  async ({ ctx, body, query }) => {
    const { user_id: ref, reason } = UserRefInput.merge(body, query)
    if (ref === undefined) throw malformedRequest('user_id is required', { field: 'user_id' })
    return revokedManyToWire(await revokeAllSessions(ctx, ref, reason || null))
  },
)

adminSystemRoutes.post(
  '/maintenance-mode',
  {
    id: 'setMaintenanceMode',
    summary: 'Restrict sign-up and sign-in to admins, or end the restriction; sessions continue',
    isWrite: everyCall,
    guard: admin,
    body: MaintenanceInput.body,
    query: MaintenanceInput.query,
    answer: ok(MaintenanceAnswer, 'The new state, which takes effect in every isolate within 3 seconds'),
  },
  async ({ ctx, body, query }) => {
    const { enabled, message = null } = MaintenanceInput.merge(body, query)
    if (enabled === undefined) throw malformedRequest('enabled is required', { field: 'enabled' })
    const state = { enabled, message }
    await setMaintenance(ctx, state, actorOf(ctx))
    return maintenanceToWire(state)
  },
)

import { actorOf } from '../../../context.ts'
import { adminRoute } from '../../../http/guard.ts'
import { renderError } from '../../../http/render-error.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { malformedRequest, notFound, serviceUnavailable, validationFailed } from '../../../lib/errors.ts'
import { readMaintenance, setMaintenance } from '../../maintenance/service.ts'
import { listActivity } from '../service/activity.ts'
import { revokeAllSessions } from '../service/states.ts'
import { readStats } from '../service/stats.ts'
import { checkSystem, clearCaches } from '../service/system.ts'
import { UserRefBody, UserRefQuery } from '../wire/parameters.ts'
import {
  ActivityAnswer,
  ActivityQuery,
  activityToWire,
  CacheClearedAnswer,
  cacheClearedToWire,
  MaintenanceAnswer,
  MaintenanceBody,
  MaintenanceQuery,
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

export const adminSystemRoutes = createRoutes({ prefix: '/api/v1/admin', tag: 'admin', renderError })

adminSystemRoutes.get(
  '/stats',
  {
    summary: 'Counts of the whole deployment',
    guard: adminRoute,
    answers: { 200: { description: 'Twelve counts', schema: StatsAnswer } },
  },
  async ({ ctx }) => Response.json(statsToWire(await readStats(ctx))),
)

adminSystemRoutes.get(
  '/health',
  {
    summary: 'What each part of the service answers now',
    guard: adminRoute,
    answers: { 200: { description: 'Also when a part does not answer', schema: SystemHealthAnswer } },
  },
  async ({ ctx }) => Response.json(systemHealthToWire(await checkSystem(ctx), ctx.config)),
)

adminSystemRoutes.get(
  '/config',
  {
    summary: 'How this deployment is set up, without secrets',
    guard: adminRoute,
    answers: { 200: { description: 'Features and limits', schema: SystemConfigAnswer } },
  },
  async ({ ctx }) => Response.json(systemConfigToWire(ctx.config, await readMaintenance(ctx))),
)

adminSystemRoutes.get(
  '/activity-logs',
  {
    summary: 'The event record, newest first',
    guard: adminRoute,
    query: ActivityQuery,
    answers: { 200: { description: 'A page of entries', schema: ActivityAnswer } },
    errors: [validationFailed, notFound],
  },
  async ({ ctx, query }) => {
    const entries = await listActivity(ctx, toActivityQuery(query))
    return Response.json(entries.map(activityToWire))
  },
)

adminSystemRoutes.post(
  '/cache/clear',
  {
    summary: 'Clear what the isolate that answers remembers and can find again',
    isWrite: everyCall,
    guard: adminRoute,
    answers: { 200: { description: 'What was cleared, and how much', schema: CacheClearedAnswer } },
    errors: [serviceUnavailable],
  },
  async ({ ctx }) => Response.json(cacheClearedToWire(await clearCaches(ctx))),
)

adminSystemRoutes.post(
  '/sessions/revoke-all',
  {
    summary: 'End all sessions of a user',
    guard: adminRoute,
    body: UserRefBody,
    query: UserRefQuery,
    answers: { 200: { description: 'How many were ended', schema: RevokedManyAnswer } },
    errors: [notFound, serviceUnavailable],
  },
  async ({ ctx, body, query }) => {
    const ref = body.user_id ?? query.user_id
    if (ref === undefined) throw malformedRequest('user_id is required', { field: 'user_id' })
    return Response.json(revokedManyToWire(await revokeAllSessions(ctx, ref)))
  },
)

adminSystemRoutes.post(
  '/maintenance-mode',
  {
    summary: 'Close sign-ups and sign-ins to all but admins, or open them again; sessions go on',
    isWrite: everyCall,
    guard: adminRoute,
    body: MaintenanceBody,
    query: MaintenanceQuery,
    answers: {
      200: { description: 'How it stands; every isolate has it within 3 seconds', schema: MaintenanceAnswer },
    },
  },
  async ({ ctx, body, query }) => {
    const enabled = body.enabled ?? query.enabled
    if (enabled === undefined) throw malformedRequest('enabled is required', { field: 'enabled' })
    const state = { enabled, message: body.message ?? query.message ?? null }
    await setMaintenance(ctx, state, actorOf(ctx))
    return Response.json(maintenanceToWire(state))
  },
)

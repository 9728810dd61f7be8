import type { z } from 'zod'
import type { Ctx } from '../../context.ts'
import { adminRoute, publicRoute } from '../../http/guard.ts'
import { renderError } from '../../http/render-error.ts'
import { createRoutes } from '../../http/router.ts'
import { toIso } from '../../lib/time.ts'
import { isHealthy } from './rules.ts'
import { checkHealth } from './service.ts'
import type { HealthReport } from './types.ts'
import {
  DetailedHealthAnswer,
  detailedHealthToWire,
  HealthAnswer,
  healthToWire,
  LivenessAnswer,
  ReadinessAnswer,
  readinessToWire,
  ServiceHealthAnswer,
  StoreReadinessAnswer,
  serviceHealthToWire,
  storeReadinessToWire,
  TimedLivenessAnswer,
  TimedReadinessAnswer,
  timedReadinessToWire,
} from './wire.ts'

export const healthRoutes = createRoutes({ prefix: '', tag: 'health', renderError })

const asks = (schema: z.ZodType) => ({
  200: { description: 'Every store answers', schema },
  503: { description: 'A store does not answer', schema },
})

async function report<T>(ctx: Ctx, toWire: (report: HealthReport) => T): Promise<Response> {
  const health = await checkHealth(ctx)
  return Response.json(toWire(health), { status: isHealthy(health) ? 200 : 503 })
}

healthRoutes.get(
  ['/health', '/api/status'],
  { summary: 'Whether the service works', guard: publicRoute, answers: asks(HealthAnswer), unlimited: true },
  ({ ctx }) => report(ctx, (health) => healthToWire(health, ctx.config)),
)

healthRoutes.get(
  '/readiness',
  { summary: 'Readiness probe', guard: publicRoute, answers: asks(ReadinessAnswer), unlimited: true },
  ({ ctx }) => report(ctx, readinessToWire),
)

healthRoutes.get(
  '/liveness',
  {
    summary: 'Liveness probe; it asks no store',
    guard: publicRoute,
    answers: { 200: { description: 'The service runs', schema: LivenessAnswer } },
    unlimited: true,
  },
  () => Response.json({ status: 'alive' }),
)

healthRoutes.get(
  '/ready',
  { summary: 'Readiness, by store', guard: publicRoute, answers: asks(StoreReadinessAnswer), unlimited: true },
  ({ ctx }) => report(ctx, storeReadinessToWire),
)

healthRoutes.get(
  '/api/v1/health',
  { summary: 'Health of the API', guard: publicRoute, answers: asks(ServiceHealthAnswer), unlimited: true },
  ({ ctx }) => report(ctx, serviceHealthToWire),
)

healthRoutes.get(
  '/api/v1/health/detailed',
  {
    summary: 'What each store answered, and how fast',
    guard: adminRoute,
    answers: asks(DetailedHealthAnswer),
    unlimited: true,
  },
  ({ ctx }) => report(ctx, detailedHealthToWire),
)

healthRoutes.get(
  '/api/v1/health/ready',
  { summary: 'Readiness probe of the API', guard: publicRoute, answers: asks(TimedReadinessAnswer), unlimited: true },
  ({ ctx }) => report(ctx, timedReadinessToWire),
)

healthRoutes.get(
  '/api/v1/health/live',
  {
    summary: 'Liveness probe of the API; it asks no store',
    guard: publicRoute,
    answers: { 200: { description: 'The service runs', schema: TimedLivenessAnswer } },
    unlimited: true,
  },
  ({ ctx }) => Response.json({ status: 'alive', timestamp: toIso(ctx.now()) }),
)

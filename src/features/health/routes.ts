import type { z } from 'zod'
import type { Ctx } from '../../context.ts'
import { answer, ok, reply } from '../../http/answers.ts'
import { admin, anyone } from '../../http/guard.ts'
import { createRoutes } from '../../http/router.ts'
import { toIso } from '../../lib/time.ts'
import { findTransport } from '../mail/service/transport.ts'
import { checkHealth, type HealthReport, isHealthy } from './service.ts'
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

export const healthRoutes = createRoutes({ prefix: '', tag: 'health' })

const reportAnswers = <S extends z.ZodType>(schema: S) =>
  [ok(schema, 'Every store answers'), answer(503, schema, 'A store does not answer')] as const

async function report<T>(ctx: Ctx, toWire: (report: HealthReport) => T) {
  const health = await checkHealth(ctx)
  return reply(isHealthy(health) ? 200 : 503, toWire(health))
}

healthRoutes.get(
  '/health',
  {
    id: 'getHealth',
    aliases: [{ path: '/api/status', id: 'getStatus' }],
    summary: 'Whether the service works',
    guard: anyone,
    answer: reportAnswers(HealthAnswer),
    unlimited: true,
  },
  ({ ctx }) => report(ctx, (health) => healthToWire(health, ctx.config)),
)

healthRoutes.get(
  '/readiness',
  {
    id: 'getReadiness',
    summary: 'Readiness probe',
    guard: anyone,
    answer: reportAnswers(ReadinessAnswer),
    unlimited: true,
  },
  ({ ctx }) => report(ctx, readinessToWire),
)

healthRoutes.get(
  '/liveness',
  {
    id: 'getLiveness',
    summary: 'Liveness probe, without a check of the stores',
    guard: anyone,
    answer: ok(LivenessAnswer, 'The service runs'),
    unlimited: true,
  },
  () => ({ status: 'alive' as const }),
)

healthRoutes.get(
  '/ready',
  {
    id: 'getStoreReadiness',
    summary: 'Readiness probe, with the state of database and KV, and what is not usable',
    guard: anyone,
    answer: reportAnswers(StoreReadinessAnswer),
    unlimited: true,
  },
  ({ ctx }) => report(ctx, (health) => storeReadinessToWire(health, !('missing' in findTransport(ctx)))),
)

healthRoutes.get(
  '/api/v1/health',
  {
    id: 'getServiceHealth',
    summary: 'Health of the API',
    guard: anyone,
    answer: reportAnswers(ServiceHealthAnswer),
    unlimited: true,
  },
  ({ ctx }) => report(ctx, serviceHealthToWire),
)

healthRoutes.get(
  '/api/v1/health/detailed',
  {
    id: 'getDetailedHealth',
    summary: 'The state and response time of each store',
    guard: admin,
    answer: reportAnswers(DetailedHealthAnswer),
    unlimited: true,
  },
  ({ ctx }) => report(ctx, detailedHealthToWire),
)

healthRoutes.get(
  '/api/v1/health/ready',
  {
    id: 'getTimedReadiness',
    summary: 'Readiness probe of the API',
    guard: anyone,
    answer: reportAnswers(TimedReadinessAnswer),
    unlimited: true,
  },
  ({ ctx }) => report(ctx, timedReadinessToWire),
)

healthRoutes.get(
  '/api/v1/health/live',
  {
    id: 'getTimedLiveness',
    summary: 'Liveness probe of the API, without a check of the stores',
    guard: anyone,
    answer: ok(TimedLivenessAnswer, 'The service runs'),
    unlimited: true,
  },
  ({ ctx }) => ({ status: 'alive' as const, timestamp: toIso(ctx.now()) }),
)

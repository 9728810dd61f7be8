import * as z from 'zod'
import type { Config } from '../../config.ts'
import { toIso } from '../../lib/time.ts'
import { VERSION } from '../../lib/version.ts'
import { type Check, type HealthReport, isHealthy, overallOf, STORES, type StoreName } from './service.ts'

/** The name that clients of this path expect. */
const SERVICE = 'janua-api'

/** KV has the name that clients expect. */
const nameOnWire = (store: StoreName) => (store === 'kv' ? 'redis' : store)

export const HealthAnswer = z.object({
  status: z.enum(['healthy', 'unhealthy']),
  version: z.string(),
  environment: z.string(),
})

export const ReadinessAnswer = z.object({ status: z.enum(['ready', 'unavailable']) })
export const LivenessAnswer = z.object({ status: z.literal('alive') })
export const TimedReadinessAnswer = ReadinessAnswer.extend({ timestamp: z.iso.datetime() })
export const TimedLivenessAnswer = LivenessAnswer.extend({ timestamp: z.iso.datetime() })

export const StoreReadinessAnswer = ReadinessAnswer.extend({
  database: z.object({ healthy: z.boolean() }),
  /** The state of KV, under the name that clients expect. */
  redis: z.boolean(),
  unusable: z.array(z.enum([...STORES.map(nameOnWire), 'mail'])).meta({
    description: 'What does not work: stores that do not answer, and `mail` where its settings are incomplete',
  }),
})

export const ServiceHealthAnswer = z.object({
  status: z.enum(['healthy', 'unhealthy']),
  database: z.enum(['healthy', 'unhealthy']),
  timestamp: z.iso.datetime(),
  service: z.string(),
  version: z.string(),
})

const CheckAnswer = z.object({
  status: z.enum(['healthy', 'unhealthy', 'error']),
  duration_ms: z.number(),
  critical: z.boolean(),
})

export const DetailedHealthAnswer = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  timestamp: z.iso.datetime(),
  checks: z.record(z.string(), CheckAnswer),
})

const statusOfCheck = { healthy: 'healthy', silent: 'unhealthy', failed: 'error' } as const

const checkToWire = ({ condition, durationMs, isCritical }: Check) => ({
  status: statusOfCheck[condition],
  duration_ms: durationMs,
  critical: isCritical,
})

export const healthToWire = (report: HealthReport, config: Pick<Config, 'MODE'>): z.input<typeof HealthAnswer> => ({
  status: isHealthy(report) ? 'healthy' : 'unhealthy',
  version: VERSION,
  environment: config.MODE,
})

export const readinessToWire = (report: HealthReport): z.input<typeof ReadinessAnswer> => ({
  status: isHealthy(report) ? 'ready' : 'unavailable',
})

export const timedReadinessToWire = (report: HealthReport): z.input<typeof TimedReadinessAnswer> => ({
  ...readinessToWire(report),
  timestamp: toIso(report.at),
})

export const storeReadinessToWire = (
  report: HealthReport,
  canSendMail: boolean,
): z.input<typeof StoreReadinessAnswer> => ({
  ...readinessToWire(report),
  database: { healthy: report.checks.database.condition === 'healthy' },
  redis: report.checks.kv.condition === 'healthy',
  unusable: [
    ...STORES.filter((name) => report.checks[name].condition !== 'healthy').map(nameOnWire),
    ...(canSendMail ? [] : (['mail'] as const)),
  ],
})

export const serviceHealthToWire = (report: HealthReport): z.input<typeof ServiceHealthAnswer> => ({
  status: isHealthy(report) ? 'healthy' : 'unhealthy',
  database: report.checks.database.condition === 'healthy' ? 'healthy' : 'unhealthy',
  timestamp: toIso(report.at),
  service: SERVICE,
  version: VERSION,
})

export const detailedHealthToWire = (report: HealthReport): z.input<typeof DetailedHealthAnswer> => ({
  status: overallOf(report),
  timestamp: toIso(report.at),
  checks: Object.fromEntries(STORES.map((name) => [nameOnWire(name), checkToWire(report.checks[name])])),
})

import { type HealthReport, STORES } from './types.ts'

export const isHealthy = ({ checks }: HealthReport): boolean =>
  STORES.every((name) => checks[name].condition === 'healthy')

/** `degraded` is a failure that does not keep anybody from being served. */
export function overallOf({ checks }: HealthReport): 'healthy' | 'degraded' | 'unhealthy' {
  const failing = STORES.map((name) => checks[name]).filter(({ condition }) => condition !== 'healthy')
  if (failing.length === 0) return 'healthy'
  return failing.some(({ isCritical }) => isCritical) ? 'unhealthy' : 'degraded'
}

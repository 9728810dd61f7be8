import type { Ctx } from '../../context.ts'
import { isolateSlot } from '../../lib/isolate.ts'
import { SECOND, TimeoutError, within } from '../../lib/time.ts'
import { probes } from './store.ts'

/** `failed`: the store answered with an error. `silent`: it did not answer in time. */
export type Condition = 'healthy' | 'failed' | 'silent'

export interface Check {
  readonly condition: Condition
  readonly durationMs: number
  /** The service does not work without it. */
  readonly isCritical: boolean
}

export const STORES = ['database', 'kv', 'user_authority', 'sign_in_guard', 'revocation_feed', 'event_hub'] as const

export type StoreName = (typeof STORES)[number]

/** The state of every store at one time. */
export interface HealthReport {
  readonly at: number
  readonly checks: Readonly<Record<StoreName, Check>>
}

export const isHealthy = ({ checks }: HealthReport): boolean =>
  STORES.every((name) => checks[name].condition === 'healthy')

/** `degraded`: only stores fail without which the service still works. */
export function overallOf({ checks }: HealthReport): 'healthy' | 'degraded' | 'unhealthy' {
  const failing = STORES.map((name) => checks[name]).filter(({ condition }) => condition !== 'healthy')
  if (failing.length === 0) return 'healthy'
  return failing.some(({ isCritical }) => isCritical) ? 'unhealthy' : 'degraded'
}

const PROBE_LIMIT = SECOND
/** Health probes have no rate limit, so a report is reused for this long. */
const REPORT_LIFETIME = SECOND

const lastReport = isolateSlot<{ report: HealthReport | null }>('health report', () => ({ report: null }))

/** Drops the cached report, so that the next probe asks the stores. Returns how many reports there were: one or none. */
export function forgetReport(ctx: Pick<Ctx, 'isolate'>): number {
  const memory = lastReport(ctx)
  const known = memory.report === null ? 0 : 1
  memory.report = null
  return known
}

/** Probes all stores in parallel, at most a second each. */
export async function checkHealth(ctx: Ctx): Promise<HealthReport> {
  const memory = lastReport(ctx)
  const at = ctx.now()
  if (memory.report && Math.abs(at - memory.report.at) < REPORT_LIFETIME) return memory.report
  const entries = await Promise.all(STORES.map(async (name) => [name, await checkStore(ctx, name)] as const))
  const report: HealthReport = { at, checks: Object.fromEntries(entries) as Record<StoreName, Check> }
  memory.report = report
  return report
}

async function checkStore(ctx: Ctx, name: StoreName): Promise<Check> {
  const started = ctx.now()
  const finished = (condition: Check['condition']): Check => ({
    condition,
    durationMs: ctx.now() - started,
    // No decision depends on KV: without it answers are slower, not wrong.
    isCritical: name !== 'kv',
  })
  try {
    await within(PROBE_LIMIT, probes[name](ctx))
    return finished('healthy')
  } catch (cause) {
    ctx.log.error('store_unhealthy', cause, { store: name })
    return finished(cause instanceof TimeoutError ? 'silent' : 'failed')
  }
}

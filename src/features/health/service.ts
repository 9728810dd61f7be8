import type { Ctx } from '../../context.ts'
import { isolateSlot } from '../../lib/isolate.ts'
import { SECOND, TimeoutError, within } from '../../lib/time.ts'
import { probes } from './store.ts'

/** `failed` answered with an error, `silent` did not answer in time. */
export type Condition = 'healthy' | 'failed' | 'silent'

export interface Check {
  readonly condition: Condition
  readonly durationMs: number
  /** Nobody can be served without it. */
  readonly isCritical: boolean
}

export const STORES = ['database', 'kv', 'user_authority', 'sign_in_guard', 'revocation_feed', 'event_hub'] as const

export type StoreName = (typeof STORES)[number]

/** What every store answered, at one moment. */
export interface HealthReport {
  readonly at: number
  readonly checks: Readonly<Record<StoreName, Check>>
}

export const isHealthy = ({ checks }: HealthReport): boolean =>
  STORES.every((name) => checks[name].condition === 'healthy')

/** `degraded` is a failure that does not keep anybody from being served. */
export function overallOf({ checks }: HealthReport): 'healthy' | 'degraded' | 'unhealthy' {
  const failing = STORES.map((name) => checks[name]).filter(({ condition }) => condition !== 'healthy')
  if (failing.length === 0) return 'healthy'
  return failing.some(({ isCritical }) => isCritical) ? 'unhealthy' : 'degraded'
}

const PROBE_LIMIT = SECOND
/** Probes stand outside the rate limits; however often they are asked, stores are asked once in this time. */
const REPORT_LIFETIME = SECOND

const lastReport = isolateSlot<{ report: HealthReport | null }>('health report', () => ({ report: null }))

/** The next question is asked of the stores themselves. Returns how many reports were known: one or none. */
export function forgetReport(ctx: Pick<Ctx, 'isolate'>): number {
  const memory = lastReport(ctx)
  const known = memory.report === null ? 0 : 1
  memory.report = null
  return known
}

/** Asks every store, all at once, at most a second each. */
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
    // KV is a hint for every decision: without it answers are slower, not wrong.
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

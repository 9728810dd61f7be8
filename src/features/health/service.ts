import type { Ctx } from '../../context.ts'
import { isolateSlot } from '../../lib/isolate.ts'
import { SECOND, TimeoutError, within } from '../../lib/time.ts'
import { probes } from './store.ts'
import { type Check, type HealthReport, STORES, type StoreName } from './types.ts'

export { isHealthy, overallOf } from './rules.ts'

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

import { type AdminCtx, actorOf, type Ctx } from '../../../context.ts'
import { record } from '../../../db/commit.ts'
import { SECOND } from '../../../lib/time.ts'
import { type Check, checkHealth, forgetReport, overallOf } from '../../health/service.ts'
import { renewKnownKeys } from '../../keys/service/tokens.ts'
import { checkMail } from '../../mail/service/mails.ts'
import { forgetVerifiedTokens } from '../../validation/service.ts'
import type { SystemHealth } from '../types.ts'

/**
 * Clears what this isolate remembers and can find again, with `admin.cache_cleared`: other isolates keep theirs. Never
 * what a decision needs: the revocation view, rate and attempt counts, sessions. KV holds no cache at all.
 */
export async function clearCaches(ctx: AdminCtx): Promise<Record<string, number>> {
  const caches = {
    verified_tokens: forgetVerifiedTokens(ctx),
    signing_keys: await renewKnownKeys(ctx),
    health_report: forgetReport(ctx),
  }
  await record(ctx, {
    type: 'admin.cache_cleared',
    subject: 'postern',
    userId: null,
    actor: actorOf(ctx),
    data: { caches },
  })
  return caches
}

const conditionOf = (...checks: readonly Check[]): 'healthy' | 'unhealthy' =>
  checks.every(({ condition }) => condition === 'healthy') ? 'healthy' : 'unhealthy'

/** Asks every store now; `storage` stands for all objects. */
export async function checkSystem(ctx: Ctx): Promise<SystemHealth> {
  const report = await checkHealth(ctx)
  const { database, kv, ...objects } = report.checks
  const isDatabaseUp = database.condition === 'healthy'
  const email = isDatabaseUp ? await checkMail(ctx) : 'degraded'
  const overall = overallOf(report)
  return {
    status: overall === 'healthy' && email === 'degraded' ? 'degraded' : overall,
    database: conditionOf(database),
    cache: conditionOf(kv),
    storage: conditionOf(...Object.values(objects)),
    email,
    uptime: Math.max(0, Math.floor((ctx.now() - ctx.isolate.startedAt(ctx.now())) / SECOND)),
  }
}

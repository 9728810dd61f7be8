import { type AdminCtx, actorOf, type Ctx } from '../../../context.ts'
import { record } from '../../../db/commit.ts'
import { DAY, HOUR, SECOND } from '../../../lib/time.ts'
import { type Check, checkHealth, forgetReport, overallOf } from '../../health/service.ts'
import { renewKnownKeys } from '../../keys/service/tokens.ts'
import { checkMail } from '../../mail/service/mails.ts'
import { forgetVerifiedTokens } from '../../validation/service.ts'
import { selectSeals, selectStats } from '../store.ts'
import type { RootKeyUse, Stats, SystemHealth } from '../types.ts'

/**
 * Clears the caches of this isolate, with `admin.cache_cleared`; other isolates keep theirs. State on which decisions depend
 * stays: the revocation view, rate and attempt counts, sessions. KV contains no cache.
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

/** Checks every store now; `storage` is all Durable Objects. */
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

/** How far cron has sealed anew what an earlier ROOT_SECRET sealed: the current root key first, then every other that is in use. */
export async function listRootKeys(ctx: Pick<Ctx, 'db' | 'config'>): Promise<RootKeyUse[]> {
  const { current, all } = ctx.config.rootKeys
  const { keys, factors, waiting, webhooks, connections } = await selectSeals(ctx)
  const known = all.map(({ id }) => id)
  const ids = new Set([
    ...known,
    ...[...keys, ...factors, ...waiting, ...webhooks, ...connections].map(({ root }) => root),
  ])
  const countOf = (rows: readonly { root: string; count: number }[], id: string): number =>
    rows.filter(({ root }) => root === id).reduce((sum, { count }) => sum + count, 0)
  return [...ids].map((id) => ({
    id,
    state: id === current.id ? 'current' : known.includes(id) ? 'previous' : 'unknown',
    signingKeys: countOf(keys, id),
    totpSecrets: countOf(factors, id),
    mails: countOf(waiting, id),
    webhooks: countOf(webhooks, id),
    connections: countOf(connections, id),
  }))
}

const HOURS_OF_DAY = 24

/** The names of the counts of the current hour and the 23 before it. */
const hoursOf = (now: number): string[] =>
  Array.from({ length: HOURS_OF_DAY }, (_, back) => `sessions.opened@${Math.floor(now / HOUR) - back}`)

/**
 * Counts of the whole deployment. Triggers maintain them, so the cost does not depend on its size. `users` includes deleted
 * users who are not erased yet, `suspendedUsers` those locked by an admin. Sessions are counted by the event record, which
 * lags by seconds. `sessionsLastDay` covers between 23 and 24 hours.
 */
export async function readStats(ctx: Pick<Ctx, 'db' | 'now'>): Promise<Stats> {
  const hours = hoursOf(ctx.now())
  const names = ['sessions.opened', 'sessions.open', 'passkeys', 'identities', 'organizations', ...hours]
  const { kinds, counts, recent } = await selectStats(ctx, { names, since: ctx.now() - DAY })
  const usersWhere = (test: (kind: (typeof kinds)[number]) => boolean): number =>
    kinds.filter(test).reduce((sum, { count }) => sum + count, 0)
  const named = (name: string): number => Math.max(0, counts.get(name) ?? 0)
  return {
    users: usersWhere(() => true),
    activeUsers: usersWhere(({ status }) => status === 'active'),
    suspendedUsers: usersWhere(({ status }) => status === 'suspended' || status === 'locked'),
    deletedUsers: usersWhere(({ status }) => status === 'deleted'),
    usersWithSecondFactor: usersWhere(({ mfaEnabled }) => mfaEnabled),
    usersLastDay: recent,
    sessionsOpened: named('sessions.opened'),
    sessionsOpen: named('sessions.open'),
    sessionsLastDay: hours.reduce((sum, hour) => sum + named(hour), 0),
    passkeys: named('passkeys'),
    identities: named('identities'),
    organizations: named('organizations'),
  }
}

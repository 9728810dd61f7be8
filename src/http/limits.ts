import type { ActorCtx, ClientActor, Ctx, DirectoryActor, UserActor } from '../context.ts'
import { type BoundedCache, createBoundedCache } from '../lib/bounded-cache.ts'
import { rateLimited } from '../lib/errors.ts'
import { isolateSlot } from '../lib/isolate.ts'
import { rateSubjectOf } from '../lib/network.ts'
import { isAdmin } from '../lib/roles.ts'
import { HOUR, MINUTE, SECOND, toSeconds } from '../lib/time.ts'
import type { Caller } from './guard.ts'
import { advanceWindows, estimate, type RateWindows, retryAfter, startWindows, untilNextWindow } from './rate-window.ts'
import type { Limiter, WriteLimiter } from './router.ts'

/** Subjects that one isolate counts, about 200 bytes each. */
const MAX_SUBJECTS = 20_000
const LIST_EVERY = 10 * SECOND
/** KV accepts one write a second per key. */
const WRITE_EVERY = SECOND
/** A count is needed in its window and the next. KV refuses less than 60 seconds. */
const shareTtlSeconds = (length: number): number => (2 * length + MINUTE) / SECOND

interface Tier {
  /** `ip:<address or /64>`, `user:<id>`, `client:<id>` or `reader:<user's id>:<address>`; prefixed `hour:` or `writes:` for hourly tiers. */
  readonly subject: string
  readonly limit: number
  /** Milliseconds. */
  readonly length: number
  readonly isAnonymous: boolean
}

interface Counted extends RateWindows {
  /** The part of `own` that this isolate has written to KV. */
  written: number
  writtenAt: number
  listedAt: number
}

interface RateMemory {
  isolateId: string | null
  readonly subjects: BoundedCache<Counted>
}

const memoryOf = isolateSlot<RateMemory>('rate limits', () => ({
  isolateId: null,
  subjects: createBoundedCache(MAX_SUBJECTS),
}))

/** Admins and machines act for many users, so they may write more. */
const BULK_WRITE_FACTOR = 20

const isAdminUser = (actor: UserActor | ClientActor | DirectoryActor): boolean =>
  actor.type === 'user' && isAdmin(actor)

/** A bad credential counts as none: otherwise each made-up token would have a tier of its own. */
function tierOf(ctx: Ctx, identity: Caller): Tier {
  const { config } = ctx
  if (identity.state !== 'valid')
    return {
      subject: `ip:${rateSubjectOf(ctx.ip)}`,
      limit: config.RATE_LIMIT_ANONYMOUS,
      length: MINUTE,
      isAnonymous: true,
    }
  const { actor } = identity
  // An organization has one tier, whatever tokens its directory has.
  if (actor.type === 'directory')
    return {
      subject: `directory:${actor.organizationId}`,
      limit: config.RATE_LIMIT_ADMIN,
      length: MINUTE,
      isAnonymous: false,
    }
  const limit = isAdminUser(actor) ? config.RATE_LIMIT_ADMIN : config.RATE_LIMIT_AUTHENTICATED
  return { subject: `${actor.type}:${actor.id}`, limit, length: MINUTE, isAnonymous: false }
}

/**
 * Of a page's reader at one address: people in one office are many. The cookie of an ended session still says whose it was, so
 * it uses up nothing of the user's elsewhere.
 */
const readerTierOf = ({ config, ip }: Ctx, userId: string): Tier => ({
  subject: `reader:${userId}:${rateSubjectOf(ip)}`,
  limit: config.RATE_LIMIT_AUTHENTICATED,
  length: MINUTE,
  isAnonymous: false,
})

/** The hourly tier of requests for which a documented system has one. */
function hourOf({ config }: Ctx, { subject, isAnonymous }: Tier): Tier[] {
  if (isAnonymous) return []
  return [{ subject: `hour:${subject}`, limit: config.RATE_LIMIT_USERS_HOURLY, length: HOUR, isAnonymous }]
}

/** The hourly tier of calls that write events. */
function writesOf({ config }: Ctx, actor: UserActor | ClientActor): Tier {
  const factor = isAdminUser(actor) || actor.type === 'client' ? BULK_WRITE_FACTOR : 1
  const limit = config.RATE_LIMIT_WRITES_HOURLY * factor
  return { subject: `writes:${actor.type}:${actor.id}`, limit, length: HOUR, isAnonymous: false }
}

/** The state of one tier at a request. */
interface Standing {
  readonly limit: number
  readonly remaining: number
  readonly isFull: boolean
  /** Milliseconds until a request is admitted again, or until the window ends. */
  readonly wait: number
}

/** The tier that is used up sooner, or refuses for longer. */
function stricter(one: Standing, other: Standing): Standing {
  if (one.isFull !== other.isFull) return one.isFull ? one : other
  if (one.isFull) return one.wait >= other.wait ? one : other
  return one.remaining <= other.remaining ? one : other
}

/**
 * Counts a request against its tiers (decision 0060), by this isolate's own count and the last known counts of others. A
 * refused request is counted in no tier. KV is used only in the background, so its failure changes no answer.
 */
export const limitRequest: Limiter = async (c, identity, spec) => {
  const { ctx, answerHeaders } = c.var.state
  const reader = identity.state === 'anonymous' ? await spec?.countsBy?.(ctx, c.req.raw) : null
  const tier = reader ? readerTierOf(ctx, reader) : tierOf(ctx, identity)
  const now = ctx.now()
  const hourly = spec?.isHourly?.(c.req.raw) ? hourOf(ctx, tier) : []
  const standing = count(ctx, [tier, ...hourly], now).reduce(stricter)
  const isFull = standing.isFull || !(await isAdmittedByPlatform(ctx, tier))
  setRateHeaders(answerHeaders, { ...standing, isFull }, now)
  if (isFull) throw refusal(standing)
}

/** Counts a call that writes an event. Its tier appears in the headers only when it refuses. */
export const limitWrite: WriteLimiter = (c, identity) => {
  if (identity.state !== 'valid') return
  const { ctx, answerHeaders } = c.var.state
  const now = ctx.now()
  const standing = countWrite(ctx, identity.actor, now)
  if (!standing.isFull) return
  setRateHeaders(answerHeaders, standing, now)
  throw refusal(standing)
}

const countWrite = (ctx: Ctx, actor: UserActor | ClientActor, now: number): Standing =>
  count(ctx, [writesOf(ctx, actor)], now).reduce(stricter)

/** As `limitWrite`, for a page's form, whose cookie no guard of a route knows. Throws RATE_LIMIT_EXCEEDED. */
export function limitOwnWrite(ctx: ActorCtx): void {
  const standing = countWrite(ctx, ctx.actor, ctx.now())
  if (standing.isFull) throw refusal(standing)
}

function setRateHeaders(
  answerHeaders: Record<string, string>,
  { limit, remaining, isFull, wait }: Standing,
  now: number,
): void {
  answerHeaders['X-RateLimit-Limit'] = String(limit)
  answerHeaders['X-RateLimit-Remaining'] = String(isFull ? 0 : remaining)
  answerHeaders['X-RateLimit-Reset'] = String(toSeconds(now + wait + SECOND - 1))
}

const refusal = ({ wait, limit }: Standing) => rateLimited({ retry_after: Math.ceil(wait / SECOND), limit })

/** Counts in every tier, or in none when one is full. */
function count(ctx: Ctx, tiers: readonly Tier[], now: number): Standing[] {
  const counts = tiers.map((tier) => {
    const counted = countsOf(ctx, tier, now)
    return { tier, counted, isFull: estimate(counted, now) >= tier.limit }
  })
  const isRefused = counts.some(({ isFull }) => isFull)
  return counts.map(({ tier, counted, isFull }) => {
    if (!isRefused) counted.own += 1
    share(ctx, tier, counted, now)
    return {
      limit: tier.limit,
      remaining: Math.max(0, Math.floor(tier.limit - estimate(counted, now))),
      isFull,
      wait: isFull ? retryAfter(counted, tier.limit, now) : untilNextWindow(counted, now),
    }
  })
}

/** The subject's counts, in the present window. */
function countsOf(ctx: Ctx, { subject, length }: Tier, now: number): Counted {
  const { subjects } = memoryOf(ctx)
  const known = subjects.get(subject)
  const counted = known ?? { ...startWindows(now, length), written: 0, writtenAt: 0, listedAt: 0 }
  if (!known) subjects.set(subject, counted)
  if (advanceWindows(counted, now)) counted.written = 0
  return counted
}

/** The platform's rate limiter has one limit for all keys, so it is used only for anonymous callers. */
async function isAdmittedByPlatform(ctx: Ctx, tier: Tier): Promise<boolean> {
  if (!ctx.rateLimiter || !tier.isAnonymous) return true
  try {
    return (await ctx.rateLimiter.limit({ key: tier.subject })).success
  } catch (cause) {
    ctx.log.error('rate_limiter_failed', cause)
    return true
  }
}

/** From a tenth of the limit on: writes each further tenth to KV, and reads the counts of other isolates. */
function share(ctx: Ctx, tier: Tier, counted: Counted, now: number): void {
  const tenth = tier.limit / 10
  if (counted.own <= tenth) return
  const prefix = `limit:${tier.subject}:${counted.window}:`
  if (counted.own - counted.written > tenth && now - counted.writtenAt >= WRITE_EVERY) {
    counted.written = counted.own
    counted.writtenAt = now
    const metadata = { count: counted.own }
    ctx.defer(ctx.kv.put(prefix + isolateId(ctx), '', { expirationTtl: shareTtlSeconds(tier.length), metadata }))
  }
  if (now - counted.listedAt >= LIST_EVERY) {
    counted.listedAt = now
    ctx.defer(readOthers(ctx, prefix, counted))
  }
}

async function readOthers(ctx: Ctx, prefix: string, counted: Counted): Promise<void> {
  const { window } = counted
  const page = await ctx.kv.list<{ count?: unknown }>({ prefix })
  const counts = page.keys
    .filter(({ name }) => name !== prefix + isolateId(ctx))
    .map(({ metadata }) => (typeof metadata?.count === 'number' ? metadata.count : 0))
  // By the time of the answer the window may have changed; then the counts are outdated.
  if (counted.window === window) counted.others = counts.reduce((sum, count) => sum + count, 0)
}

function isolateId(ctx: Ctx): string {
  const memory = memoryOf(ctx)
  memory.isolateId ??= ctx.newId()
  return memory.isolateId
}

import type { Ctx } from '../context.ts'
import { rateLimited } from '../lib/errors.ts'
import { isolateSlot } from '../lib/isolate.ts'
import { rateSubjectOf } from '../lib/network.ts'
import { createRemembered, type Remembered } from '../lib/remembered.ts'
import { MINUTE, SECOND, toSeconds } from '../lib/time.ts'
import type { Identity } from './guard.ts'
import { estimate, type RateWindows, retryAfter, startWindows, turnWindows } from './rate-window.ts'
import type { Limiter } from './router.ts'

/** Subjects that one isolate remembers, about 200 bytes each. */
const MAX_SUBJECTS = 20_000
const LIST_EVERY = 10 * SECOND
/** KV takes one write a second for a key. */
const WRITE_EVERY = SECOND
/** A share counts in its window and, fading, in the next. KV refuses less than 60. */
const SHARE_TTL_SECONDS = 180

interface Tier {
  /** `ip:<address or /64>`, `user:<id>`, `client:<id>`. */
  readonly subject: string
  readonly limit: number
  readonly isAnonymous: boolean
}

interface Counted extends RateWindows {
  /** How much of its own count of the window this isolate has written to KV. */
  written: number
  writtenAt: number
  listedAt: number
}

interface RateMemory {
  isolateId: string | null
  readonly subjects: Remembered<Counted>
}

const memoryOf = isolateSlot<RateMemory>('rate limits', () => ({
  isolateId: null,
  subjects: createRemembered(MAX_SUBJECTS),
}))

/** A bad credential counts as none: else made-up tokens would each have a tier of their own. */
function tierOf(ctx: Ctx, identity: Identity): Tier {
  const { config } = ctx
  if (identity.state !== 'valid')
    return { subject: `ip:${rateSubjectOf(ctx.ip)}`, limit: config.RATE_LIMIT_ANONYMOUS, isAnonymous: true }
  const { actor } = identity
  const isAdmin = actor.type === 'user' && actor.roles.includes('admin')
  const limit = isAdmin ? config.RATE_LIMIT_ADMIN : config.RATE_LIMIT_AUTHENTICATED
  return { subject: `${actor.type}:${actor.id}`, limit, isAnonymous: false }
}

/**
 * Counts a request against its tier (decision 0060): on this isolate's own count and the others' as last seen.
 * What the count refuses is not counted. KV is only ever touched in the background, so its failure changes no answer.
 */
export const limitRequest: Limiter = async (c, identity) => {
  const { ctx, answerHeaders } = c.var.state
  const tier = tierOf(ctx, identity)
  const now = ctx.now()
  const counted = remember(ctx, tier.subject, now)
  const isFull = estimate(counted, now) >= tier.limit
  if (!isFull) counted.own += 1
  const isRefused = isFull || !(await isAdmittedByPlatform(ctx, tier))
  const wait = isFull ? retryAfter(counted, tier.limit, now) : (counted.window + 1) * MINUTE - now
  const remaining = isRefused ? 0 : Math.max(0, Math.floor(tier.limit - estimate(counted, now)))
  answerHeaders['X-RateLimit-Limit'] = String(tier.limit)
  answerHeaders['X-RateLimit-Remaining'] = String(remaining)
  answerHeaders['X-RateLimit-Reset'] = String(toSeconds(now + wait + SECOND - 1))
  share(ctx, tier, counted, now)
  if (isRefused) throw rateLimited({ retry_after: Math.ceil(wait / SECOND), limit: tier.limit })
}

/** The subject's count, turned to the present window. */
function remember(ctx: Ctx, subject: string, now: number): Counted {
  const { subjects } = memoryOf(ctx)
  const known = subjects.get(subject)
  const counted = known ?? { ...startWindows(now), written: 0, writtenAt: 0, listedAt: 0 }
  if (!known) subjects.set(subject, counted)
  if (turnWindows(counted, now)) counted.written = 0
  return counted
}

/** The platform's own limiter has one number for all keys, so it stands beside the tier of strangers alone. */
async function isAdmittedByPlatform(ctx: Ctx, tier: Tier): Promise<boolean> {
  if (!ctx.rateLimiter || !tier.isAnonymous) return true
  try {
    return (await ctx.rateLimiter.limit({ key: tier.subject })).success
  } catch (cause) {
    ctx.log.error('rate_limiter_failed', cause)
    return true
  }
}

/** Past a tenth of the limit: tells other isolates of each further tenth, and asks for theirs. */
function share(ctx: Ctx, tier: Tier, counted: Counted, now: number): void {
  const tenth = tier.limit / 10
  if (counted.own <= tenth) return
  const prefix = `limit:${tier.subject}:${counted.window}:`
  if (counted.own - counted.written > tenth && now - counted.writtenAt >= WRITE_EVERY) {
    counted.written = counted.own
    counted.writtenAt = now
    const metadata = { count: counted.own }
    ctx.defer(ctx.kv.put(prefix + isolateId(ctx), '', { expirationTtl: SHARE_TTL_SECONDS, metadata }))
  }
  if (now - counted.listedAt >= LIST_EVERY) {
    counted.listedAt = now
    ctx.defer(seeOthers(ctx, prefix, counted))
  }
}

async function seeOthers(ctx: Ctx, prefix: string, counted: Counted): Promise<void> {
  const { window } = counted
  const page = await ctx.kv.list<{ count?: unknown }>({ prefix })
  const counts = page.keys
    .filter(({ name }) => name !== prefix + isolateId(ctx))
    .map(({ metadata }) => (typeof metadata?.count === 'number' ? metadata.count : 0))
  // The answer may come after the window has turned; then it is about the past.
  if (counted.window === window) counted.others = counts.reduce((sum, count) => sum + count, 0)
}

function isolateId(ctx: Ctx): string {
  const memory = memoryOf(ctx)
  memory.isolateId ??= ctx.newId()
  return memory.isolateId
}

import type { EarlyCtx } from '../../context.ts'
import { advanceWindows, estimate, type RateWindows, retryAfter, startWindows } from '../../http/rate-window.ts'
import { createBoundedCache } from '../../lib/bounded-cache.ts'
import { rateLimited } from '../../lib/errors.ts'
import { isolateSlot } from '../../lib/isolate.ts'
import { SECOND } from '../../lib/time.ts'
import type { AccessClaims } from '../keys/types.ts'

const MAX_SUBJECTS = 10_000

const countsOf = isolateSlot('validation counts', () => createBoundedCache<RateWindows>(MAX_SUBJECTS))

/** Counts one check of a subject's tokens against `VALIDATE_LIMIT` per minute and isolate. 0 means no limit. */
export function countCheck(ctx: EarlyCtx, claims: AccessClaims): void {
  const limit = ctx.config.VALIDATE_LIMIT
  if (limit === 0) return
  const now = ctx.now()
  const known = countsOf(ctx).get(claims.sub)
  const counted = known ?? startWindows(now)
  if (!known) countsOf(ctx).set(claims.sub, counted)
  advanceWindows(counted, now)
  if (estimate(counted, now) >= limit)
    throw rateLimited({ retry_after: Math.ceil(retryAfter(counted, limit, now) / SECOND), limit })
  counted.own += 1
}

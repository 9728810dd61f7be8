import type { Ctx } from '../../context.ts'
import { estimate, type RateWindows, retryAfter, startWindows, turnWindows } from '../../http/rate-window.ts'
import { rateLimited } from '../../lib/errors.ts'
import { isolateSlot } from '../../lib/isolate.ts'
import { createRemembered } from '../../lib/remembered.ts'
import { SECOND } from '../../lib/time.ts'
import type { AccessClaims } from '../keys/types.ts'

const MAX_SUBJECTS = 10_000

const countsOf = isolateSlot('validation counts', () => createRemembered<RateWindows>(MAX_SUBJECTS))

/** Counts one check of a user's or machine's tokens against `VALIDATE_LIMIT` a minute, in this isolate. 0 is no limit. */
export function countCheck(ctx: Ctx, claims: AccessClaims): void {
  const limit = ctx.config.VALIDATE_LIMIT
  if (limit === 0) return
  const now = ctx.now()
  const known = countsOf(ctx).get(claims.sub)
  const counted = known ?? startWindows(now)
  if (!known) countsOf(ctx).set(claims.sub, counted)
  turnWindows(counted, now)
  if (estimate(counted, now) >= limit)
    throw rateLimited({ retry_after: Math.ceil(retryAfter(counted, limit, now) / SECOND), limit })
  counted.own += 1
}

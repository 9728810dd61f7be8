import { DAY, HOUR, MINUTE, SECOND } from '../../lib/time.ts'

/** The pauses before the second attempt, the third, and so on. */
const PAUSES = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR] as const
export const MAX_ATTEMPTS = PAUSES.length + 1
const SPREAD = 0.2

/** When the next attempt is due after attempt number `attempt` (from 1) failed; null after the last. `random` is from 0 to 1. */
export function nextAttemptAt(
  attempt: number,
  { now, random, retryAfterMs }: { now: number; random: number; retryAfterMs: number | null },
): number | null {
  const pause = PAUSES[attempt - 1]
  if (pause === undefined) return null
  return now + Math.max(Math.round(pause * (1 + SPREAD * (2 * random - 1))), retryAfterMs ?? 0)
}

/** How the endpoint has answered lately. */
export interface Breaker {
  /** Failures since the last success. */
  readonly failures: number
  /** When the first of them was; null without any. */
  readonly since: number | null
  /** Deliveries that were tried one at a time since it tripped. */
  readonly tries: number
  /** Until when nothing is tried; null while it has not tripped. */
  readonly openUntil: number | null
}

export const CLOSED: Breaker = { failures: 0, since: null, tries: 0, openUntil: null }

const TRIPS_AT = 5
const OPEN_FOR = [MINUTE, 5 * MINUTE, 30 * MINUTE] as const
const GIVES_UP_AFTER = 5 * DAY

export function afterOutcome(breaker: Breaker, ok: boolean, now: number): Breaker {
  if (ok) return CLOSED
  const failures = breaker.failures + 1
  const since = breaker.since ?? now
  if (failures < TRIPS_AT) return { failures, since, tries: 0, openUntil: null }
  // Those that were in flight when it tripped are no tries.
  if (breaker.openUntil !== null && now < breaker.openUntil) return { ...breaker, failures, since }
  const tries = breaker.openUntil === null ? 0 : breaker.tries + 1
  return { failures, since, tries, openUntil: now + (OPEN_FOR[tries] ?? 30 * MINUTE) }
}

/** Nothing but failures for five days. */
export const isGivenUp = ({ since }: Breaker, now: number): boolean => since !== null && now - since >= GIVES_UP_AFTER

const AT_ONCE = 5
const PER_ROUND = 50

/** How many deliveries a round may make now, and how many of them at once. */
export function capacity(
  { openUntil }: Breaker,
  { ordered, batch }: { ordered: boolean; batch: boolean },
  now: number,
): { total: number; atOnce: number } {
  if (openUntil === null) return { total: PER_ROUND, atOnce: ordered || batch ? 1 : AT_ONCE }
  return { total: openUntil <= now ? 1 : 0, atOnce: 1 }
}

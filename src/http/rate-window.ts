import { MINUTE } from '../lib/time.ts'

/** Requests of one subject in the present minute and the one before. */
export interface RateWindows {
  /** Minutes since the epoch. */
  window: number
  /** Counted by this isolate. */
  own: number
  /** Counted by all others, as last seen. */
  others: number
  /** All that were known of the minute before. */
  previous: number
}

const windowAt = (now: number): number => Math.floor(now / MINUTE)

export const startWindows = (now: number): RateWindows => ({
  window: windowAt(now),
  own: 0,
  others: 0,
  previous: 0,
})

/** Moves on to the minute of `now`; true when that is another one. */
export function turnWindows(windows: RateWindows, now: number): boolean {
  const current = windowAt(now)
  // A clock that steps back stays in the later minute.
  if (current <= windows.window) return false
  windows.previous = current === windows.window + 1 ? windows.own + windows.others : 0
  windows.window = current
  windows.own = 0
  windows.others = 0
  return true
}

/**
 * Requests in the minute that ends at `now`: those of the present minute, and of the one before
 * the part that still lies in it, as if they had come evenly.
 */
export function estimate({ window, own, others, previous }: RateWindows, now: number): number {
  return own + others + previous * (1 - elapsedOf(window, now))
}

/** Milliseconds until `estimate` falls below `limit`, when no further request comes; at least 1. */
export function retryAfter({ window, own, others, previous }: RateWindows, limit: number, now: number): number {
  const current = own + others
  const elapsed = elapsedOf(window, now)
  const fades = (count: number, room: number) => (count <= room ? 0 : 1 - room / count)
  const wait = current < limit ? fades(previous, limit - current) - elapsed : 1 - elapsed + fades(current, limit)
  return Math.max(1, Math.ceil(wait * MINUTE) + 1)
}

const elapsedOf = (window: number, now: number): number => Math.min(1, Math.max(0, now / MINUTE - window))

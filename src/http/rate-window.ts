import { MINUTE } from '../lib/time.ts'

/** Requests of one subject in the present window and the one before. A window is a minute or an hour, as its limit. */
export interface RateWindows {
  /** Milliseconds of a window. */
  readonly length: number
  /** Windows since the epoch. */
  window: number
  /** Counted by this isolate. */
  own: number
  /** Counted by all other isolates, as last read. */
  others: number
  /** All known requests of the window before. */
  previous: number
}

const windowAt = (length: number, now: number): number => Math.floor(now / length)

export const startWindows = (now: number, length: number = MINUTE): RateWindows => ({
  length,
  window: windowAt(length, now),
  own: 0,
  others: 0,
  previous: 0,
})

/** Moves to the window of `now`; true when it is a new one. */
export function advanceWindows(windows: RateWindows, now: number): boolean {
  const current = windowAt(windows.length, now)
  // A clock that steps back stays in the later window.
  if (current <= windows.window) return false
  windows.previous = current === windows.window + 1 ? windows.own + windows.others : 0
  windows.window = current
  windows.own = 0
  windows.others = 0
  return true
}

/**
 * The estimated number of requests in the last window length before `now`: those of the present window, and a share of those
 * of the window before, as if they were spread evenly.
 */
export function estimate(windows: RateWindows, now: number): number {
  const { own, others, previous } = windows
  return own + others + previous * (1 - elapsedOf(windows, now))
}

/** Milliseconds until `estimate` falls below `limit`, when no further request comes; at least 1. */
export function retryAfter(windows: RateWindows, limit: number, now: number): number {
  const { length, own, others, previous } = windows
  const current = own + others
  const elapsed = elapsedOf(windows, now)
  const fades = (count: number, room: number) => (count <= room ? 0 : 1 - room / count)
  const wait = current < limit ? fades(previous, limit - current) - elapsed : 1 - elapsed + fades(current, limit)
  return Math.max(1, Math.ceil(wait * length) + 1)
}

/** Milliseconds until the next window begins. */
export const untilNextWindow = ({ length, window }: RateWindows, now: number): number => (window + 1) * length - now

const elapsedOf = ({ length, window }: RateWindows, now: number): number =>
  Math.min(1, Math.max(0, now / length - window))

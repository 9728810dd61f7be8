import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { advanceWindows, estimate, retryAfter, startWindows } from '../../src/http/rate-window.ts'
import { HOUR, MINUTE, SECOND } from '../../src/lib/time.ts'

/** The beginning of a minute and of an hour. */
const START = 29_000_020 * MINUTE - ((29_000_020 * MINUTE) % HOUR)

describe('a rate window', () => {
  it('counts the minute before for the part of it that still lies in the last 60 seconds', () => {
    const windows = { ...startWindows(START), own: 100 }
    expect(estimate(windows, START + 59 * SECOND)).toBe(100)
    advanceWindows(windows, START + MINUTE)
    expect(estimate(windows, START + MINUTE)).toBe(100)
    expect(estimate(windows, START + MINUTE + 15 * SECOND)).toBeCloseTo(75)
    expect(estimate(windows, START + 2 * MINUTE - 1)).toBeLessThan(0.01)
  })

  it('may be an hour', () => {
    const windows = { ...startWindows(START, HOUR), own: 100 }
    expect(advanceWindows(windows, START + HOUR - 1)).toBe(false)
    expect(advanceWindows(windows, START + HOUR)).toBe(true)
    expect(estimate(windows, START + HOUR + 15 * MINUTE)).toBeCloseTo(75)
  })

  it('forgets a minute that is not the one before', () => {
    const windows = { ...startWindows(START), own: 100, others: 7 }
    advanceWindows(windows, START + 2 * MINUTE)
    expect(estimate(windows, START + 2 * MINUTE)).toBe(0)
  })

  it('stays in its minute when the clock steps back', () => {
    const windows = { ...startWindows(START), own: 3 }
    expect(advanceWindows(windows, START - 5 * MINUTE)).toBe(false)
    expect(estimate(windows, START - 5 * MINUTE)).toBe(3)
  })

  it('names a wait after which one more request fits, and not much sooner', () => {
    const counts = fc.nat(300)
    fc.assert(
      fc.property(
        counts,
        counts,
        counts,
        fc.integer({ min: 1, max: 200 }),
        fc.nat(HOUR - 1),
        fc.constantFrom(MINUTE, HOUR),
        (own, others, previous, limit, into, length) => {
          const now = START + into
          const windows = { ...startWindows(now, length), own, others, previous }
          if (estimate(windows, now) < limit) return
          const wait = retryAfter(windows, limit, now)
          const later = { ...windows }
          advanceWindows(later, now + wait)
          expect(estimate(later, now + wait)).toBeLessThan(limit)
          const sooner = { ...windows }
          advanceWindows(sooner, now + wait - 10)
          expect(estimate(sooner, now + wait - 10)).toBeGreaterThanOrEqual(limit)
        },
      ),
    )
  })
})

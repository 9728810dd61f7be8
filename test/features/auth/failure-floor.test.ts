import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { failSlowly } from '../../../src/features/auth/service/attempts.ts'

describe('the time of a failure', () => {
  /** As on the platform: what was computed meanwhile the clock shows with the next event alone. */
  const failAfter = (ms: number) => {
    const clock = { now: 0 }
    const work = () => {
      setTimeout(() => {
        clock.now += ms
      }, 0)
      return Promise.reject(new Error('refused'))
    }
    return failSlowly({ now: () => clock.now }, work)
  }
  /** Whether the failure is told once each of these has passed, in ms. */
  const isToldAfter = async (failing: Promise<never>, ...steps: readonly number[]) => {
    let isTold = false
    failing.catch(() => {
      isTold = true
    })
    const told: boolean[] = []
    for (const step of steps) {
      await vi.advanceTimersByTimeAsync(step)
      told.push(isTold)
    }
    await expect(failing).rejects.toThrow('refused')
    return told
  }

  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  it('is 400 ms where nothing was computed', async () => {
    expect(await isToldAfter(failAfter(0), 399, 1)).toEqual([false, true])
  })

  it('has what was computed in it, and no more beside', async () => {
    expect(await isToldAfter(failAfter(10_000), 1)).toEqual([true])
  })
})

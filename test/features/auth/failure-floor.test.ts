import { describe, expect, it } from 'vitest'
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
  const tookOf = async (failing: Promise<never>) => {
    const began = Date.now()
    await expect(failing).rejects.toThrow('refused')
    return Date.now() - began
  }

  it('is 400 ms where nothing was computed', async () => {
    expect(await tookOf(failAfter(0))).toBeGreaterThanOrEqual(399)
  })

  it('has what was computed in it, and no more beside', async () => {
    expect(await tookOf(failAfter(10_000))).toBeLessThan(399)
  })
})

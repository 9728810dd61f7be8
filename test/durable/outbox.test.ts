import { describe, expect, it, vi } from 'vitest'
import { refuse, withOutbox } from './outbox-support.ts'

describe('the outbox', () => {
  it('delivers in order per destination, in batches, and cancels its alarm when it is empty', async () => {
    await withOutbox(async ({ outbox, taken, alarmAt }) => {
      outbox.put('a', [1, 2])
      outbox.put('b', ['x'])
      outbox.put('a', [3])
      expect(alarmAt()).not.toBeNull()
      await outbox.flush()
      expect(taken).toContainEqual(['a', [1, 2, 3]])
      expect(taken).toContainEqual(['b', ['x']])
      expect(alarmAt()).toBeNull()
    })
  })

  it('does not deliver rows of a transaction that was rolled back', async () => {
    await withOutbox(async ({ outbox, storage, taken }) => {
      const fail = () =>
        storage.transactionSync(() => {
          outbox.put('a', [1])
          throw new Error('rolled back')
        })
      expect(fail).toThrow()
      await outbox.flush()
      expect(taken).toEqual([])
    })
  })

  it('keeps refused rows, waits longer after each failure, and does not delay other destinations', async () => {
    await withOutbox(async ({ outbox, taken, gate, clock, alarmAt }) => {
      gate.pass = async (destination) => (destination === 'a' ? refuse() : undefined)
      outbox.put('a', [1])
      outbox.put('b', [2])
      const waits: number[] = []
      for (let attempt = 0; attempt < 9; attempt += 1) {
        await outbox.flush()
        waits.push((alarmAt() ?? 0) - clock.now)
        clock.now = alarmAt() ?? 0
      }
      expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
      expect(taken).toEqual([['b', [2]]])
      gate.pass = async () => undefined
      await outbox.flush()
      expect(taken.at(-1)).toEqual(['a', [1]])
    })
  })

  it('does not retry before the pause is over, and keeps the order of newer rows', async () => {
    await withOutbox(async ({ outbox, taken, gate, clock, alarmAt }) => {
      gate.pass = refuse
      outbox.put('a', [1])
      await outbox.flush()
      gate.pass = async () => undefined
      outbox.put('a', [2])
      await outbox.flush()
      expect(taken).toEqual([])
      clock.now = alarmAt() ?? 0
      await outbox.flush()
      expect(taken.flatMap(([, payloads]) => payloads)).toEqual([1, 2])
    })
  })

  it('offers fewer rows after a failure, so that a batch that was too large is delivered', async () => {
    await withOutbox(async ({ outbox, taken, gate, clock, alarmAt }) => {
      gate.pass = async (_, payloads) => (payloads.length > 10 ? refuse() : undefined)
      outbox.put(
        'a',
        Array.from({ length: 40 }, (_, index) => index),
      )
      for (let attempt = 0; attempt < 20 && alarmAt() !== null; attempt += 1) {
        clock.now = alarmAt() ?? clock.now
        await outbox.flush()
      }
      expect(taken.flatMap(([, payloads]) => payloads)).toEqual(Array.from({ length: 40 }, (_, index) => index))
    })
  })

  it('has one delivery in flight per destination', async () => {
    await withOutbox(async ({ outbox, taken, gate }) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate.pass = () => promise
      outbox.put('a', [1])
      const first = outbox.flush()
      await outbox.flush()
      resolve()
      await first
      expect(taken).toEqual([['a', [1]]])
    })
  })

  it('does not wait forever for a delivery whose request was cancelled', async () => {
    await withOutbox(async ({ outbox, taken, gate, clock }) => {
      const hang = vi.fn(() => new Promise<void>(() => undefined))
      gate.pass = hang
      outbox.put('a', [1])
      void outbox.flush()
      await vi.waitFor(() => expect(hang).toHaveBeenCalled(), 10_000)
      gate.pass = async () => undefined
      clock.now += 10_001
      await outbox.flush()
      expect(taken).toEqual([['a', [1]]])
    })
  })
})

describe('settling a destination', () => {
  it('is true at once when there are no rows', async () => {
    await withOutbox(async ({ outbox }) => expect(await outbox.settle('a', 1)).toBe(true))
  })

  it('retries at once, even during the pause after a failure', async () => {
    await withOutbox(async ({ outbox, gate, taken }) => {
      gate.pass = refuse
      outbox.put('a', [1])
      expect(await outbox.settle('a', 100)).toBe(false)
      gate.pass = async () => undefined
      outbox.put('a', [2])
      expect(await outbox.settle('a', 100)).toBe(true)
      expect(taken.flatMap(([, payloads]) => payloads)).toEqual([1, 2])
    })
  })

  it('waits for a running delivery, also for rows that were put after it began', async () => {
    await withOutbox(async ({ outbox, gate }) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate.pass = () => promise
      outbox.put('a', [1])
      const flushing = outbox.flush()
      outbox.put('a', [2])
      const settled = outbox.settle('a', 5000)
      resolve()
      expect(await settled).toBe(true)
      await flushing
    })
  })

  it('answers false in bounded time when the destination does not answer, and the alarm retries', async () => {
    await withOutbox(async ({ outbox, gate, alarmAt }) => {
      const answered = vi.fn()
      gate.pass = () => new Promise(() => undefined)
      outbox.put('a', [1])
      void outbox.settle('a', 50).then(answered)
      await vi.waitFor(() => expect(answered).toHaveBeenCalledWith(false), { timeout: 1000 })
      expect(await outbox.settle('a', 50)).toBe(false)
      expect(alarmAt()).not.toBeNull()
    })
  })
})

it('sets the alarm on construction when rows are waiting without one', async () => {
  await withOutbox(async ({ outbox, storage, alarmAt }) => {
    outbox.put('a', [1])
    storage.sql.exec('delete from alarms')
    outbox.restore()
    expect(alarmAt()).not.toBeNull()
  })
})

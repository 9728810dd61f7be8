import { describe, expect, it, vi } from 'vitest'
import { createAlarms } from '../../src/durable/alarms.ts'
import { createOutbox, OUTBOX_ALARM, type Outbox, type Undeliverable } from '../../src/durable/outbox.ts'
import { createLog } from '../../src/lib/log.ts'
import { freshAuthority } from './user-authority/support.ts'

const log = { ...createLog({}), error: () => undefined }

type Deliver = (destination: string, payloads: readonly unknown[]) => Promise<void>

interface Bench {
  outbox: Outbox
  storage: DurableObjectStorage
  clock: { now: number }
  /** Batches that were taken, in order. */
  taken: [string, readonly unknown[]][]
  /** What happens before a batch is taken. */
  gate: { pass: Deliver }
  /** What was set aside, and what happens before it is. */
  aside: { letters: Undeliverable[]; pass: () => Promise<void> }
  alarmAt: () => number | null
}

/** An outbox on real storage. Its clock is far ahead, so that the object's own alarm stays out of it. */
async function withOutbox(work: (bench: Bench) => Promise<void>) {
  const { inside } = await freshAuthority()
  await inside(async (_, { storage }) => {
    const clock = { now: Date.now() + 3_600_000 }
    const taken: Bench['taken'] = []
    const gate: Bench['gate'] = { pass: async () => undefined }
    const aside: Bench['aside'] = { letters: [], pass: async () => undefined }
    const alarms = createAlarms(storage, log)
    const outbox = createOutbox({
      storage,
      alarms,
      log,
      clock: () => clock.now,
      deliver: async (destination, payloads) => {
        await gate.pass(destination, payloads)
        taken.push([destination, payloads])
      },
      setAside: async (letters) => {
        await aside.pass()
        aside.letters.push(...letters)
      },
    })
    await work({ outbox, storage, clock, taken, gate, aside, alarmAt: () => alarms.find(OUTBOX_ALARM) })
  })
}

const refuse = async () => {
  throw new Error('down')
}

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

  it('leaves with its transaction: what rolls back is never delivered', async () => {
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

  it('keeps what was refused, waits longer each time, and holds up no other destination', async () => {
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

  it('does not try before the wait is over, and keeps the order of what came meanwhile', async () => {
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

  it('offers a shorter prefix after a failure, so that a batch that is too large gets through', async () => {
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

  it('has one flusher in flight per destination', async () => {
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

  it('does not wait for ever on a flusher whose request was cancelled', async () => {
    await withOutbox(async ({ outbox, taken, gate, clock }) => {
      const hang = vi.fn(() => new Promise<void>(() => undefined))
      gate.pass = hang
      outbox.put('a', [1])
      void outbox.flush()
      await vi.waitFor(() => expect(hang).toHaveBeenCalled())
      gate.pass = async () => undefined
      clock.now += 10_001
      await outbox.flush()
      expect(taken).toEqual([['a', [1]]])
    })
  })
})

describe('settling a destination', () => {
  it('is true at once when nothing waits', async () => {
    await withOutbox(async ({ outbox }) => expect(await outbox.settle('a', 1)).toBe(true))
  })

  it('tries at once even while an earlier failure waits', async () => {
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

  it('waits for the flusher at work, also for what was put after it began', async () => {
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

  it('answers false in bounded time when the destination hangs, and the alarm goes on', async () => {
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

it('gives rows that no alarm would deliver an alarm on construction', async () => {
  await withOutbox(async ({ outbox, storage, alarmAt }) => {
    outbox.put('a', [1])
    storage.sql.exec('delete from alarms')
    outbox.restore()
    expect(alarmAt()).not.toBeNull()
  })
})

describe('a row that its destination never takes', () => {
  const refusing =
    (...bad: unknown[]): Deliver =>
    async (_, payloads) => {
      if (payloads.some((payload) => bad.includes(payload))) throw new Error('refused')
    }

  /** Lets the alarm go off `times` times, each when it is due. */
  async function alarms({ outbox, clock, alarmAt }: Bench, times: number): Promise<void> {
    for (let time = 0; time < times && alarmAt() !== null; time += 1) {
      clock.now = Math.max(clock.now, alarmAt() ?? 0)
      await outbox.flush()
    }
  }

  const order = ({ taken }: Bench) => taken.flatMap(([, payloads]) => payloads)
  const asideOf = ({ aside }: Bench) => aside.letters.map(({ payload }) => JSON.parse(payload) as unknown)
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

  it('is set aside within a quarter of an hour, and those behind it go on in order', async () => {
    await withOutbox(async (bench) => {
      bench.gate.pass = refusing(3)
      const began = bench.clock.now
      bench.outbox.put('a', range(1, 60))
      await alarms(bench, 40)
      expect(bench.clock.now - began).toBeLessThan(15 * 60_000)
      expect(order(bench)).toEqual([1, 2, ...range(4, 60)])
      expect(bench.aside.letters).toEqual([{ destination: 'a', payload: '3', attempts: expect.any(Number) }])
      expect(bench.alarmAt()).toBeNull()
    })
  })

  it('is set aside with its like: several in a row do not stop those behind them either', async () => {
    await withOutbox(async (bench) => {
      bench.gate.pass = refusing(1, 2, 3, 5)
      bench.outbox.put('a', range(1, 6))
      await alarms(bench, 200)
      expect(order(bench)).toEqual([4, 6])
      expect(asideOf(bench)).toEqual([1, 2, 3, 5])
    })
  })

  it('is one that cannot be read, too', async () => {
    await withOutbox(async (bench) => {
      bench.outbox.put('a', [1, 2])
      bench.storage.sql.exec("update outbox set payload = 'nonsense' where id = 1")
      await alarms(bench, 40)
      expect(order(bench)).toEqual([2])
      expect(bench.aside.letters.map(({ payload }) => payload)).toEqual(['nonsense'])
    })
  })

  it("waits, tried each minute, while nothing is behind it: it is in nobody's way", async () => {
    await withOutbox(async (bench) => {
      bench.gate.pass = refusing(1)
      bench.outbox.put('a', [1])
      await alarms(bench, 50)
      expect(bench.aside.letters).toEqual([])
      expect(bench.outbox.isDelivered()).toBe(true)
      bench.outbox.put('a', [2])
      expect(await bench.outbox.settle('a', 1000)).toBe(true)
      expect([order(bench), asideOf(bench)]).toEqual([[2], [1]])
    })
  })

  it('is kept where it is while it cannot be kept elsewhere', async () => {
    await withOutbox(async (bench) => {
      bench.gate.pass = refusing(1)
      bench.aside.pass = refuse
      bench.outbox.put('a', [1, 2])
      await alarms(bench, 40)
      expect([order(bench), asideOf(bench)]).toEqual([[2], []])
      bench.aside.pass = async () => undefined
      bench.outbox.put('a', [3])
      await alarms(bench, 2)
      expect([order(bench), asideOf(bench)]).toEqual([[2, 3], [1]])
    })
  })

  it('is not judged sooner by callers who do not wait for its pause', async () => {
    await withOutbox(async (bench) => {
      bench.gate.pass = refusing(1)
      bench.outbox.put('a', [1, 2])
      for (let call = 0; call < 30; call += 1) expect(await bench.outbox.settle('a', 1000)).toBe(false)
      expect([order(bench), asideOf(bench)]).toEqual([[], []])
    })
  })
})

describe('an outage of any length', () => {
  const DAYS = 3 * 1440

  it('loses nothing and keeps the order: who takes no empty batch is away', async () => {
    await withOutbox(async ({ outbox, clock, gate, aside, taken, alarmAt }) => {
      gate.pass = refuse
      let next = 1
      for (let minute = 0; minute < DAYS; minute += 1) {
        if (minute % 100 === 0) outbox.put('a', [next++])
        clock.now = Math.max(clock.now, alarmAt() ?? 0)
        await outbox.flush()
      }
      gate.pass = async () => undefined
      await outbox.settle('a', 1000)
      const payloads = taken.flatMap(([, batch]) => batch)
      expect(payloads).toEqual(Array.from({ length: next - 1 }, (_, index) => index + 1))
      expect(aside.letters).toEqual([])
    })
  })

  it('is one, too, when an empty batch is taken and nothing else: nothing passes a row unless it is taken', async () => {
    await withOutbox(async ({ outbox, clock, gate, aside, taken, alarmAt }) => {
      const sent = Array.from({ length: 100 }, (_, index) => index)
      gate.pass = async (_, payloads) => (payloads.length > 0 ? refuse() : undefined)
      outbox.put('a', sent)
      for (let minute = 0; minute < 1440; minute += 1) {
        clock.now = Math.max(clock.now, alarmAt() ?? 0)
        await outbox.flush()
      }
      gate.pass = async () => undefined
      await outbox.settle('a', 5000)
      expect(taken.flatMap(([, payloads]) => payloads)).toEqual(sent)
      expect(aside.letters).toEqual([])
    })
  })

  it('is survived by a destination that answers every other call', async () => {
    await withOutbox(async ({ outbox, clock, gate, aside, taken, alarmAt }) => {
      let calls = 0
      gate.pass = async () => (calls++ % 2 === 0 ? refuse() : undefined)
      const sent = Array.from({ length: 30 }, (_, index) => index)
      for (const payload of sent) {
        outbox.put('a', [payload])
        clock.now = Math.max(clock.now, alarmAt() ?? 0)
        await outbox.flush()
      }
      gate.pass = async () => undefined
      await outbox.settle('a', 5000)
      expect(new Set([...taken.flatMap(([, batch]) => batch), ...aside.letters])).toEqual(new Set(sent))
      expect(aside.letters).toEqual([])
    })
  })
})

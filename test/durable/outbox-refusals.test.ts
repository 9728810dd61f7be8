import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Bench, type Deliver, refuse, withOutbox } from './outbox-support.ts'

describe('a row that its destination never accepts', () => {
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

  it('is set aside within a quarter of an hour; those behind it are delivered in order', async () => {
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

  it('is set aside together with other refused rows; those behind them are delivered', async () => {
    await withOutbox(async (bench) => {
      bench.gate.pass = refusing(1, 2, 3, 5)
      bench.outbox.put('a', range(1, 6))
      await alarms(bench, 200)
      expect(order(bench)).toEqual([4, 6])
      expect(asideOf(bench)).toEqual([1, 2, 3, 5])
    })
  })

  it('may also be one that cannot be parsed', async () => {
    await withOutbox(async (bench) => {
      bench.outbox.put('a', [1, 2])
      bench.storage.sql.exec("update outbox set payload = 'nonsense' where id = 1")
      await alarms(bench, 40)
      expect(order(bench)).toEqual([2])
      expect(bench.aside.letters.map(({ payload }) => payload)).toEqual(['nonsense'])
    })
  })

  it('is retried each minute and not set aside while no row is behind it', async () => {
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

  it('stays in the outbox while it cannot be stored as a dead letter', async () => {
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

  it('is not set aside sooner by callers that settle during its pause', async () => {
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

  it('loses nothing and keeps the order: a destination that refuses an empty batch is down', async () => {
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

  it('loses nothing either when only empty batches are accepted: no row is set aside unless a later one was accepted', async () => {
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

  it('loses nothing when the destination answers every other call', async () => {
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

it('delivers all but bad rows in order through any outages, also ones that begin and end between two calls', async () => {
  const course = fc.record({
    rows: fc.integer({ min: 1, max: 40 }),
    bad: fc.uniqueArray(fc.nat(39), { maxLength: 4 }),
    // Alternately: how many calls are accepted, and how many refused.
    spells: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 8 }),
  })
  await fc.assert(
    fc.asyncProperty(course, async ({ rows, bad, spells }) => {
      await withOutbox(async ({ outbox, clock, gate, aside, taken, alarmAt }) => {
        const ends = spells.map((_, index) => spells.slice(0, index + 1).reduce((sum, length) => sum + length, 0))
        let calls = 0
        gate.pass = async (_, payloads) => {
          calls += 1
          const isAway = ends.findIndex((end) => calls <= end) % 2 === 1
          if (isAway || payloads.some((payload) => bad.includes(payload as number))) throw new Error('no')
        }
        for (let row = 0; row < rows; row += 1) outbox.put('a', [row])
        // Valid rows at the end, because the last row is never set aside.
        outbox.put('a', [100, 101])
        for (let alarm = 0; alarm < 1000 && alarmAt() !== null; alarm += 1) {
          clock.now = Math.max(clock.now, alarmAt() ?? 0)
          await outbox.flush()
        }
        const sent = [...Array.from({ length: rows }, (_, row) => row), 100, 101]
        expect(taken.flatMap(([, payloads]) => payloads)).toEqual(sent.filter((row) => !bad.includes(row)))
        expect(aside.letters.map(({ payload }) => Number(payload))).toEqual(sent.filter((row) => bad.includes(row)))
      })
    }),
    { numRuns: 60 },
  )
}, 60_000)

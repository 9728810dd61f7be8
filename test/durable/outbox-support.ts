import { createAlarms } from '../../src/durable/alarms.ts'
import { createOutbox, OUTBOX_ALARM, type Outbox, type Undeliverable } from '../../src/durable/outbox.ts'
import { createLog } from '../../src/lib/log.ts'
import { freshAuthority } from './user-authority/support.ts'

const log = { ...createLog({}), error: () => undefined }

export type Deliver = (destination: string, payloads: readonly unknown[]) => Promise<void>

export interface Bench {
  outbox: Outbox
  storage: DurableObjectStorage
  clock: { now: number }
  /** Accepted batches, in order. */
  taken: [string, readonly unknown[]][]
  /** Called before a batch is accepted; may throw. */
  gate: { pass: Deliver }
  /** Dead letters, and a function that is called before they are stored. */
  aside: { letters: Undeliverable[]; pass: () => Promise<void> }
  alarmAt: () => number | null
}

/** An outbox on real storage. Its clock is far ahead, so that the object's own alarm does not interfere. */
export async function withOutbox(work: (bench: Bench) => Promise<void>) {
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

export const refuse = async () => {
  throw new Error('down')
}

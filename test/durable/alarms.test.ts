import { runDurableObjectAlarm } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { type Alarms, createAlarms } from '../../src/durable/alarms.ts'
import { createLog } from '../../src/lib/log.ts'
import { freshAuthority } from './user-authority/support.ts'

const HOUR = 3_600_000
const log = { ...createLog({}), error: () => undefined }

async function withAlarms(work: (alarms: Alarms, storage: DurableObjectStorage, now: number) => Promise<void>) {
  const { inside } = await freshAuthority()
  await inside((_, { storage }) => work(createAlarms(storage, log), storage, Date.now()))
}

describe('named alarms', () => {
  it('share the one physical alarm, which is set to the earliest', async () => {
    await withAlarms(async (alarms, storage, now) => {
      alarms.set('late', now + 2 * HOUR)
      alarms.set('early', now + HOUR)
      expect(await storage.getAlarm()).toBe(now + HOUR)
      alarms.set('early', now + 3 * HOUR)
      expect(await storage.getAlarm()).toBe(now + 2 * HOUR)
      alarms.cancel('late')
      expect(await storage.getAlarm()).toBe(now + 3 * HOUR)
      alarms.cancel('early')
      expect(await storage.getAlarm()).toBeNull()
    })
  })

  it('are only moved earlier by `ensure`', async () => {
    await withAlarms(async (alarms, _storage, now) => {
      alarms.ensure('a', now + 2 * HOUR)
      alarms.ensure('a', now + 3 * HOUR)
      expect(alarms.find('a')).toBe(now + 2 * HOUR)
      alarms.ensure('a', now + HOUR)
      expect(alarms.find('a')).toBe(now + HOUR)
    })
  })

  it('roll back with the transaction that set them', async () => {
    await withAlarms(async (alarms, storage, now) => {
      alarms.set('kept', now + 2 * HOUR)
      const fail = () =>
        storage.transactionSync(() => {
          alarms.set('lost', now + HOUR)
          throw new Error('rolled back')
        })
      expect(fail).toThrow('rolled back')
      expect(alarms.find('lost')).toBeNull()
      expect(await storage.getAlarm()).toBe(now + 2 * HOUR)
    })
  })

  it('are set to their retry time before the work begins, and deleted once it is done', async () => {
    await withAlarms(async (alarms, storage, now) => {
      alarms.set('work', now + HOUR)
      let armedDuringWork: number | null = null
      await alarms.run(now + HOUR, async () => {
        armedDuringWork = await storage.getAlarm()
      })
      expect(armedDuringWork).toBeGreaterThan(now + HOUR)
      expect(await storage.getAlarm()).toBeNull()
    })
  })

  it('stay set when their work sets them again', async () => {
    await withAlarms(async (alarms, storage, now) => {
      alarms.set('work', now + HOUR)
      await alarms.run(now + HOUR, () => alarms.set('work', now + 5 * HOUR))
      expect(await storage.getAlarm()).toBe(now + 5 * HOUR)
    })
  })

  it('stay set when their work ensures them later than the retry', async () => {
    await withAlarms(async (alarms, storage, now) => {
      alarms.set('work', now + HOUR)
      await alarms.run(now + HOUR, () => alarms.ensure('work', now + 5 * HOUR))
      expect(await storage.getAlarm()).toBe(now + 5 * HOUR)
    })
  })

  it('never throw: a failing one is retried, and does not delay the others', async () => {
    await withAlarms(async (alarms, storage, now) => {
      alarms.set('bad', now + HOUR)
      alarms.set('good', now + HOUR)
      const done: string[] = []
      await alarms.run(now + HOUR, (name) => {
        if (name === 'bad') throw new Error('no luck')
        done.push(name)
      })
      expect(done).toEqual(['good'])
      expect(alarms.find('good')).toBeNull()
      expect(await storage.getAlarm()).toBe(alarms.find('bad'))
      expect(alarms.find('bad')).toBeGreaterThan(now + HOUR)
    })
  })

  it('never throw when storage itself fails', async () => {
    await withAlarms(async (alarms, storage, now) => {
      storage.sql.exec('drop table alarms')
      await expect(alarms.run(now, () => undefined)).resolves.toBeUndefined()
      expect(await storage.getAlarm()).toBeGreaterThan(now)
      await storage.deleteAlarm()
    })
  })

  it('are set again on construction when the platform has dropped the physical one', async () => {
    await withAlarms(async (alarms, storage, now) => {
      alarms.set('work', now + HOUR)
      await storage.deleteAlarm()
      await alarms.restore()
      expect(await storage.getAlarm()).toBe(now + HOUR)
    })
  })

  it("never make the object's `alarm()` throw", async () => {
    const user = await freshAuthority()
    await user.open()
    await user.inside((_, { storage }) => void storage.sql.exec('drop table sessions'))
    user.clock.now += 400 * 24 * HOUR
    await expect(runDurableObjectAlarm(user.stub)).resolves.toBe(true)
  })
})

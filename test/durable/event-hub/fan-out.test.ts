import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import type { EarlyCtx } from '../../../src/context.ts'
import type { LoggedEvent, UserAuthorityRpc } from '../../../src/durable/rpc.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { hubStub, killObject, testEvent } from '../../features/events/support.ts'

type Answer = 'takes' | 'fails' | 'hangs' | 'unsubscribed'

/** A new hub, whose registered objects the test provides. */
async function freshHub() {
  const topic = `organization:${newUuid()}`
  const taken = new Map<string, LoggedEvent[][]>()
  const answers = new Map<string, Answer>()
  const clock = { now: Date.now() }
  const stub = () => hubStub(topic)

  const take = async (userId: string, events: readonly LoggedEvent[]): Promise<{ subscribed: boolean }> => {
    const answer = answers.get(userId) ?? 'takes'
    if (answer === 'fails') throw new Error('unreachable')
    if (answer === 'hangs') return new Promise<never>(() => undefined)
    taken.set(userId, [...(taken.get(userId) ?? []), [...events]])
    return { subscribed: answer === 'takes' }
  }

  const prepare = () =>
    runInDurableObject(stub(), (hub) => {
      const real = hub.context
      hub.clock = () => clock.now
      hub.context = (): EarlyCtx => {
        const ctx = real()
        const user = (userId: string) =>
          ({ takeHubEvents: ({ events }) => take(userId, events) }) as Pick<
            UserAuthorityRpc,
            'takeHubEvents'
          > as UserAuthorityRpc
        return { ...ctx, objects: { ...ctx.objects, user } }
      }
    })
  await prepare()

  const seqsOf = (userId: string) => (taken.get(userId) ?? []).flat().map(({ seq }) => seq)
  return {
    topic,
    clock,
    answers,
    taken,
    stub,
    prepare,
    seqsOf,
    register: async (count: number): Promise<string[]> => {
      const ids = Array.from({ length: count }, () => newUuid())
      for (const userId of ids) await stub().register({ topic, userId })
      return ids
    },
    append: (count: number) => stub().append({ topic, events: Array.from({ length: count }, () => testEvent()) }),
    registered: () =>
      runInDurableObject(stub(), (_, state) =>
        state.storage.sql.exec<{ user_id: string }>('select user_id from registrations').toArray(),
      ),
    got: (userId: string, seqs: readonly number[]) =>
      vi.waitFor(() => expect(seqsOf(userId)).toEqual(seqs), { timeout: 10_000, interval: 10 }),
  }
}

describe('a hub with registered objects', () => {
  it('sends each of 200 objects each event once and in order', async () => {
    const hub = await freshHub()
    const users = await hub.register(200)
    await Promise.all([hub.append(3), hub.append(2)])
    for (const user of users) await hub.got(user, [1, 2, 3, 4, 5])
    await hub.append(1)
    for (const user of users) await hub.got(user, [1, 2, 3, 4, 5, 6])
  })

  it('sends events that are appended within 50 ms in one call', async () => {
    const hub = await freshHub()
    const [user = ''] = await hub.register(1)
    for (let index = 0; index < 10; index += 1) await hub.append(1)
    await hub.got(user, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(hub.taken.get(user)?.length).toBeLessThan(4)
  })

  it('sends only events after the registration', async () => {
    const hub = await freshHub()
    await hub.append(3)
    const [user = ''] = await hub.register(1)
    await hub.append(1)
    await hub.got(user, [4])
  })

  it('unregisters an object without a socket for the topic', async () => {
    const hub = await freshHub()
    const [gone = '', stays = ''] = await hub.register(2)
    hub.answers.set(gone, 'unsubscribed')
    await hub.append(1)
    await hub.got(stays, [1])
    await vi.waitFor(async () => expect(await hub.registered()).toEqual([{ user_id: stays }]), 10_000)
    await hub.append(1)
    await hub.got(stays, [1, 2])
    expect(hub.seqsOf(gone)).toEqual([1])
  })

  it('keeps an object that registers again during the call', async () => {
    const hub = await freshHub()
    const [user = ''] = await hub.register(1)
    hub.answers.set(user, 'unsubscribed')
    const real = hub.answers.get.bind(hub.answers)
    hub.answers.get = (userId) => {
      hub.answers.get = real
      // The new socket registers while the call is still unanswered.
      void hub.stub().register({ topic: hub.topic, userId })
      return 'unsubscribed'
    }
    hub.answers.set(user, 'takes')
    await hub.append(1)
    await hub.got(user, [1])
    await vi.waitFor(async () => expect(await hub.registered()).toHaveLength(1), 10_000)
    await hub.append(1)
    await hub.got(user, [1, 2])
  })

  it('does not delay the others when one fails or hangs, and sends it all missed events in order', async () => {
    const hub = await freshHub()
    const users = await hub.register(30)
    const [failing = '', hanging = '', ...others] = users
    hub.answers.set(failing, 'fails')
    hub.answers.set(hanging, 'hangs')
    await hub.append(2)
    for (const user of others) await hub.got(user, [1, 2])
    await hub.append(250)
    const all = Array.from({ length: 252 }, (_, index) => index + 1)
    for (const user of others) await hub.got(user, all)
    expect(hub.seqsOf(failing)).toEqual([])
    hub.answers.clear()
    hub.clock.now += 60_000
    await runDurableObjectAlarm(hub.stub())
    await hub.got(failing, all)
    await hub.got(hanging, all)
    await hub.append(1)
    await hub.got(failing, [...all, 253])
    await hub.got(hanging, [...all, 253])
  })

  it('sends the events after a restart when it was stopped before its round', async () => {
    const hub = await freshHub()
    const [user = ''] = await hub.register(1)
    await hub.append(4)
    await killObject(hub.stub())
    await hub.prepare()
    hub.clock.now += 60_000
    await runDurableObjectAlarm(hub.stub())
    await vi.waitFor(() => expect([...new Set(hub.seqsOf(user))]).toEqual([1, 2, 3, 4]), 10_000)
  })
})

describe("a hub's log", () => {
  it('appends an id once', async () => {
    const hub = await freshHub()
    const [user = ''] = await hub.register(1)
    const event = testEvent()
    await hub.stub().append({ topic: hub.topic, events: [event, event] })
    expect(await hub.stub().append({ topic: hub.topic, events: [event] })).toEqual({ head: 1 })
    await hub.got(user, [1])
    expect(await hub.stub().read({ topic: hub.topic, after: 0, limit: 10 })).toEqual({
      events: [{ seq: 1, event }],
      oldest: 1,
      head: 1,
    })
  })
})

import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import type { EarlyCtx } from '../../../src/context.ts'
import { createTestApp } from '../../support/app.ts'
import { connect } from '../../support/sockets.ts'
import { freshUser, hubStub, insertRows, testEvent, userStub } from '../events/support.ts'

const app = createTestApp()

/** Makes hubs unreachable for the user's object, until the returned function is called. */
async function cutOffFromHubs(userId: string): Promise<() => Promise<void>> {
  const down = () => {
    throw new Error('the hub is down')
  }
  return runInDurableObject(userStub(userId), (object) => {
    const real = object.context
    object.context = (): EarlyCtx => {
      const ctx = real()
      return { ...ctx, objects: { ...ctx.objects, hub: down } }
    }
    return () =>
      runInDurableObject(userStub(userId), (again) => {
        again.context = real
      })
  })
}

const platformIds = (): Promise<string[]> =>
  runInDurableObject(hubStub('platform'), (_, state) =>
    state.storage.sql
      .exec<{ id: string }>('select id from event_log_ids order by seq')
      .toArray()
      .map(({ id }) => id),
  )

describe('a hub that is down', () => {
  it("gets a user's events later, in order, and does not delay the user's own sockets", async () => {
    const user = await freshUser(app)
    await vi.waitFor(async () => expect(await platformIds()).toContain((await user.logged())[0]), 10_000)
    const socket = await connect(app, { token: user.token })
    const mend = await cutOffFromHubs(user.id)
    const ids = await user.publish(5)
    await socket.count('test.happened', 5)
    expect(await platformIds()).not.toContain(ids[0])
    await mend()
    await runInDurableObject(userStub(user.id), (object) => {
      object.clock = () => Date.now() + 120_000
    })
    await vi.waitFor(async () => {
      await runDurableObjectAlarm(userStub(user.id))
      expect((await platformIds()).filter((id) => ids.includes(id))).toEqual(ids)
    }, 10_000)
  })

  it('makes a subscription fail with `unavailable`; a later one succeeds', async () => {
    const admin = await freshUser(app, { role: 'admin' })
    const socket = await connect(app, { token: admin.token })
    const mend = await cutOffFromHubs(admin.id)
    socket.send({ type: 'subscribe', channel: 'platform' })
    expect(await socket.first('error')).toEqual({ type: 'error', data: { error: 'unavailable', channel: 'platform' } })
    await mend()
    socket.send({ type: 'subscribe', channel: 'platform' })
    await socket.first('subscribed')
  })

  it('leaves sockets behind, which catch up by alarm without a gap', async () => {
    const admin = await freshUser(app, { role: 'admin' })
    const socket = await connect(app, { token: admin.token })
    socket.send({ type: 'subscribe', channel: 'platform' })
    await socket.first('subscribed')
    const hub = hubStub('platform')
    const { head: start } = await hub.append({ topic: 'platform', events: [testEvent({ type: 'test.first' })] })
    await socket.first('test.first')
    const mend = await cutOffFromHubs(admin.id)
    // The hub sends nothing for a while; then one event arrives after a gap.
    await runInDurableObject(hub, (_, state) => {
      state.storage.sql.exec('delete from registrations where user_id = ?', admin.id)
    })
    const events = [1, 2, 3].map(() => testEvent({ type: 'test.later' }))
    const { head } = await hub.append({ topic: 'platform', events })
    const { events: last } = await hub.read({ topic: 'platform', after: head - 1, limit: 1 })
    expect(await userStub(admin.id).takeHubEvents({ topic: 'platform', events: last })).toEqual({ subscribed: true })
    await vi.waitFor(
      () =>
        runInDurableObject(userStub(admin.id), (_, state) => {
          const alarms = state.storage.sql.exec("select 1 from alarms where name = 'sockets-catch-up'").toArray()
          expect(alarms).toHaveLength(1)
        }),
      10_000,
    )
    expect(socket.frames.some(({ type }) => type === 'test.later')).toBe(false)
    await mend()
    await runInDurableObject(userStub(admin.id), (object) => {
      object.clock = () => Date.now() + 5000
    })
    await runDurableObjectAlarm(userStub(admin.id))
    await socket.count('test.later', 3)
    const platform = socket.events().filter(({ channel }) => channel === 'platform')
    const from = platform[0]?.seq ?? 0
    expect(platform.map(({ seq }) => seq)).toEqual(platform.map((_, index) => from + index))
    expect(start).toBeGreaterThanOrEqual(from)
  })
})

describe('events without a user', () => {
  it('add their entry to the revocation feed before the nudge answers', async () => {
    const entry = { kind: 'client', id: 'client-of-a-test' }
    const [id] = await insertRows(null, 1, { type: 'client.disabled', feedEntry: entry })
    expect(await hubStub('platform').nudge({ topic: 'platform' })).toEqual({ propagated: true })
    const ctx = await app.ctx()
    const { entries } = await ctx.objects.feed().pull(null)
    expect(entries.map((one) => one.entry)).toContainEqual(entry)
    expect(await platformIds()).toContain(id)
  })

  it('answer `propagated: false` while the feed is down; the outbox delivers later', async () => {
    const topic = 'platform'
    const restore = await runInDurableObject(hubStub(topic), (hub) => {
      const real = hub.context
      hub.context = (): EarlyCtx => {
        const ctx = real()
        const feed = () => {
          throw new Error('the feed is down')
        }
        return { ...ctx, objects: { ...ctx.objects, feed } }
      }
      return () =>
        runInDurableObject(hubStub(topic), (again) => {
          again.context = real
        })
    })
    const entry = { kind: 'key', id: 'key-of-a-test' }
    await insertRows(null, 1, { type: 'key.retired', feedEntry: entry })
    expect(await hubStub(topic).nudge({ topic })).toEqual({ propagated: false })
    await restore()
    await vi.waitFor(
      async () => {
        await runDurableObjectAlarm(hubStub(topic))
        const { entries } = await (await app.ctx()).objects.feed().pull(null)
        expect(entries.map((one) => one.entry)).toContainEqual(entry)
      },
      { timeout: 10_000, interval: 100 },
    )
  })
})

describe('200 users on `platform`', () => {
  it('each get an event once', async () => {
    const admins = await Promise.all(Array.from({ length: 25 }, () => freshUser(app, { role: 'admin' })))
    const sockets = await Promise.all(
      admins.flatMap((admin) => Array.from({ length: 8 }, () => connect(app, { token: admin.token }))),
    )
    for (const socket of sockets) socket.send({ type: 'subscribe', channel: 'platform' })
    await Promise.all(sockets.map((socket) => socket.first('subscribed')))
    const events = [1, 2, 3].map(() => testEvent({ type: 'test.for_all' }))
    await hubStub('platform').append({ topic: 'platform', events })
    await Promise.all(sockets.map((socket) => socket.count('test.for_all', 3)))
    for (const socket of sockets) {
      const ids = socket.events().filter(({ type }) => type === 'test.for_all')
      expect(ids.map(({ id }) => id)).toEqual(events.map(({ id }) => id))
      socket.close()
    }
  })
})

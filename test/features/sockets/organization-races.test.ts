import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import type { EventHubRpc } from '../../../src/durable/rpc.ts'
import { encodeCursor } from '../../../src/durable/sockets/cursor.ts'
import { delay } from '../../../src/lib/time.ts'
import { createTestApp } from '../../support/app.ts'
import { withMethods } from '../../support/objects.ts'
import { connect } from '../../support/sockets.ts'
import { freshUser, hubStub, runAlarmsAt, userStub } from '../events/support.ts'
import {
  changeContext,
  connectTo,
  down,
  forbidden,
  freshOrganization,
  heardOn,
  isSubscribed,
  openSessionOf,
  settle,
  subscribe,
  waitToHear,
} from './organization-support.ts'

const app = createTestApp()

type Steps = Partial<Record<'first read' | 'registration' | 'second read', { before?: Step; after?: Step }>>
type Step = () => Promise<unknown>

/** The database of an object's context, whose reads wait for a step before and after. */
function steppedDatabase(database: D1Database, around: <T>(read: () => Promise<T>) => Promise<T>): D1Database {
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement =>
    withMethods(statement, {
      bind: (...values: unknown[]) => wrap(statement.bind(...values)),
      all: () => around(() => statement.all()),
      raw: () => around(() => statement.raw()),
    } as Partial<D1PreparedStatement>)
  return withMethods(database, { prepare: (query: string) => wrap(database.prepare(query)) })
}

/** Lets the steps happen around what the user's object asks of others to subscribe. Its nudges are not held up. */
async function withSteps(userId: string, steps: Steps): Promise<void> {
  let reads = 0
  const around = async <T>(step: { before?: Step; after?: Step } | undefined, work: () => Promise<T>): Promise<T> => {
    await step?.before?.()
    const result = await work()
    await step?.after?.()
    return result
  }
  await changeContext(userId, (ctx) => ({
    openDatabase: () =>
      steppedDatabase(ctx.openDatabase(), (read) => {
        reads += 1
        return around(reads === 1 ? steps['first read'] : reads === 2 ? steps['second read'] : undefined, read)
      }),
    objects: {
      ...ctx.objects,
      hub: (topic): EventHubRpc => {
        const hub = ctx.objects.hub(topic)
        return withMethods(hub, { register: (input) => around(steps.registration, () => hub.register(input)) })
      },
    },
  }))
}

const POINTS: readonly (readonly [keyof Steps, 'before' | 'after'])[] = [
  ['first read', 'before'],
  ['first read', 'after'],
  ['registration', 'before'],
  ['registration', 'after'],
  ['second read', 'before'],
  ['second read', 'after'],
]

describe('a subscription that races', () => {
  it.each(POINTS)('a removal, which happens at its %s (%s), is lost', async (name, when) => {
    const organization = await freshOrganization(app)
    const { channel } = organization
    const user = await organization.member('admin')
    const socket = await connect(app, { token: user.token })
    await socket.first('connection')
    await withSteps(user.id, { [name]: { [when]: () => organization.remove(user.id) } })
    expect(await subscribe(socket, channel)).toEqual(forbidden(channel))
    await organization.publish('organization.updated')
    await settle(socket)
    expect(await isSubscribed(user.id, channel)).toBe(false)
    expect(heardOn(socket, channel)).toEqual([])
  })

  it.each(POINTS)('a deletion, which happens at its %s (%s), is lost or ends', async (name, when) => {
    const organization = await freshOrganization(app)
    const { channel } = organization
    const user = await organization.member('viewer')
    const socket = await connect(app, { token: user.token })
    await socket.first('connection')
    await withSteps(user.id, { [name]: { [when]: () => organization.delete() } })
    const answer = await subscribe(socket, channel)
    if (answer.type === 'subscribed') await socket.first('unsubscribed')
    else expect(answer).toEqual(forbidden(channel))
    // Whatever a hub is told of a deleted organization.
    await organization.publish('role.created')
    await settle(socket)
    expect(await isSubscribed(user.id, channel)).toBe(false)
    expect(heardOn(socket, channel).filter((type) => type !== 'organization.deleted')).toEqual([])
  })

  it('removals and deletions at any time ends up without the channel', async () => {
    const pause = () => delay(Math.floor(Math.random() * 10))
    const steps = () => ({ before: pause, after: pause })
    const race = async (index: number): Promise<void> => {
      const organization = await freshOrganization(app)
      const { channel } = organization
      const user = await organization.member('admin')
      const socket = await connect(app, { token: user.token })
      await socket.first('connection')
      await withSteps(user.id, { 'first read': steps(), registration: steps(), 'second read': steps() })
      const soon = () => delay(Math.floor(Math.random() * 30))
      await Promise.all([
        soon().then(() => subscribe(socket, channel)),
        soon().then(() => (index % 2 === 0 ? organization.remove(user.id) : organization.delete())),
      ])
      await vi.waitFor(async () => expect(await isSubscribed(user.id, channel)).toBe(false), 10_000)
      await organization.publish('policy.created')
      await settle(socket)
      expect(heardOn(socket, channel)).not.toContain('policy.created')
      socket.close()
    }
    for (let round = 0; round < 8; round += 1) await Promise.all([race(0), race(1), race(2), race(3), race(4), race(5)])
  }, 60_000)
})

describe('the deletion of an organization', () => {
  it('ends the subscriptions of all, after its event; the feed has its entry', async () => {
    const organization = await freshOrganization(app)
    const { channel } = organization
    const members = await Promise.all([organization.member('owner'), organization.member('viewer')])
    const sockets = await Promise.all([
      ...members.map(({ token }) => connectTo(app, token, channel)),
      connectTo(app, (await freshUser(app, { role: 'admin' })).token, channel),
    ])
    expect(await organization.delete()).toBe(true)
    await organization.publish('organization.updated', 'role.created')
    for (const socket of sockets) {
      expect(await socket.first('unsubscribed')).toMatchObject({ data: { channel } })
      expect(await subscribe(socket, channel)).toEqual(forbidden(channel))
      expect(heardOn(socket, channel)).toEqual(['organization.deleted'])
    }
    const { entries } = await (await app.ctx()).objects.feed().pull(null)
    expect(entries.map(({ entry }) => entry)).toContainEqual({ kind: 'organization', id: organization.id, below: 2 })
  })

  it('ends those of hibernating sockets', async () => {
    const organization = await freshOrganization(app)
    const user = await organization.member()
    const socket = await connectTo(app, user.token, organization.channel)
    await user.hibernate()
    await organization.delete()
    await socket.first('unsubscribed')
    expect(heardOn(socket, organization.channel)).toEqual(['organization.deleted'])
  })

  /** Until the hub has told the object of every event. */
  const waitForHub = (channel: string, head: number) =>
    vi.waitFor(async () => {
      const [state] = await runInDurableObject(hubStub(channel), (_, { storage }) =>
        storage.sql.exec<{ done: number }>('select done from fan_out').toArray(),
      )
      expect(state?.done).toBe(head)
    }, 10_000)

  // The client claims to have the event of the deletion, which is the second.
  it('is not outlived by a made-up position, when its event comes before the subscription', async () => {
    const organization = await freshOrganization(app)
    const { channel } = organization
    const user = await organization.member()
    await organization.publish('role.created')
    const socket = await connect(app, { token: user.token })
    await settle(socket)
    const deleteAndTell = async () => {
      await organization.delete()
      await waitForHub(channel, 2)
    }
    await withSteps(user.id, { 'second read': { after: deleteAndTell } })
    socket.send({ type: 'resume', after: encodeCursor({ [channel]: 2 }) })
    expect(await socket.first('error')).toEqual(forbidden(channel))
    expect(await isSubscribed(user.id, channel)).toBe(false)
  })

  it('is not outlived by a made-up position, when its event comes while the hub is read', async () => {
    const organization = await freshOrganization(app)
    const { channel } = organization
    const user = await organization.member()
    await organization.publish('role.created')
    const deleteAndTell = async () => {
      await organization.delete()
      await waitForHub(channel, 2)
    }
    await changeContext(user.id, ({ objects }) => ({
      objects: {
        ...objects,
        hub: (topic): EventHubRpc => {
          const hub = objects.hub(topic)
          return withMethods(hub, { read: async (input) => deleteAndTell().then(() => hub.read(input)) })
        },
      },
    }))
    const socket = await connect(app, { token: user.token, after: encodeCursor({ [channel]: 2 }) })
    await socket.first('unsubscribed')
    await organization.publish('role.created')
    await settle(socket)
    expect(await isSubscribed(user.id, channel)).toBe(false)
    expect(heardOn(socket, channel)).toEqual([])
  })

  it.each([
    ['kept', 0],
    ['lost', 100],
  ])('is noticed by an object that the hub did not reach, by the log that has %s its event', async (_, pruned) => {
    const organization = await freshOrganization(app)
    const { channel } = organization
    const user = await organization.member()
    const socket = await connectTo(app, user.token, channel)
    await runInDurableObject(hubStub(channel), (_hub, state) => {
      state.storage.sql.exec('delete from registrations where user_id = ?', user.id)
    })
    await organization.delete()
    await organization.publish('role.created', 'role.updated')
    const hub = hubStub(channel)
    const { events } = await hub.read({ topic: channel, after: 2, limit: 1 })
    await runInDurableObject(hub, (_hub, state) => {
      state.storage.sql.exec('delete from event_log where seq <= ? and seq < 3', pruned)
    })
    expect(heardOn(socket, channel)).toEqual([])
    await userStub(user.id).takeHubEvents({ topic: channel, events })
    await socket.first('unsubscribed')
    expect(heardOn(socket, channel)).toEqual(pruned === 0 ? ['organization.deleted'] : [])
  })
})

describe('two factors that are required from now on', () => {
  it('end all subscriptions; a session of two factors subscribes again, and hears on', async () => {
    const organization = await freshOrganization(app)
    const { channel } = organization
    const user = await organization.member()
    const strong = await openSessionOf(app, user.id, ['hwk', 'mfa'])
    const [weakSocket, socket] = await Promise.all([
      connectTo(app, user.token, channel),
      connectTo(app, strong.token, channel),
    ])
    await organization.requireTwoFactors()
    await Promise.all([weakSocket.first('unsubscribed'), socket.first('unsubscribed')])
    expect(await subscribe(weakSocket, channel)).toEqual(forbidden(channel))
    expect(await subscribe(socket, channel)).toMatchObject({ type: 'subscribed' })
    await organization.publish('role.created')
    await waitToHear(socket, channel, ['organization.updated', 'role.created'])
    expect(heardOn(weakSocket, channel)).toEqual(['organization.updated'])
  })
})

describe('what is away when a member subscribes', () => {
  it.each([
    ['the hub', (real: { objects: object }) => ({ objects: { ...real.objects, hub: down } })],
    ['the database', () => ({ openDatabase: down })],
  ])('%s: `unavailable`, and a later attempt succeeds', async (_, broken) => {
    const organization = await freshOrganization(app)
    const { channel } = organization
    const user = await organization.member()
    const socket = await connect(app, { token: user.token })
    await socket.first('connection')
    const mend = await changeContext(user.id, broken as never)
    expect(await subscribe(socket, channel)).toEqual({ type: 'error', data: { error: 'unavailable', channel } })
    expect(await isSubscribed(user.id, channel)).toBe(false)
    await mend()
    expect(await subscribe(socket, channel)).toMatchObject({ type: 'subscribed' })
  })

  it('the database between the two reads: `unavailable`, not the first answer', async () => {
    const organization = await freshOrganization(app)
    const { channel } = organization
    const user = await organization.member()
    const socket = await connect(app, { token: user.token })
    await socket.first('connection')
    await withSteps(user.id, { 'second read': { before: async () => down() } })
    expect(await subscribe(socket, channel)).toEqual({ type: 'error', data: { error: 'unavailable', channel } })
    expect(await isSubscribed(user.id, channel)).toBe(false)
  })

  it('the hub after the subscription: the socket catches up, and hears what is for its rank', async () => {
    const organization = await freshOrganization(app)
    const { channel } = organization
    const user = await organization.member()
    const socket = await connectTo(app, user.token, channel)
    await runInDurableObject(hubStub(channel), (_, state) => {
      state.storage.sql.exec('delete from registrations where user_id = ?', user.id)
    })
    const mend = await changeContext(user.id, ({ objects }) => ({ objects: { ...objects, hub: down } }))
    await organization.publish('policy.created', 'role.created', 'policy.updated', 'role.updated')
    const { events } = await hubStub(channel).read({ topic: channel, after: 3, limit: 1 })
    await userStub(user.id).takeHubEvents({ topic: channel, events })
    await settle(socket)
    expect(heardOn(socket, channel)).toEqual([])
    await mend()
    await runAlarmsAt(userStub(user.id), Date.now() + 5000)
    await runDurableObjectAlarm(userStub(user.id))
    await waitToHear(socket, channel, ['role.created', 'role.updated'])
  })
})

import { runDurableObjectAlarm } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { HOUR } from '../../../src/lib/time.ts'
import { freshUser } from '../../features/events/support.ts'
import { createTestApp, env } from '../../support/app.ts'
import { connect } from '../../support/sockets.ts'
import { type Authority, callerAt, freshAuthority, HOME } from './support.ts'

const endAll = (user: Authority, authVersion: number | null = 2) =>
  user.stub.endSessions({
    userId: user.userId,
    except: null,
    reason: 'deleted',
    actor: { type: 'system', id: 'test' },
    caller: callerAt(HOME),
    authVersion,
  })

const erase = (user: Authority, authVersion = 2) => user.stub.erase({ userId: user.userId, authVersion })

/** How many rows each table has. */
const contentOf = (user: Authority): Promise<Record<string, number>> =>
  user.inside((_, { storage: { sql } }) => {
    const tables = sql
      .exec<{ name: string }>(
        `select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and name not like '_cf_%'`,
      )
      .toArray()
    return Object.fromEntries(
      tables.map(({ name }) => [
        name,
        sql.exec<{ count: number }>(`select count(*) as count from ${name}`).one().count,
      ]),
    )
  })

const alarmOf = (user: Authority): Promise<number | null> => user.inside((_, { storage }) => storage.getAlarm())

/** An object with a row in every table. */
async function usedAuthority() {
  const user = await freshAuthority()
  const grant = await user.open()
  await user.rotate(grant)
  const identity = {
    principal: { type: 'user', userId: user.userId, sessionId: grant.session.id, email: 'ada@example.test' },
    expiresAt: user.clock.now + HOUR,
    isAdmin: false,
    topics: [],
    claimsVersion: 1,
  } as const
  await user.stub.issueTicket({
    userId: user.userId,
    identity,
    expiresAt: user.clock.now + HOUR,
  })
  return { user, grant }
}

describe('an erasure', () => {
  it('leaves only the version of the deleted row', async () => {
    const { user } = await usedAuthority()
    await endAll(user)
    expect(await erase(user)).toEqual({ outcome: 'erased' })
    const { migrations, ...content } = await contentOf(user)
    expect(migrations).toBeGreaterThan(0)
    expect(content).toEqual({
      advances: 0,
      alarms: 1,
      devices: 0,
      event_log: 0,
      event_log_ids: 0,
      outbox: 0,
      sessions: 0,
      state: 2,
      tickets: 0,
      webhooks: 0,
    })
    const state = await user.inside((_, { storage }) => storage.sql.exec('select name, value from state').toArray())
    expect(state).toEqual([
      { name: 'credentials', value: '{"authVersion":2,"keptSessionId":null}' },
      { name: 'forget_at', value: user.clock.now + HOUR },
    ])
  })

  it('makes old tokens those of unknown sessions', async () => {
    const { user, grant } = await usedAuthority()
    await endAll(user)
    await erase(user)
    const { userId } = user
    const sessionId = grant.session.id
    expect(await user.rotate(grant, { authVersion: 2 })).toEqual({ outcome: 'refused', reason: 'unknown_session' })
    expect(await user.stub.check({ userId, sessionId, claimsVersion: 9 })).toEqual({ live: false, reason: 'unknown' })
    expect(await user.stub.findSession({ userId, sessionId })).toBeNull()
    expect(await user.stub.listSessions({ userId, withEnded: true })).toEqual([])
    const { generation, proof } = grant
    expect(await user.stub.inspect({ userId, sessionId, generation, proof })).toEqual({ active: false })
  })

  it('refuses a sign-in that had read the row before it was deleted', async () => {
    const { user } = await usedAuthority()
    await endAll(user)
    await erase(user)
    expect(await user.tryOpen({ authVersion: 1 })).toEqual({ outcome: 'stale_credentials' })
    await user.restart()
    expect(await user.tryOpen({ authVersion: 1 })).toEqual({ outcome: 'stale_credentials' })
  })

  it('may be repeated', async () => {
    const { user } = await usedAuthority()
    await endAll(user)
    expect(await Promise.all([erase(user), erase(user)])).toEqual([{ outcome: 'erased' }, { outcome: 'erased' }])
    expect(await erase(user)).toEqual({ outcome: 'erased' })
  })

  it('of an object without any data succeeds', async () => {
    const user = await freshAuthority()
    expect(await erase(user)).toEqual({ outcome: 'erased' })
  })
})

describe('an erasure is put off', () => {
  it('while a session is live, and changes nothing', async () => {
    const { user, grant } = await usedAuthority()
    expect(await erase(user)).toEqual({ outcome: 'not_yet', reason: 'live_sessions' })
    expect(await user.rotate(grant)).toMatchObject({ outcome: 'replayed' })
  })

  it('but not by an expired session', async () => {
    const user = await freshAuthority()
    await user.open()
    user.clock.now += 40 * 24 * HOUR
    expect(await erase(user)).toEqual({ outcome: 'erased' })
  })

  it.each(['feed', 'queue', 'hub'] as const)('while the %s has not accepted its deliveries', async (part) => {
    const { user } = await usedAuthority()
    const down = async (): Promise<never> => Promise.reject(new Error('down'))
    await user.breakReceivers((ctx) => ({
      ...ctx,
      ...(part === 'queue'
        ? { queues: { ...ctx.queues, objectEvents: { ...ctx.queues.objectEvents, send: down } } }
        : { objects: { ...ctx.objects, [part]: () => ({ append: down }) } }),
    }))
    await endAll(user)
    expect(await erase(user)).toEqual({ outcome: 'not_yet', reason: 'undelivered' })
    const waiting = await user.outbox()
    expect(waiting.length).toBeGreaterThan(0)
    await user.restoreReceivers()
    expect(await erase(user)).toEqual({ outcome: 'erased' })
  })

  it('until the events in D1 are delivered to all logs', async () => {
    const app = createTestApp()
    const user = await freshUser(app)
    const object = user.stub()
    const late = newUuid()
    await env.DB.prepare(
      `insert into events (id, type, time, subject, user_id, actor_type, actor_id, data) values (?, 'test.happened', 0, 'x', ?, 'user', 'x', '{}')`,
    )
      .bind(late, user.id)
      .run()
    await object.endSessions({
      userId: user.id,
      except: null,
      reason: 'deleted',
      actor: { type: 'system', id: 'test' },
      caller: callerAt(HOME),
      authVersion: 2,
    })
    expect(await object.erase({ userId: user.id, authVersion: 2 })).toEqual({ outcome: 'erased' })
    const row = await env.DB.prepare('select delivered_at from events where id = ?').bind(late).first()
    expect(row).toMatchObject({ delivered_at: expect.any(Number) })
    const hub = (await app.ctx()).objects.hub('platform')
    const { head } = await hub.read({ topic: 'platform', after: 0, limit: 1 })
    const { events } = await hub.read({ topic: 'platform', after: head - 50, limit: 50 })
    expect(events.map(({ event }) => event.id)).toContain(late)
  })
})

describe('an hour after an erasure', () => {
  it('the whole storage is deleted with its alarm, and the object still works', async () => {
    const { user, grant } = await usedAuthority()
    await endAll(user)
    await erase(user)
    expect(await alarmOf(user)).toBe(user.clock.now + HOUR)
    user.clock.now += HOUR
    await runDurableObjectAlarm(user.stub)
    expect(await contentOf(user)).toEqual({})
    expect(await alarmOf(user)).toBeNull()
    expect(await user.rotate(grant)).toEqual({ outcome: 'refused', reason: 'unknown_session' })
    const opened = await user.open()
    expect(await user.rotate(opened)).toMatchObject({ outcome: 'rotated' })
    await user.restart()
    expect(await user.stub.listSessions({ userId: user.userId, withEnded: true })).toHaveLength(1)
  })

  it('the object still works after a restart', async () => {
    const { user } = await usedAuthority()
    await endAll(user)
    await erase(user)
    user.clock.now += HOUR
    await runDurableObjectAlarm(user.stub)
    await user.restart()
    const opened = await user.open()
    expect((await user.end(opened.session.id)).ended).toEqual([opened.session.id])
    await vi.waitFor(async () => expect(await user.outbox()).toEqual([]), 10_000)
  })

  it('a socket is refused', async () => {
    const { user } = await usedAuthority()
    await endAll(user)
    await erase(user)
    user.clock.now += HOUR
    await runDurableObjectAlarm(user.stub)
    const answer = await user.stub.fetch('https://object/', { headers: { upgrade: 'websocket' } })
    expect(answer.status).toBe(400)
  })
})

it('an erasure closes open sockets', async () => {
  const app = createTestApp()
  const user = await freshUser(app)
  const socket = await connect(app, { token: user.token })
  await socket.first('connection')
  await user.end(user.sessionId)
  expect(await user.stub().erase({ userId: user.id, authVersion: 2 })).toEqual({ outcome: 'erased' })
  expect(await socket.closed()).toMatchObject({ code: 4001 })
})

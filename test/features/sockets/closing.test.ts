import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import { disableClient } from '../../../src/features/clients/service.ts'
import { SECOND } from '../../../src/lib/time.ts'
import { createTestApp } from '../../support/app.ts'
import { connect, upgrade } from '../../support/sockets.ts'
import { claimsOf } from '../../support/tokens.ts'
import { freshMachine, freshUser, insertRows, runAlarmsAt } from '../events/support.ts'

const app = createTestApp()
const SYSTEM = { type: 'system', id: 'test' } as const
const CALLER = { ip: '192.0.2.1', country: null, userAgent: null }

describe('a revoked session', () => {
  it('closes its sockets with 4001 after the event; sockets of other sessions get the event and stay', async () => {
    const user = await freshUser(app)
    const other = await user.open()
    const [ending, staying] = await Promise.all([
      connect(app, { token: user.token }),
      connect(app, { token: other.token }),
    ])
    await user.end(user.sessionId)
    expect(await ending.closed()).toEqual({ code: 4001, reason: 'session revoked' })
    for (const socket of [ending, staying]) {
      expect(await socket.first('session.revoked')).toMatchObject({
        subject: user.sessionId,
        session_id: user.sessionId,
        data: { reason: 'revoked' },
      })
    }
    const [id] = await user.publish(1)
    expect(await staying.first('test.happened')).toMatchObject({ id })
    expect(staying.isClosed()).toBe(false)
  })

  it('closes every socket of a locked user', async () => {
    const user = await freshUser(app)
    const other = await user.open()
    const sockets = await Promise.all([connect(app, { token: user.token }), connect(app, { token: other.token })])
    await user.stub().endSessions({
      userId: user.id,
      except: null,
      reason: 'locked',
      actor: SYSTEM,
      caller: CALLER,
      authVersion: 2,
    })
    for (const socket of sockets) expect((await socket.closed()).code).toBe(4001)
    expect(await sockets[0]?.count('session.revoked', 2)).toMatchObject([
      { data: { reason: 'locked' } },
      { data: { reason: 'locked' } },
    ])
  })

  it('opens no socket by token or by an earlier ticket', async () => {
    const user = await freshUser(app)
    const answer = await app.fetch('/api/v1/websocket/ticket', {
      method: 'POST',
      headers: { authorization: `Bearer ${user.token}` },
    })
    const { ticket } = await answer.json<{ ticket: string }>()
    await user.end(user.sessionId)
    for (const query of [{ token: user.token }, { ticket }]) {
      const socket = await connect(app, query)
      expect(await socket.closed()).toEqual({ code: 1008, reason: 'invalid_token' })
      expect(socket.events()).toEqual([])
    }
  })
})

describe('expiry', () => {
  it("closes a socket with 4002 at its token's exp", async () => {
    const user = await freshUser(app)
    const socket = await connect(app, { token: user.token })
    await socket.first('connection')
    const expiresAt = claimsOf(user.token).exp * SECOND
    await runAlarmsAt(user.stub(), expiresAt - 1)
    expect(socket.isClosed()).toBe(false)
    await runAlarmsAt(user.stub(), expiresAt)
    expect(await socket.closed()).toEqual({ code: 4002, reason: 'token expired' })
  })

  it('is postponed by a newer token in the same socket', async () => {
    const user = await freshUser(app)
    const socket = await connect(app, { token: user.token })
    await socket.first('connection')
    await runInDurableObject(user.stub(), (_, state) => {
      const [server] = state.getWebSockets()
      const known = server?.deserializeAttachment()
      server?.serializeAttachment({ ...known, identity: { ...known.identity, expiresAt: Date.now() + 1000 } })
    })
    // Only what is in the attachment counts after hibernation.
    await user.hibernate()
    socket.send({ type: 'auth', token: user.token })
    expect(await socket.first('auth')).toEqual({
      type: 'auth',
      data: { status: 'success', user_id: user.id, email: user.email },
    })
    await runAlarmsAt(user.stub(), Date.now() + 60_000)
    const [id] = await user.publish(1)
    expect(await socket.first('test.happened')).toMatchObject({ id })
  })

  it('of the session closes with 4002, after the event', async () => {
    const user = await freshUser(app)
    const socket = await connect(app, { token: user.token })
    await socket.first('connection')
    await runInDurableObject(user.stub(), (_, state) => {
      state.storage.sql.exec('update sessions set idle_expires_at = ?', Date.now() - 1)
    })
    await user.open()
    expect(await socket.closed()).toEqual({ code: 4002, reason: 'session expired' })
    expect(await socket.first('session.expired')).toMatchObject({ session_id: user.sessionId })
  })
})

describe('an invalid token', () => {
  it.each([
    ['nested', 'authentication'],
    ['flat', 'auth'],
  ])("closes an open socket with 1008, answered in the client's dialect (%s)", async (_, type) => {
    const user = await freshUser(app)
    const socket = await connect(app, { token: user.token })
    socket.send(type === 'auth' ? { type, token: 'x.y.z' } : { type, data: { token: 'x.y.z' } })
    expect((await socket.closed()).code).toBe(1008)
    expect(await socket.first(type)).toEqual({ type, data: { status: 'failed', error: 'invalid_token' } })
  })

  it('closes with 1008 when it belongs to another user', async () => {
    const [user, other] = await Promise.all([freshUser(app), freshUser(app)])
    const socket = await connect(app, { token: user.token })
    socket.send({ type: 'auth', token: other.token })
    expect((await socket.closed()).code).toBe(1008)
  })

  it('closes at once with 1008 at the upgrade', async () => {
    const { token } = await freshUser(app)
    for (const bad of ['x', 'a.b.c', `${token.slice(0, -4)}AAAA`]) {
      const socket = await connect(app, { token: bad })
      expect(await socket.closed()).toEqual({ code: 1008, reason: 'invalid_token' })
      expect(await socket.first('connection')).toMatchObject({ data: { authenticated: false, cursor: null } })
    }
  })
})

describe('a client that acknowledges', () => {
  it('is closed with 4008 when it is 1,000 events behind, and resumes from what it acknowledged', async () => {
    const user = await freshUser(app)
    const socket = await connect(app, { token: user.token })
    await user.publish(1)
    const { cursor } = await socket.first('test.happened')
    socket.send({ type: 'ack', cursor })
    const ids = await user.publish(999)
    await socket.count('test.happened', 1000)
    expect(socket.isClosed()).toBe(false)
    ids.push(...(await user.publish(1)))
    expect(await socket.closed()).toEqual({ code: 4008, reason: 'too far behind' })
    const again = await connect(app, { token: user.token, after: String(cursor) })
    await again.count('test.happened', 1000)
    expect(again.events().map(({ id }) => id)).toEqual(ids)
    again.send({ type: 'ack', cursor })
    again.send({ type: 'ping', timestamp: 7 })
    await again.first('pong')
    await user.publish(1)
    await again.count('test.happened', 1001)
    expect(again.isClosed()).toBe(false)
  })

  it('stays when it keeps up', async () => {
    const user = await freshUser(app)
    const socket = await connect(app, { token: user.token })
    for (let round = 1; round <= 3; round += 1) {
      await user.publish(500)
      const events = await socket.count('test.happened', 500 * round)
      socket.send({ type: 'ack', cursor: events.at(-1)?.cursor })
      socket.send({ type: 'ping', timestamp: round })
      await socket.count('pong', round)
    }
    expect(socket.isClosed()).toBe(false)
  })
})

describe('the 21st socket of a user', () => {
  it('is refused with 429 at the upgrade and 1013 after a first frame, until another one closes', async () => {
    const user = await freshUser(app)
    const sockets = await Promise.all(Array.from({ length: 20 }, () => connect(app, { token: user.token })))
    const answer = await upgrade(app, { token: user.token })
    expect(answer.status).toBe(429)
    expect(await answer.json()).toMatchObject({ code: 'TOO_MANY_SOCKETS' })
    const late = await connect(app)
    late.send({ type: 'auth', token: user.token })
    expect(await late.closed()).toEqual({ code: 1013, reason: 'too_many_connections' })
    sockets[0]?.close()
    await vi.waitFor(async () => expect((await upgrade(app, { token: user.token })).status).toBe(101), 10_000)
  })
})

describe('a machine that is disabled', () => {
  it('loses its sockets with 4001, after the event', async () => {
    const [machine, other] = await Promise.all([freshMachine(app), freshMachine(app)])
    const socket = await connect(app, { token: machine.token })
    const staying = await connect(app, { token: other.token })
    await socket.first('connection')
    await disableClient(await app.ctx(), { id: machine.id, actor: SYSTEM })
    expect(await socket.closed()).toEqual({ code: 4001, reason: 'client disabled' })
    await vi.waitFor(
      () =>
        expect(socket.events()).toContainEqual(
          expect.objectContaining({ type: 'client.disabled', subject: machine.id, channel: 'platform' }),
        ),
      10_000,
    )
    expect(staying.isClosed()).toBe(false)
    expect((await connect(app, { token: machine.token }).then((again) => again.closed())).code).toBe(1008)
  })
})

describe('a change of claims', () => {
  it('unsubscribes a socket with an older token from `platform`, until it sends a newer one', async () => {
    const admin = await freshUser(app, { role: 'admin' })
    const socket = await connect(app, { token: admin.token })
    socket.send({ type: 'subscribe', channel: 'platform' })
    await socket.first('subscribed')
    await insertRows(admin.id, 1, { type: 'user.role_changed', claimsVersion: 2 })
    await admin.nudge()
    expect(await socket.first('unsubscribed')).toMatchObject({ data: { channel: 'platform' } })
    socket.send({ type: 'subscribe', channel: 'platform' })
    expect(await socket.first('error')).toMatchObject({ data: { error: 'forbidden_channel', channel: 'platform' } })
    const [id] = await admin.publish(1)
    expect(await socket.first('test.happened')).toMatchObject({ id, channel: admin.channel })
  })
})

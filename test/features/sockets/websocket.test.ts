import { describe, expect, it } from 'vitest'
import { encodeCursor } from '../../../src/durable/sockets/cursor.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp } from '../../support/app.ts'
import { connect, readSocket, type TestSocket, upgrade } from '../../support/sockets.ts'
import { freshMachine, freshUser } from '../events/support.ts'

const app = createTestApp()

/** Its answer arrives after the answers to all earlier frames. */
async function settle(socket: TestSocket): Promise<void> {
  const timestamp = newUuid()
  socket.send({ type: 'ping', timestamp })
  const pongs = socket.frames.filter(({ type }) => type === 'pong').length
  await socket.count('pong', pongs + 1)
}

describe('an upgrade', () => {
  it('takes the token in the query, the subprotocol or the header', async () => {
    const { token } = await freshUser(app)
    const ways = [
      () => upgrade(app, { token }),
      () => upgrade(app, {}, { 'sec-websocket-protocol': `bearer, ${token}` }),
      () => upgrade(app, {}, { authorization: `Bearer ${token}` }),
    ]
    for (const way of ways) {
      const answer = await way()
      expect(answer.status).toBe(101)
      if (!answer.webSocket) throw new Error('no socket')
      const connection = await readSocket(answer.webSocket).first('connection')
      expect(connection.data).toMatchObject({ authenticated: true })
    }
  })

  it('answers the subprotocol `bearer` and never the token', async () => {
    const { token } = await freshUser(app)
    const answer = await upgrade(app, {}, { 'sec-websocket-protocol': `bearer, ${token}` })
    expect(answer.headers.get('sec-websocket-protocol')).toBe('bearer')
    expect((await upgrade(app, { token })).headers.get('sec-websocket-protocol')).toBeNull()
  })

  it('is also served at the alias', async () => {
    const { token } = await freshUser(app)
    const answer = await app.fetch(`/api/v1/ws?token=${token}`, { headers: { upgrade: 'websocket' } })
    expect(answer.status).toBe(101)
  })

  it('is required: 426 without it', async () => {
    const answer = await app.fetch('/api/v1/websocket/ws')
    expect(answer.status).toBe(426)
    expect(answer.headers.get('upgrade')).toBe('websocket')
    expect(await answer.json()).toMatchObject({ code: 'UPGRADE_REQUIRED' })
  })

  it('is 403 from an origin that is not configured, even with a valid token', async () => {
    const { token } = await freshUser(app)
    const answer = await upgrade(app, { token }, { origin: 'https://evil.example' })
    expect(answer.status).toBe(403)
    expect(await answer.json()).toMatchObject({ code: 'ORIGIN_NOT_ALLOWED' })
    expect((await upgrade(app, { token }, { origin: 'http://localhost:3000' })).status).toBe(101)
    expect((await upgrade(app, { token }, { origin: 'null' })).status).toBe(403)
  })

  it("opens for a page of the service's own host, and for no other site", async () => {
    const { token } = await freshUser(app)
    const statusFor = async (site: string) =>
      (await upgrade(app, { token }, { origin: 'https://app.example', 'sec-fetch-site': site })).status
    expect(await statusFor('same-origin')).toBe(101)
    expect(await statusFor('same-site')).toBe(403)
    expect(await statusFor('cross-site')).toBe(403)
  })

  it('reads no cookie', async () => {
    const { token } = await freshUser(app)
    const socket = await connect(app, {}, { cookie: `__Secure-postern=${token}` })
    expect(await socket.first('connection')).toMatchObject({ data: { authenticated: false } })
  })

  it("ignores a client's copy of the Worker's internal header", async () => {
    const victim = await freshUser(app)
    const identity = { principal: { type: 'user', userId: victim.id, sessionId: victim.sessionId, email: '' } }
    const header = btoa(JSON.stringify({ credential: { type: 'identity', identity }, after: null }))
    const socket = await connect(app, {}, { 'x-postern-socket': header })
    expect(await socket.first('connection')).toMatchObject({ data: { authenticated: false } })
  })
})

describe('an event frame', () => {
  it('has the documented shape, without IP address and user agent', async () => {
    const user = await freshUser(app)
    const socket = await connect(app, { token: user.token })
    const [id] = await user.publish(1, { organizationId: null, data: { before: { a: 1 }, after: { a: 2 } } })
    const frame = await socket.first('test.happened')
    expect(frame).toEqual({
      id,
      seq: expect.any(Number),
      cursor: encodeCursor({ [user.channel]: frame.seq ?? 0 }),
      type: 'test.happened',
      event: 'test.happened',
      channel: user.channel,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      timestamp: expect.any(Number),
      subject: 'subject',
      actor: { type: 'system', id: 'test' },
      session_id: null,
      organization_id: null,
      data: { before: { a: 1 }, after: { a: 2 } },
    })
    expect(new Date(String(frame.time)).getTime()).toBe(frame.timestamp)
    expect(JSON.stringify(socket.frames)).not.toContain('secret agent')
  })

  it('reaches each socket of the user, and nobody else', async () => {
    const [user, other] = await Promise.all([freshUser(app), freshUser(app)])
    const sockets = await Promise.all([1, 2, 3].map(() => connect(app, { token: user.token })))
    const stranger = await connect(app, { token: other.token })
    const ids = await user.publish(2)
    for (const socket of sockets) {
      await socket.count('test.happened', 2)
      expect(socket.events().map((event) => event.id)).toEqual(ids)
    }
    await settle(stranger)
    expect(stranger.events()).toEqual([])
  })
})

describe('the nested dialect', () => {
  it('is answered in its own words', async () => {
    const user = await freshUser(app)
    const socket = await connect(app, { token: user.token })
    socket.send({ type: 'authentication', data: { token: user.token } })
    expect(await socket.first('authentication')).toEqual({
      type: 'authentication',
      data: { status: 'success', user_id: user.id, email: user.email },
    })
    const data = { subscription_type: 'topic', target_id: user.channel }
    socket.send({ type: 'subscription', data })
    expect(await socket.first('subscription')).toEqual({
      type: 'subscription',
      data: {
        status: 'subscribed',
        type: 'topic',
        target: user.channel,
        channel: user.channel,
        cursor: expect.any(String),
      },
    })
    socket.send({ type: 'unsubscription', data })
    expect(await socket.first('unsubscription')).toMatchObject({
      data: { status: 'unsubscribed', target: user.channel },
    })
    await user.publish(1)
    await settle(socket)
    expect(socket.events()).toEqual([])
  })

  it('refuses organizations that the user is not a member of', async () => {
    const user = await freshUser(app)
    const socket = await connect(app, { token: user.token })
    const id = newUuid()
    socket.send({ type: 'subscription', data: { subscription_type: 'organization', target_id: id } })
    expect(await socket.first('error')).toEqual({
      type: 'error',
      data: { error: 'forbidden_channel', channel: `organization:${id}` },
    })
  })
})

describe('the flat dialect', () => {
  it('is answered in its own words, the channel in `data`', async () => {
    const user = await freshUser(app)
    const socket = await connect(app, { token: user.token })
    socket.send({ type: 'subscribe', channel: user.channel, timestamp: 1 })
    expect(await socket.first('subscribed')).toEqual({
      type: 'subscribed',
      data: { status: 'subscribed', channel: user.channel, cursor: expect.any(String) },
    })
    await user.publish(1)
    await socket.count('test.happened', 1)
    socket.send({ type: 'unsubscribe', channel: user.channel, timestamp: 1 })
    await socket.first('unsubscribed')
    await user.publish(1)
    await settle(socket)
    expect(socket.events()).toHaveLength(1)
  })
})

describe('a ping', () => {
  it('is answered without waking the object in its exact form, otherwise with its timestamp', async () => {
    const { token } = await freshUser(app)
    const socket = await connect(app, { token })
    socket.send('{"type":"ping"}')
    expect(await socket.first('pong')).toEqual({ type: 'pong', data: { timestamp: null } })
    socket.send({ type: 'ping', timestamp: 1234 })
    expect((await socket.count('pong', 2))[1]).toEqual({ type: 'pong', data: { timestamp: 1234 }, timestamp: 1234 })
  })
})

describe('rights', () => {
  it("refuse `platform` to a user and another user's channel to everybody", async () => {
    const [user, other, admin] = await Promise.all([freshUser(app), freshUser(app), freshUser(app, { role: 'admin' })])
    const socket = await connect(app, { token: user.token })
    for (const channel of ['platform', other.channel, 'organization:x', '__proto__', `user:${user.id.toUpperCase()}`]) {
      socket.send({ type: 'subscribe', channel })
    }
    const errors = await socket.count('error', 5)
    expect(new Set(errors.map(({ data }) => data?.error))).toEqual(new Set(['forbidden_channel']))
    const nosy = await connect(app, { token: admin.token })
    nosy.send({ type: 'subscribe', channel: other.channel })
    expect(await nosy.first('error')).toMatchObject({ data: { error: 'forbidden_channel' } })
  })

  it("give an admin `platform`, where every user's events are", async () => {
    const [user, admin] = await Promise.all([freshUser(app), freshUser(app, { role: 'admin' })])
    const socket = await connect(app, { token: admin.token })
    socket.send({ type: 'subscribe', channel: 'platform' })
    await socket.first('subscribed')
    const [id] = await user.publish(1, { type: 'test.seen_by_admin' })
    expect(await socket.first('test.seen_by_admin')).toMatchObject({ id, channel: 'platform' })
  })

  it('give a machine with `events:read` `platform` from the start, and one without nothing', async () => {
    const [user, machine, blind] = await Promise.all([
      freshUser(app),
      freshMachine(app),
      freshMachine(app, ['introspect']),
    ])
    const socket = await connect(app, { token: machine.token })
    await socket.first('connection')
    const [id] = await user.publish(1, { type: 'test.seen_by_machine' })
    expect(await socket.first('test.seen_by_machine')).toMatchObject({ id, channel: 'platform' })
    socket.send({ type: 'subscribe', channel: user.channel })
    expect(await socket.first('error')).toMatchObject({ data: { error: 'forbidden_channel' } })
    socket.send({ type: 'auth', token: machine.token })
    expect(await socket.first('auth')).toMatchObject({ data: { status: 'success', client_id: machine.id } })
    const refused = await connect(app, { token: blind.token })
    expect(await refused.closed()).toEqual({ code: 1008, reason: 'insufficient_scope' })
  })

  it('allow nobody to publish', async () => {
    const user = await freshUser(app, { role: 'admin' })
    const socket = await connect(app, { token: user.token })
    socket.send({ type: 'publish', channel: user.channel, event: 'user.updated', data: {} })
    socket.send({ type: 'message', data: { organization_id: newUuid(), message: 'hello' } })
    for (const frame of await socket.count('error', 2)) {
      expect(frame).toEqual({ type: 'error', data: { error: 'publishing_not_allowed' } })
    }
    expect(socket.events()).toEqual([])
  })
})

describe('invalid frames', () => {
  const bad = ['', 'nonsense', '[]', 'null', '1', '{}', '{"type":"toString"}', '{"type":"ack"}', '{"type":"subscribe"}']

  it('are answered with an error, and closed with 1008 at the fifth', async () => {
    for (let start = 0; start < bad.length; start += 5) {
      const { token } = await freshUser(app)
      const socket = await connect(app, { token })
      const some = [...bad.slice(start, start + 5), 'x', 'y'].slice(0, 5)
      for (const frame of some) socket.send(frame)
      expect(await socket.closed()).toEqual({ code: 1008, reason: 'malformed_frame' })
      expect(await socket.count('error', 5)).toContainEqual({ type: 'error', data: { error: 'malformed_frame' } })
    }
  })

  it('that are too large are closed with 1009 at the second', async () => {
    const { token } = await freshUser(app)
    const socket = await connect(app, { token })
    const large = { type: 'ping', timestamp: 'x'.repeat(16 * 1024) }
    socket.send(large)
    expect(await socket.first('error')).toEqual({ type: 'error', data: { error: 'frame_too_large' } })
    socket.send(large)
    expect((await socket.closed()).code).toBe(1009)
  })
})

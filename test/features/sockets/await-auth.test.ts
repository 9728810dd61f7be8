import { describe, expect, it } from 'vitest'
import { encodeCursor } from '../../../src/durable/sockets/cursor.ts'
import { createTestApp } from '../../support/app.ts'
import { connect } from '../../support/sockets.ts'
import { freshUser } from '../events/support.ts'

const app = createTestApp()

describe('an upgrade without a token', () => {
  it('waits for an `auth` frame in either dialect, and is then a normal socket', async () => {
    const user = await freshUser(app)
    const frames = [
      { type: 'auth', token: user.token },
      { type: 'authentication', data: { token: user.token } },
    ]
    for (const frame of frames) {
      const socket = await connect(app)
      expect(await socket.first('connection')).toMatchObject({ data: { authenticated: false, cursor: null } })
      socket.send({ type: 'ping', timestamp: 5 })
      expect(await socket.first('pong')).toMatchObject({ timestamp: 5 })
      socket.send(frame)
      // Sent before the answer: answered after it.
      socket.send({ type: 'subscribe', channel: user.channel })
      expect(await socket.first(frame.type)).toMatchObject({ data: { status: 'success', user_id: user.id } })
      await socket.first('subscribed')
      const connections = await socket.count('connection', 2)
      expect(connections[1]).toMatchObject({ data: { authenticated: true, cursor: expect.any(String) } })
      const [id] = await user.publish(1)
      expect(await socket.first('test.happened')).toMatchObject({ id })
      socket.close()
    }
  })

  it('resumes from the cursor of its query', async () => {
    const user = await freshUser(app)
    const head = (await user.logged()).length
    const ids = await user.publish(3)
    const socket = await connect(app, { after: encodeCursor({ [user.channel]: head }) })
    socket.send({ type: 'auth', token: user.token })
    await socket.count('test.happened', 3)
    expect(socket.events().map(({ id }) => id)).toEqual(ids)
  })

  it('closes with 4001 when the session ends', async () => {
    const user = await freshUser(app)
    const socket = await connect(app)
    socket.send({ type: 'auth', token: user.token })
    await socket.first('auth')
    await user.end(user.sessionId)
    expect(await socket.closed()).toEqual({ code: 4001, reason: 'session revoked' })
    expect(await socket.first('session.revoked')).toMatchObject({ session_id: user.sessionId })
  })

  it('closes with 1008 on an invalid token, and forwards nothing before', async () => {
    const user = await freshUser(app)
    const socket = await connect(app)
    socket.send({ type: 'subscribe', channel: user.channel })
    expect(await socket.first('error')).toMatchObject({ data: { error: 'not_authenticated' } })
    socket.send({ type: 'auth', token: 'x.y.z' })
    expect(await socket.closed()).toEqual({ code: 1008, reason: 'invalid_token' })
    expect(await socket.first('auth')).toMatchObject({ data: { status: 'failed' } })
  })

  it('closes with 1008 when no token comes in 10 seconds', async () => {
    const socket = await connect(app)
    await socket.first('connection')
    expect(await socket.closed()).toEqual({ code: 1008, reason: 'not_authenticated' })
  })
})

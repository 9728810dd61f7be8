import { describe, expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import { connect } from '../../support/sockets.ts'
import { signInUser, signUpUser } from '../../support/users.ts'

const app = createTestApp()

describe('a user with a token', () => {
  it('is connected and gets the events of its own log', async () => {
    const user = await signUpUser(app)
    const socket = await connect(app, { token: user.accessToken })
    const connection = await socket.first('connection')
    expect(connection.data).toMatchObject({ status: 'connected', authenticated: true, reconnect_spread_ms: 5000 })
    await signInUser(app, user)
    const event = await socket.first('session.created')
    expect(event).toMatchObject({
      type: 'session.created',
      event: 'session.created',
      channel: `user:${user.user.id}`,
      actor: { type: 'user', id: user.user.id },
    })
    expect(event).not.toHaveProperty('ip')
    expect(event).not.toHaveProperty('user_agent')
  })
})

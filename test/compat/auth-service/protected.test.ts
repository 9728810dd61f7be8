import { describe, expect, it } from 'vitest'
import { json } from '../../support/app.ts'
import { recordedOf } from '../../support/events.ts'
import { connect } from '../../support/sockets.ts'
import { makeAdmin, newAddress } from '../../support/users.ts'
import { answerOf, app, call } from '../support/requests.ts'
import { issuesOf, registerAndLogin } from './support.ts'

describe('GET /', () => {
  it('greets', async () => {
    expect(await answerOf(call('GET', '/'))).toEqual([200, { message: expect.any(String) }])
  })
})

describe('GET /protected', () => {
  it('names the caller, by username or by address', async () => {
    const { headers, username } = await registerAndLogin()
    expect(await answerOf(call('GET', '/protected', { headers }))).toEqual([
      200,
      { message: expect.any(String), user: username },
    ])
    const admin = await makeAdmin(app)
    expect(await answerOf(call('GET', '/protected', { headers: admin.headers }))).toMatchObject([
      200,
      { user: admin.email },
    ])
  })

  it('is 401 without a bearer, and asks for one', async () => {
    const answer = await call('GET', '/protected')
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect(await answer.json()).toMatchObject({ detail: expect.any(String) })
  })
})

describe('POST /chatbot/interact', () => {
  const interact = (body: unknown, headers: Record<string, string>) =>
    answerOf(call('POST', '/chatbot/interact', { body, headers }))

  it('publishes an event: an admin’s socket on the platform channel gets it', async () => {
    const [admin, person] = [await makeAdmin(app), await registerAndLogin()]
    const socket = await connect(app, {}, { authorization: admin.headers.authorization })
    await socket.first('connection')
    socket.send({ type: 'subscribe', channel: 'platform' })
    await socket.first('subscribed')
    const sent = {
      user_id: 4711,
      vendor_id: 'v-7',
      interaction_type: 'question',
      message: 'Wo ist das Brot? 🍞',
      response: { text: 'Aisle 3', score: 0.9 },
      locale: 'de',
      tags: ['bread'],
    }
    expect(await interact(sent, person.headers)).toEqual([200, { message: expect.any(String) }])
    await app.settled()
    const [event] = await socket.count('chatbot.interaction', 1)
    const { locale, tags, ...known } = sent
    expect(event).toMatchObject({
      channel: 'platform',
      subject: person.uuid,
      actor: { type: 'user', id: person.uuid },
      data: { ...known, other: { locale, tags } },
    })
    socket.close()
  })

  it('takes any object, and records what was sent', async () => {
    const person = await registerAndLogin()
    const bodies = [{}, { message: null }, { type: 'x', actor: 'root', __proto__x: 1 }, { message: '\u0000\ud800' }]
    for (const body of bodies) expect((await interact(body, person.headers))[0]).toBe(200)
    const events = await recordedOf(person.uuid, 'chatbot.interaction')
    expect(events.map(({ actor_id }) => actor_id)).toEqual(bodies.map(() => person.uuid))
    expect(events[2]?.data).toEqual({ other: { type: 'x', actor: 'root', __proto__x: 1 } })
  })

  it('is 422 for what is no object, 400 for what is no JSON or nested too deep for any store', async () => {
    const person = await registerAndLogin()
    for (const body of [[], [{}], 'x', 1, true]) {
      const [status, answer] = await interact(body, person.headers)
      expect([status, issuesOf(answer)[0]?.loc]).toEqual([422, ['body']])
    }
    const post = (body: string) =>
      app.fetch('/chatbot/interact', {
        method: 'POST',
        headers: { ...person.headers, 'content-type': 'application/json', 'cf-connecting-ip': newAddress() },
        body,
      })
    for (const depth of [65, 1000, 8000]) {
      const answer = await post(`{"message":${'['.repeat(depth)}${']'.repeat(depth)}}`)
      expect([depth, answer.status]).toEqual([depth, 400])
    }
    expect((await post(`{"message":${'['.repeat(60)}${']'.repeat(60)}}`)).status).toBe(200)
    expect((await post('{"message":')).status).toBe(400)
  })

  it('is 413 beyond 16 KiB, and takes what is just as long', async () => {
    const { headers } = await registerAndLogin()
    const fits = { message: 'x'.repeat(16 * 1024 - JSON.stringify({ message: '' }).length) }
    expect((await interact(fits, headers))[0]).toBe(200)
    const [status, body] = await interact({ message: `${fits.message}x` }, headers)
    expect([status, body.code, typeof body.detail]).toEqual([413, 'PAYLOAD_TOO_LARGE', 'string'])
  })

  it('is 401 without a bearer', async () => {
    expect((await app.fetch('/chatbot/interact', json({ message: 'hello' }))).status).toBe(401)
  })
})

import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { openTicket, sealTicket } from '../../../src/features/sockets/rules.ts'
import { toBase64Url } from '../../../src/lib/encoding.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { bearer, createTestApp } from '../../support/app.ts'
import { connect } from '../../support/sockets.ts'
import { freshMachine, freshUser, hubStub, testEvent, userStub } from '../events/support.ts'

const app = createTestApp()

const post = (token: string) => app.fetch('/api/v1/websocket/ticket', { method: 'POST', ...bearer(token) })

async function issue(token: string): Promise<string> {
  const answer = await post(token)
  expect(answer.status).toBe(201)
  const body = await answer.json<{ ticket: string; expires_in: number }>()
  expect(body.expires_in).toBe(30)
  return body.ticket
}

const codeOf = async (ticket: string) => (await (await connect(app, { ticket })).closed()).code

describe('a ticket', () => {
  it('opens one socket of its user, once', async () => {
    const user = await freshUser(app)
    const ticket = await issue(user.token)
    const socket = await connect(app, { ticket })
    const [id] = await user.publish(1)
    expect(await socket.first('test.happened')).toMatchObject({ id, channel: user.channel })
    expect(await codeOf(ticket)).toBe(1008)
  })

  it('lets one of ten racing upgrades in', async () => {
    const ticket = await issue((await freshUser(app)).token)
    const sockets = await Promise.all(Array.from({ length: 10 }, () => connect(app, { ticket })))
    const connections = await Promise.all(sockets.map((socket) => socket.first('connection')))
    expect(connections.filter(({ data }) => data?.authenticated === true)).toHaveLength(1)
  })

  it('is valid for 30 seconds', async () => {
    const user = await freshUser(app)
    const ticket = await issue(user.token)
    await runInDurableObject(userStub(user.id), (object) => {
      object.clock = () => Date.now() + 30_000
    })
    expect(await codeOf(ticket)).toBe(1008)
  })

  it("opens a machine's socket on `platform`", async () => {
    const machine = await freshMachine(app)
    const socket = await connect(app, { ticket: await issue(machine.token) })
    expect(await socket.first('connection')).toMatchObject({ data: { authenticated: true } })
    const event = testEvent({ type: 'test.for_ticket' })
    await hubStub('platform').append({ topic: 'platform', events: [event] })
    expect(await socket.first('test.for_ticket')).toMatchObject({ id: event.id, channel: 'platform' })
  })

  it('is not accepted as an access token, nor an access token as a ticket', async () => {
    const { token } = await freshUser(app)
    const ticket = await issue(token)
    expect((await post(ticket)).status).toBe(401)
    expect((await (await connect(app, { token: ticket })).closed()).code).toBe(1008)
    expect(await codeOf(token)).toBe(1008)
  })

  it('is issued for a valid token with the scope', async () => {
    expect((await app.fetch('/api/v1/websocket/ticket', { method: 'POST' })).status).toBe(401)
    expect((await post('x.y.z')).status).toBe(401)
    expect((await post((await freshMachine(app, [])).token)).status).toBe(403)
  })

  it('is stored as a hash', async () => {
    const user = await freshUser(app)
    const ticket = await issue(user.token)
    const key = await (await app.ctx()).config.rootKeys.current.derive('websocket ticket')
    const secret = openTicket([key], ticket)?.secret
    const rows = await runInDurableObject(userStub(user.id), (_, state) =>
      state.storage.sql.exec('select * from tickets').toArray(),
    )
    expect(rows).toHaveLength(1)
    expect(JSON.stringify(rows)).not.toContain(secret)
  })
})

describe('the MAC of a ticket', () => {
  const key = crypto.getRandomValues(new Uint8Array(32))
  const secret = toBase64Url(crypto.getRandomValues(new Uint8Array(32)))
  const userId = newUuid()

  it('covers the object that issued it', () => {
    expect(openTicket([key], sealTicket(key, { userId, secret }))).toEqual({ userId, secret })
    expect(openTicket([key], sealTicket(key, { userId: null, secret }))).toEqual({ userId: null, secret })
  })

  it('is verified before any object is called: no byte may differ, and the key must be known', () => {
    const ticket = sealTicket(key, { userId, secret })
    for (let at = 0; at < ticket.length; at += 1) {
      const other = ticket[at] === 'A' ? 'B' : 'A'
      expect(openTicket([key], ticket.slice(0, at) + other + ticket.slice(at + 1))).toBeUndefined()
    }
    for (const text of ['', 'pwt_', ticket.slice(0, -1), `${ticket}A`, ticket.slice(4), `pat_${ticket.slice(4)}`])
      expect(openTicket([key], text)).toBeUndefined()
    const previous = crypto.getRandomValues(new Uint8Array(32))
    expect(openTicket([previous], ticket)).toBeUndefined()
    expect(openTicket([previous, key], ticket)).toEqual({ userId, secret })
  })
})

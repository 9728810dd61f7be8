import { beforeAll, describe, expect, it, vi } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, json } from '../../support/app.ts'
import { recordedOf } from '../../support/events.ts'
import { connect } from '../../support/sockets.ts'
import { makeAdmin, PASSWORD, type SignedInUser, signUpUser } from '../../support/users.ts'
import { asking } from '../admin/support.ts'

const app = createTestApp()
let admin: SignedInUser
let ask: ReturnType<typeof asking>
beforeAll(async () => {
  admin = await makeAdmin(app)
  ask = asking(app, admin)
})

describe('POST /api/v1/admin/users/:id/notifications', () => {
  it("reaches the user's sockets and the platform, and nobody else", async () => {
    const [user, other] = [await signUpUser(app), await signUpUser(app)]
    const [own, others, platform] = await Promise.all([
      connect(app, { token: user.accessToken }),
      connect(app, { token: other.accessToken }),
      connect(app, { token: admin.accessToken }),
    ])
    platform.send({ type: 'subscribe', channel: 'platform' })
    await Promise.all([own.first('connection'), others.first('connection'), platform.first('subscribed')])
    const given = { title: 'Maintenance', message: 'Tonight at ten', kind: 'ops.window' }
    const answer = await ask('POST', `/users/${user.user.id}/notifications`, given)
    expect([answer.status, await answer.json()]).toEqual([
      201,
      { ...given, user_id: user.user.id, created_at: expect.stringMatching(/Z$/) },
    ])
    const frame = { subject: user.user.id, actor: { type: 'user', id: admin.user.id }, data: given }
    expect(await own.first('notification.created')).toMatchObject({ ...frame, channel: `user:${user.user.id}` })
    expect(await platform.first('notification.created')).toMatchObject({ ...frame, channel: 'platform' })
    expect(others.events().filter(({ type }) => type === 'notification.created')).toEqual([])
    for (const socket of [own, others, platform]) socket.close()
  })

  it('is in the record, with the admin as its actor and its own kind', async () => {
    const { user } = await signUpUser(app)
    await ask('POST', `/users/${user.number}/notifications`, { title: ' x ', message: 'y' })
    expect(await recordedOf(user.id, 'notification.created')).toMatchObject([
      { subject: user.id, actor_id: admin.user.id, data: { kind: 'admin_message', title: 'x', message: 'y' } },
    ])
  })

  it.each([
    {},
    { title: 'x' },
    { message: 'x' },
    { title: '', message: 'x' },
    { title: '  ', message: 'x' },
    { title: 'x'.repeat(201), message: 'x' },
    { title: 'x', message: 'x'.repeat(2001) },
    { title: 'x', message: 'x', kind: 'Not A Kind' },
    { title: 7, message: 'x' },
  ])('refuses %#', async (body) => {
    const { user } = admin
    expect((await ask('POST', `/users/${user.id}/notifications`, body)).status).toBe(422)
  })

  it('is 404 for an unknown and for a deleted user', async () => {
    const { user } = await signUpUser(app)
    await ask('DELETE', `/users/${user.id}`)
    for (const id of [newUuid(), user.id])
      expect((await ask('POST', `/users/${id}/notifications`, { title: 'x', message: 'x' })).status).toBe(404)
  })
})

describe('notifications that the service sends by itself', () => {
  const kindsOf = async (id: string) => (await recordedOf(id, 'notification.created')).map(({ data }) => data.kind)

  it('is that the password was changed', async () => {
    const { user, headers } = await signUpUser(app)
    const body = { current_password: PASSWORD, new_password: 'An0ther-troubadour-of-it' }
    expect((await app.fetch('/api/v1/auth/password/change', json(body, headers))).status).toBe(200)
    await app.settled()
    expect(await kindsOf(user.id)).toEqual(['password_changed'])
  })

  it('is that a new device signed in', async () => {
    const user = await signUpUser(app)
    const headers = { 'cf-connecting-ip': user.address, 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' }
    await app.fetch('/api/v1/auth/signin', json({ email: user.email, password: user.password }, headers))
    await vi.waitFor(async () => expect(await kindsOf(user.user.id)).toEqual(['new_device']), 10_000)
  })

  it('is in the language of the user', async () => {
    const { user } = await signUpUser(app, { locale: 'de-AT' })
    await ask('PUT', `/users/${user.id}/role`, { role: 'vendor' })
    expect(await recordedOf(user.id, 'notification.created')).toMatchObject([
      { data: { kind: 'role_changed', title: 'Ihre Rolle wurde geändert' } },
    ])
  })
})

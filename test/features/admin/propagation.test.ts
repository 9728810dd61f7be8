import { beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, json } from '../../support/app.ts'
import { connect } from '../../support/sockets.ts'
import { makeAdmin, type SignedInUser, signUpUser } from '../../support/users.ts'
import { asking } from './support.ts'

const app = createTestApp()
let admin: SignedInUser
let ask: ReturnType<typeof asking>
beforeAll(async () => {
  admin = await makeAdmin(app)
  ask = asking(app, admin)
})

const validate = async (at: ReturnType<typeof createTestApp>, token: string): Promise<boolean> =>
  (await (await at.fetch('/validate', json({ token }))).json<{ valid: boolean }>()).valid

const ENDS: readonly (readonly [string, string, (id: string) => Promise<Response>])[] = [
  ['user.suspended', 'suspended', (id) => ask('POST', `/users/${id}/suspend`)],
  ['user.locked', 'locked', (id) => ask('POST', `/users/${id}/lock`)],
  ['user.deactivated', 'deactivated', (id) => ask('POST', `/users/${id}/deactivate`)],
  ['user.deleted', 'deleted', (id) => ask('DELETE', `/users/${id}`)],
]

describe('what keeps a user out', () => {
  it.each(ENDS)('%s is known in another isolate within the bound', async (_type, _reason, act) => {
    const clock = { now: Date.now() }
    const other = createTestApp({ override: (ctx) => ({ ...ctx, now: () => clock.now }) })
    const user = await signUpUser(app)
    expect(await validate(other, user.accessToken)).toBe(true)
    expect(await (await act(user.user.id)).json()).toMatchObject({ propagated: true })
    clock.now += 5001
    expect(await validate(other, user.accessToken)).toBe(false)
    expect(await validate(app, user.accessToken)).toBe(false)
  })

  it.each(ENDS)('%s reaches the sockets of the user, which close, and the platform', async (type, reason, act) => {
    const user = await signUpUser(app)
    const [own, platform] = await Promise.all([
      connect(app, { token: user.accessToken }),
      connect(app, { token: admin.accessToken }),
    ])
    await own.first('connection')
    platform.send({ type: 'subscribe', channel: 'platform' })
    await platform.first('subscribed')
    await act(user.user.id)
    expect(await own.closed()).toEqual({ code: 4001, reason: 'session revoked' })
    const told = own.events().map((frame) => frame.type)
    expect(told.indexOf(type)).toBeGreaterThanOrEqual(0)
    expect(told.indexOf('session.revoked')).toBeGreaterThan(told.indexOf(type))
    expect(await own.first(type)).toMatchObject({
      subject: user.user.id,
      channel: `user:${user.user.id}`,
      actor: { type: 'user', id: admin.user.id },
    })
    expect(await own.first('session.revoked')).toMatchObject({ data: { reason } })
    expect(await platform.first(type)).toMatchObject({ subject: user.user.id, channel: 'platform' })
    expect(await platform.first('session.revoked')).toMatchObject({ data: { reason } })
    platform.close()
  })
})

describe('POST /api/v1/admin/sessions/revoke-all', () => {
  it.each([
    ['the body', (id: string) => ask('POST', '/sessions/revoke-all', { user_id: id })],
    ['the query', (id: string) => ask('POST', `/sessions/revoke-all?user_id=${id}`)],
  ])('ends all sessions of the user named in %s, everywhere', async (_, act) => {
    const clock = { now: Date.now() }
    const other = createTestApp({ override: (ctx) => ({ ...ctx, now: () => clock.now }) })
    const user = await signUpUser(app)
    expect(await validate(other, user.accessToken)).toBe(true)
    const answer = await act(user.user.id)
    expect([answer.status, await answer.json()]).toMatchObject([
      200,
      { message: '1 sessions revoked', revoked_count: 1, revokedCount: 1, propagated: true },
    ])
    clock.now += 5001
    expect(await validate(other, user.accessToken)).toBe(false)
  })

  it('takes the number; without sessions it revokes none', async () => {
    const { user } = await signUpUser(app)
    const counts = []
    for (let time = 0; time < 2; time += 1) {
      const answer = await ask('POST', '/sessions/revoke-all', { user_id: user.number })
      counts.push((await answer.json<{ revoked_count: number }>()).revoked_count)
    }
    expect(counts).toEqual([1, 0])
  })

  it('is 404 for an unknown user, 400 without a user, 422 for an invalid id', async () => {
    const statuses = []
    for (const body of [
      { user_id: crypto.randomUUID() },
      { user_id: 999_999_999 },
      {},
      { user_id: 'x' },
      { user_id: -1 },
    ])
      statuses.push((await ask('POST', '/sessions/revoke-all', body)).status)
    expect(statuses).toEqual([404, 404, 400, 422, 422])
  })
})

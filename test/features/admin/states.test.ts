import { beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, env, json } from '../../support/app.ts'
import { recordedOf } from '../../support/events.ts'
import { makeAdmin, type SignedInUser, signInUser, signUpUser } from '../../support/users.ts'
import { asking } from './support.ts'

const app = createTestApp()
let admin: SignedInUser
let ask: ReturnType<typeof asking>
beforeAll(async () => {
  admin = await makeAdmin(app)
  ask = asking(app, admin)
})

const signIn = ({ email, password, address }: SignedInUser) =>
  app.fetch('/api/v1/auth/signin', json({ email, password }, { 'cf-connecting-ip': address }))

const isLive = async ({ headers }: SignedInUser): Promise<boolean> =>
  (await app.fetch('/api/v1/auth/me', { headers })).status === 200

describe('what keeps a user out', () => {
  it.each([
    ['suspend', 'user.suspended', 'suspended', 'suspended'],
    ['lock', 'user.locked', 'locked', 'suspended'],
    ['deactivate', 'user.deactivated', 'inactive', 'inactive'],
  ])('%s ends the sessions and names admin, reason, before and after', async (action, type, status, shown) => {
    const user = await signUpUser(app)
    const answer = await ask('POST', `/users/${user.user.id}/${action}`, { reason: 'abuse' })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({
      message: expect.any(String),
      propagated: true,
      user: { id: user.user.id, status: shown, is_active: false },
    })
    expect(await isLive(user)).toBe(false)
    expect((await signIn(user)).status).toBeGreaterThanOrEqual(401)
    expect(await recordedOf(user.user.id, type)).toMatchObject([
      {
        subject: user.user.id,
        actor_type: 'user',
        actor_id: admin.user.id,
        data: { before: { status: 'active' }, after: { status }, reason: 'abuse' },
      },
    ])
  })

  it('takes the reason from the query too', async () => {
    const { user } = await signUpUser(app)
    expect((await ask('POST', `/users/${user.number}/suspend?reason=spam`)).status).toBe(200)
    expect(await recordedOf(user.id, 'user.suspended')).toMatchObject([{ data: { reason: 'spam' } }])
  })

  it('takes a reason of 500 characters, and no longer one', async () => {
    const { user } = await signUpUser(app)
    const suspend = async (length: number) =>
      (await ask('POST', `/users/${user.id}/suspend`, { reason: 'x'.repeat(length) })).status
    expect([await suspend(501), await suspend(500)]).toEqual([422, 200])
  })

  it('changes nothing a second time', async () => {
    const { user } = await signUpUser(app)
    for (let time = 0; time < 2; time += 1) expect((await ask('POST', `/users/${user.id}/suspend`)).status).toBe(200)
    expect(await recordedOf(user.id, 'user.suspended')).toHaveLength(1)
  })
})

describe('what lets a user in again', () => {
  it.each([
    ['suspend', 'unsuspend', 'user.reactivated', 'active', 'account_reactivated'],
    ['lock', 'unlock', 'user.unlocked', 'active', 'account_unlocked'],
    ['deactivate', 'activate', 'user.reactivated', 'active', 'account_reactivated'],
    ['delete', 'restore', 'user.restored', 'inactive', 'account_restored'],
  ])('undoes %s by %s, and notifies the user', async (action, undo, type, status, kind) => {
    const user = await signUpUser(app)
    const { id } = user.user
    await (action === 'delete' ? ask('DELETE', `/users/${id}`) : ask('POST', `/users/${id}/${action}`))
    const answer = await ask('POST', `/users/${id}/${undo}`, { reason: 'cleared' })
    expect([answer.status, await answer.json()]).toMatchObject([200, { user: { status } }])
    expect(await recordedOf(id, type)).toMatchObject([
      { actor_id: admin.user.id, data: { after: { status }, reason: 'cleared' } },
    ])
    expect(await recordedOf(id, 'notification.created')).toMatchObject([
      { subject: id, data: { kind, title: expect.any(String), message: expect.any(String) } },
    ])
    expect((await signIn(user)).status).toBe(status === 'active' ? 200 : 401)
  })

  it.each(['unsuspend', 'activate', 'restore'])('%s of a user whom nothing keeps out is 400', async (undo) => {
    const { user } = await signUpUser(app)
    const answer = await ask('POST', `/users/${user.id}/${undo}`)
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'USER_STATE_CONFLICT' }])
  })

  it('undoes no other measure', async () => {
    const { user } = await signUpUser(app)
    await ask('POST', `/users/${user.id}/lock`)
    expect((await ask('POST', `/users/${user.id}/unsuspend`)).status).toBe(400)
    expect((await ask('POST', `/users/${user.id}/suspend`)).status).toBe(400)
  })
})

describe('POST /api/v1/admin/users/:id/unlock', () => {
  it('lifts the locks of failed attempts, and the record says what they were', async () => {
    const user = await signUpUser(app)
    const wrong = () =>
      app.fetch(
        '/api/v1/auth/signin',
        json({ email: user.email, password: 'wrong password' }, { 'cf-connecting-ip': user.address }),
      )
    for (let attempt = 0; attempt < 5; attempt += 1) await wrong()
    expect((await signIn(user)).status).toBe(423)
    expect((await ask('POST', `/users/${user.user.id}/unlock`)).status).toBe(200)
    expect((await signIn(user)).status).toBe(200)
    expect(await recordedOf(user.user.id, 'security.sign_in_unlocked')).toMatchObject([
      {
        actor_id: admin.user.id,
        data: { before: { failed_login_attempts: 5 }, after: { failed_login_attempts: 0, locked_until: null } },
      },
    ])
  })

  it('lifts the lock of the second factor', async () => {
    const { user } = await signUpUser(app)
    const ctx = await app.ctx()
    const use = { subject: `second-factor:${user.id}`, limit: 10, windowMs: 3_600_000, lockMs: 3_600_000 }
    for (let code = 0; code < 10; code += 1) await ctx.objects.guard(user.id).use(use)
    expect((await ctx.objects.guard(user.id).use(use)).allowed).toBe(false)
    await ask('POST', `/users/${user.id}/unlock`)
    expect((await ctx.objects.guard(user.id).use(use)).allowed).toBe(true)
  })

  it('is 200 where there is nothing to lift, and for two admins at once', async () => {
    const { user } = await signUpUser(app)
    expect((await ask('POST', `/users/${user.id}/unlock`)).status).toBe(200)
    await ask('POST', `/users/${user.id}/lock`)
    const both = await Promise.all([ask('POST', `/users/${user.id}/unlock`), ask('POST', `/users/${user.id}/unlock`)])
    expect(both.map(({ status }) => status)).toEqual([200, 200])
    expect(await recordedOf(user.id, 'user.unlocked')).toHaveLength(1)
  })
})

describe('the role of a user', () => {
  it.each(['PUT', 'PATCH'])(
    'is changed by %s; tokens with the old one are renewed, the session lives',
    async (method) => {
      const user = await signUpUser(app)
      const answer = await ask(method, `/users/${user.user.id}/role`, { role: 'vendor' })
      expect([answer.status, await answer.json()]).toMatchObject([
        200,
        { propagated: true, user: { roles: ['vendor'] } },
      ])
      expect(await isLive(user)).toBe(false)
      const refreshed = await app.fetch('/api/v1/auth/refresh', json({ refresh_token: user.refreshToken }))
      expect(refreshed.status).toBe(200)
      expect(await recordedOf(user.user.id, 'user.updated')).toMatchObject([
        { actor_id: admin.user.id, data: { before: { role: 'user' }, after: { role: 'vendor' } } },
      ])
      expect(await recordedOf(user.user.id, 'notification.created')).toMatchObject([
        { data: { kind: 'role_changed', message: expect.stringContaining('vendor') } },
      ])
    },
  )

  it('makes no admin of who is no admin any more', async () => {
    const other = await makeAdmin(app)
    expect((await ask('PUT', `/users/${other.user.id}/role`, { role: 'user' })).status).toBe(200)
    expect((await asking(app, other)('GET', '/stats')).status).toBe(401)
    expect((await asking(app, await signInUser(app, other))('GET', '/stats')).status).toBe(403)
  })

  it.each([{ role: 'Not A Role' }, { role: 'x'.repeat(65) }, { role: '' }, { role: null }, {}])(
    'refuses %j',
    async (body) => {
      const { user } = await signUpUser(app)
      const answer = await ask('PUT', `/users/${user.id}/role`, body)
      expect([answer.status, await answer.json()]).toMatchObject([422, { code: 'VALIDATION_ERROR' }])
    },
  )
})

describe('deletion', () => {
  it('is reversible, with its event', async () => {
    const user = await signUpUser(app)
    const answer = await ask('DELETE', `/users/${user.user.id}`)
    expect([answer.status, await answer.json()]).toMatchObject([
      200,
      { message: 'User deleted', propagated: true, erased: false, erase_at: expect.stringMatching(/Z$/) },
    ])
    expect(await isLive(user)).toBe(false)
    expect(await recordedOf(user.user.id, 'user.deleted')).toMatchObject([
      { actor_id: admin.user.id, data: { before: { status: 'active' }, after: { status: 'deleted' } } },
    ])
  })

  it.each([
    ['force-delete', '/force-delete'],
    ['permanent', '?permanent=true'],
  ])('leaves nothing when it is for good (%s)', async (_, suffix) => {
    const user = await signUpUser(app)
    const { id } = user.user
    const answer = await ask('DELETE', `/users/${id}${suffix}`)
    const body = await answer.json<{ erased: boolean }>()
    expect([answer.status, body]).toMatchObject([200, { propagated: true, erased: expect.any(Boolean) }])
    expect(await isLive(user)).toBe(false)
    const row = await env.DB.prepare('select id from users where id = ?').bind(id).first()
    expect(row === null).toBe(body.erased)
    const { results } = await env.DB.prepare("select actor_id from events where subject = ? and type = 'user.erased'")
      .bind(id)
      .all()
    expect(results).toEqual(body.erased ? [{ actor_id: admin.user.id }] : [])
  })

  it("is 400 for one's own account, 404 for an unknown user", async () => {
    const nobody = crypto.randomUUID()
    for (const suffix of ['', '/force-delete', '?permanent=true']) {
      const own = await ask('DELETE', `/users/${admin.user.id}${suffix}`)
      expect([own.status, await own.json()]).toMatchObject([400, { code: 'OWN_ACCOUNT' }])
      expect((await ask('DELETE', `/users/${nobody}${suffix}`)).status).toBe(404)
    }
    const byNumber = await ask('DELETE', `/users/${admin.user.number}`)
    const byChange = await ask('PATCH', `/users/${admin.user.id}`, { status: 'deleted', is_admin: false })
    expect([byNumber.status, byChange.status]).toEqual([400, 400])
    expect((await ask('GET', `/users/${admin.user.id}`)).status).toBe(200)
  })
})

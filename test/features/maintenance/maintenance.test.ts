import { afterEach, describe, expect, it } from 'vitest'
import { listRoutes } from '../../../src/app.ts'
import { listFailures } from '../../../src/http/failures.ts'
import { createTestApp, env, json, type TestApp } from '../../support/app.ts'
import { makeAdmin, newAddress, newEmail, PASSWORD, type SignedInUser, signUpUser } from '../../support/users.ts'
import { asking } from '../admin/support.ts'
import { mailedToken } from '../sign-in/mails.ts'

// Other tests sign in to the same database: each of these opens the door again.
afterEach(async () => {
  await env.DB.exec('delete from maintenance')
})

const MESSAGE = 'Back at noon'

async function closed() {
  const clock = { now: Date.now() }
  const app = createTestApp({ override: (ctx) => ({ ...ctx, now: () => clock.now }) })
  const [admin, user] = [await makeAdmin(app), await signUpUser(app)]
  const answer = await asking(app, admin)('POST', '/maintenance-mode', { enabled: true, message: MESSAGE })
  expect([answer.status, await answer.json()]).toMatchObject([
    200,
    { enabled: true, maintenance_mode: true, maintenance_message: MESSAGE, note: expect.any(String) },
  ])
  return { app, admin, user, clock }
}

const signIn = (app: TestApp, { email, address }: Pick<SignedInUser, 'email' | 'address'>, password = PASSWORD) =>
  app.fetch('/api/v1/auth/signin', json({ email, password }, { 'cf-connecting-ip': address }))

describe('maintenance', () => {
  it('answers a sign-up and a right password of a user with its message', async () => {
    const { app, user } = await closed()
    const answers = [
      await signIn(app, user),
      await app.fetch('/api/v1/auth/signup', json({ email: newEmail(), password: PASSWORD })),
    ]
    for (const answer of answers)
      expect([answer.status, await answer.json()]).toMatchObject([503, { code: 'MAINTENANCE', message: MESSAGE }])
  })

  it('closes the doors of every documented system, whose document says so', async () => {
    const { app, user } = await closed()
    const name = `n${crypto.randomUUID().slice(0, 8)}`
    const login = { email: user.email, username: user.email, password: PASSWORD }
    const account = {
      email: newEmail(),
      username: name,
      full_name: 'Jane Doe',
      name: 'Corner Shop',
      password: PASSWORD,
    }
    await env.DB.prepare("update users set role = 'vendor' where id = ?").bind(user.user.id).run()
    for (const [path, body] of [
      ...['/auth/login', '/token', '/vendor/login', '/api/v1/auth/login'].map((it) => [it, login] as const),
      ...['/users/register', '/auth/register', '/vendor/register_vendor', '/api/v1/auth/register', '/api/v1/users'].map(
        (it) => [it, account] as const,
      ),
    ]) {
      const answer = await app.fetch(path, json(body, { 'cf-connecting-ip': newAddress() }))
      expect([path, answer.status, await answer.json()]).toMatchObject([
        path,
        503,
        { code: 'MAINTENANCE', detail: MESSAGE, message: MESSAGE, status: 503 },
      ])
      const route = listRoutes().find((it) => it.method === 'POST' && it.path === path)
      expect([path, route && listFailures(route).map(({ code }) => code)]).toEqual([
        path,
        expect.arrayContaining(['MAINTENANCE']),
      ])
    }
  })

  it('lets admins in, and live sessions go on', async () => {
    const { app, admin, user } = await closed()
    expect((await signIn(app, admin)).status).toBe(200)
    expect((await app.fetch('/api/v1/auth/me', { headers: user.headers })).status).toBe(200)
    expect((await app.fetch('/api/v1/auth/refresh', json({ refresh_token: user.refreshToken }))).status).toBe(200)
    const check = await app.fetch('/validate', json({ token: user.accessToken }))
    expect(await check.json()).toMatchObject({ valid: true })
  })

  it('counts no right password against the user, and tells nothing to a wrong one', async () => {
    const { app, admin, user } = await closed()
    for (let time = 0; time < 7; time += 1) expect((await signIn(app, user)).status).toBe(503)
    expect((await signIn(app, user, 'wrong password')).status).toBe(401)
    const opened = await asking(app, admin)('POST', '/maintenance-mode', { enabled: false })
    expect(await opened.json()).toMatchObject({ enabled: false, maintenance_mode: false, maintenance_message: null })
    expect((await signIn(app, user)).status).toBe(200)
  })

  it('uses up no mailed link, and makes no account by one', async () => {
    const { app, admin, user } = await closed()
    const emails = [user.email, newEmail()]
    for (const email of emails) await app.fetch('/api/v1/auth/magic/send', json({ email }))
    const links = await Promise.all(emails.map((email) => mailedToken(app, email, '/magic-link')))
    const use = async () =>
      Promise.all(
        links.map(async (token) => (await app.fetch('/api/v1/auth/magic-link/verify', json({ token }))).status),
      )
    expect(await use()).toEqual([503, 503])
    const made = await env.DB.prepare('select count(*) as n from users where email = ?').bind(emails[1]).first()
    expect(made).toEqual({ n: 0 })
    // The first proof of an address ends what was before it, and this was none.
    expect((await app.fetch('/api/v1/auth/refresh', json({ refresh_token: user.refreshToken }))).status).toBe(200)
    await asking(app, admin)('POST', '/maintenance-mode', { enabled: false })
    expect(await use()).toEqual([200, 200])
  })

  it('is known in another isolate within 3 seconds, and its end too', async () => {
    const clock = { now: Date.now() }
    const other = createTestApp({ override: (ctx) => ({ ...ctx, now: () => clock.now }) })
    const before = await signUpUser(other)
    const { app, admin } = await closed()
    clock.now += 3001
    expect((await signIn(other, before)).status).toBe(503)
    await asking(app, admin)('POST', '/maintenance-mode?enabled=false')
    clock.now += 3001
    expect((await signIn(other, before)).status).toBe(200)
  })

  it('is an event with before and after, once', async () => {
    const { app, admin } = await closed()
    await asking(app, admin)('POST', '/maintenance-mode', { enabled: true, message: MESSAGE })
    await asking(app, admin)('POST', '/maintenance-mode', { enabled: false })
    const { results } = await env.DB.prepare(
      "select data from events where type = 'admin.maintenance_changed' and actor_id = ? order by position",
    )
      .bind(admin.user.id)
      .all<{ data: string }>()
    const on = { enabled: true, message: MESSAGE }
    const off = { enabled: false, message: null }
    expect(results.map(({ data }) => JSON.parse(data))).toEqual([
      { before: off, after: on },
      { before: on, after: off },
    ])
  })

  it('shows in the configuration', async () => {
    const { app, admin } = await closed()
    expect(await (await asking(app, admin)('GET', '/config')).json()).toMatchObject({ features: { maintenance: true } })
  })

  it.each([
    [{}, 400],
    [{ enabled: 'perhaps' }, 422],
    [{ enabled: true, message: 'x'.repeat(501) }, 422],
    [{ enabled: 1 }, 422],
  ])('refuses %j', async (body, status) => {
    const app = createTestApp()
    const admin = await makeAdmin(app)
    const answer = await asking(app, admin)('POST', '/maintenance-mode', body)
    expect(answer.status).toBe(status)
    expect((await signIn(app, { email: newEmail(), address: newAddress() })).status).toBe(401)
  })
})

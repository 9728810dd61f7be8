import { beforeAll, describe, expect, it } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env, json, type TestApp } from '../../support/app.ts'
import { makeAdmin, type SignedInUser, signUpUser } from '../../support/users.ts'
import { asking } from './support.ts'

const app = createTestApp()
let admin: SignedInUser
let ask: ReturnType<typeof asking>
beforeAll(async () => {
  admin = await makeAdmin(app)
  ask = asking(app, admin)
})

describe('GET /api/v1/admin/health', () => {
  it('says what each part answers', async () => {
    const body = await (await ask('GET', '/health')).json<Record<string, unknown>>()
    expect(body).toMatchObject({
      status: expect.stringMatching(/^(healthy|degraded)$/),
      database: 'healthy',
      cache: 'healthy',
      storage: 'healthy',
      version: expect.any(String),
      environment: 'local',
    })
    expect(body.uptime).toBeGreaterThanOrEqual(0)
  })

  it('counts its uptime from the first request of the isolate', async () => {
    const clock = { ahead: 0 }
    const own = createTestApp({ override: (ctx) => ({ ...ctx, now: () => Date.now() + clock.ahead }) })
    await own.fetch('/liveness')
    clock.ahead = 90_000
    const { uptime } = await (await asking(own, admin)('GET', '/health')).json<{ uptime: number }>()
    expect(uptime).toBeGreaterThanOrEqual(90)
    expect(uptime).toBeLessThan(120)
  })

  it('reports KV that does not answer, and still answers 200', async () => {
    const kv = { get: () => Promise.reject(new Error('down')), list: async () => ({ keys: [] }) }
    const broken = createTestApp({ override: (ctx: Ctx) => ({ ...ctx, kv: kv as unknown as KVNamespace }) })
    const answer = await asking(broken, admin)('GET', '/health')
    expect([answer.status, await answer.json()]).toMatchObject([
      200,
      { status: 'degraded', database: 'healthy', cache: 'unhealthy', storage: 'healthy' },
    ])
  })

  it('reports objects that do not answer', async () => {
    const feed = { ping: () => Promise.reject(new Error('down')) }
    const broken = createTestApp({
      override: (ctx: Ctx) => ({
        ...ctx,
        objects: { ...ctx.objects, feed: () => ({ ...ctx.objects.feed(), ...feed, pull: ctx.objects.feed().pull }) },
      }),
    })
    const answer = await asking(broken, admin)('GET', '/health')
    expect([answer.status, await answer.json()]).toMatchObject([200, { status: 'unhealthy', storage: 'unhealthy' }])
  })

  it('reports mail that cannot be sent, and mail that was given up', async () => {
    const without = createTestApp({ env: { MAIL_TRANSPORT: 'smtp' } })
    expect(await (await asking(without, admin)('GET', '/health')).json()).toMatchObject({ email: 'not_configured' })
    await env.DB.prepare(
      "insert into mails (id, kind, recipient, status, attempts, created_at, claimed_until, enqueue_at) values (?, 'new_device', 'x@example.test', 'dead', 10, ?, 0, 0)",
    )
      .bind(crypto.randomUUID(), Date.now())
      .run()
    const body = await (await asking(createTestApp(), admin)('GET', '/health')).json()
    expect(body).toMatchObject({ status: 'degraded', email: 'degraded' })
  })
})

describe('GET /api/v1/admin/config', () => {
  it('has features and limits, and no secret', async () => {
    const text = await (await ask('GET', '/config')).text()
    expect(JSON.parse(text)).toMatchObject({
      environment: 'local',
      app_name: 'Postern',
      domain: '127.0.0.1',
      version: expect.any(String),
      features: {
        sign_ups: true,
        admin_secret: true,
        mfa_enabled: true,
        passkeys_enabled: true,
        oauth_providers: [],
        magic_links_enabled: true,
        organizations_enabled: true,
        surfaces: ['janux', 'auth-service', 'users-api', 'gateway-auth'],
      },
      limits: {
        max_sessions_per_user: 10,
        session_timeout_minutes: 10_080,
        refresh_token_days: 7,
        password_reset_expire_minutes: 60,
        magic_link_expire_minutes: 15,
        requests_per_minute_admin: 5000,
        deletion_grace_days: 30,
      },
    })
    for (const secret of ['test-admin-secret-key', 'test-root-secret']) expect(text).not.toContain(secret)
  })

  it('says what is sealed under which root key, so that nobody removes one that is needed', async () => {
    interface RootKey {
      readonly id: string
      readonly state: string
      readonly totp_secrets: number
    }
    const rootKeysOf = async (own: TestApp) =>
      (await (await asking(own, admin)('GET', '/config')).json<{ root_keys: RootKey[] }>()).root_keys
    const [before] = await rootKeysOf(app)
    if (!before) throw new Error('no root key')
    expect(before.state).toBe('current')
    const insert = env.DB.prepare('insert into totp_factors (user_id, secret_sealed, created_at) values (?, ?, 1)')
    await env.DB.batch([insert.bind(newUuid(), `${before.id}.x`), insert.bind(newUuid(), 'bygone.x')])
    await env.DB.prepare("insert into saml_keys values ('bygone', 'x', 'bygone.x', 1, 1, 1)").run()
    const after = await rootKeysOf(app)
    expect(after[0]).toEqual({ ...before, totp_secrets: before.totp_secrets + 1 })
    expect(after).toContainEqual({
      id: 'bygone',
      state: 'unknown',
      signing_keys: 1,
      totp_secrets: 1,
      mails: 0,
      webhooks: 0,
      connections: 0,
    })

    const ctx = await app.ctx()
    const newer = { ...ctx.config.rootKeys.current, id: 'newer' }
    const rotated = createTestApp({
      override: (own) => ({
        ...own,
        config: { ...own.config, rootKeys: { current: newer, all: [newer, ctx.config.rootKeys.current] } },
      }),
    })
    // Other tests have rows that are sealed under nothing.
    const own = (await rootKeysOf(rotated)).filter(({ id }) => ['newer', before.id, 'bygone'].includes(id))
    expect(own).toMatchObject([
      { id: 'newer', state: 'current', signing_keys: 0, totp_secrets: 0 },
      { id: before.id, state: 'previous', totp_secrets: before.totp_secrets + 1 },
      { id: 'bygone', state: 'unknown' },
    ])
    await env.DB.prepare("delete from totp_factors where secret_sealed like '%.x'").run()
    await env.DB.prepare("delete from saml_keys where id = 'bygone'").run()
  })
})

describe('POST /api/v1/admin/cache/clear', () => {
  it('says what it cleared and how much, with an event on the platform', async () => {
    const own = createTestApp()
    const user = await signUpUser(own)
    await own.fetch('/validate', json({ token: user.accessToken }))
    const answer = await asking(own, admin)('POST', '/cache/clear')
    const body = await answer.json<{ cleared: number; caches: Record<string, number> }>()
    // The token that was checked, and the admin's own.
    expect([answer.status, body]).toMatchObject([200, { message: expect.any(String), caches: { verified_tokens: 2 } }])
    expect(body.caches.signing_keys).toBeGreaterThanOrEqual(1)
    expect(body.cleared).toBe(Object.values(body.caches).reduce((sum, count) => sum + count, 0))
    const event = await env.DB.prepare(
      "select * from events where type = 'admin.cache_cleared' order by position desc limit 1",
    ).first<{ data: string }>()
    expect(event).toMatchObject({ user_id: null, actor_id: admin.user.id, subject: 'postern' })
    expect(JSON.parse(event?.data ?? '')).toEqual({ caches: body.caches })
  })

  it('leaves everything that a decision needs: what was refused stays refused, what was good stays good', async () => {
    const own = createTestApp()
    const [good, ended] = [await signUpUser(own), await signUpUser(own)]
    const isValid = async ({ accessToken }: SignedInUser) =>
      (await (await own.fetch('/validate', json({ token: accessToken }))).json<{ valid: boolean }>()).valid
    await asking(own, admin)('POST', `/users/${ended.user.id}/suspend`)
    const silent = new Error('down')
    expect((await asking(own, admin)('POST', '/cache/clear')).status).toBe(200)
    expect([await isValid(good), await isValid(ended)]).toEqual([true, false])
    // The view is as it was: with a silent feed and silent objects it still refuses.
    const cut = createTestApp({
      isolate: own.isolate,
      override: (ctx: Ctx) => ({
        ...ctx,
        objects: {
          ...ctx.objects,
          feed: () => ({ ...ctx.objects.feed(), pull: () => Promise.reject(silent) }),
          user: () => ({ ...ctx.objects.user(''), check: () => Promise.reject(silent) }),
        },
      }),
    })
    const answer = await cut.fetch('/validate', json({ token: ended.accessToken }))
    expect(await answer.json()).toMatchObject({ valid: false })
  })

  it('does not forget failed attempts', async () => {
    const user = await signUpUser(app)
    const wrong = json({ email: user.email, password: 'wrong password' }, { 'cf-connecting-ip': user.address })
    for (let attempt = 0; attempt < 5; attempt += 1) await app.fetch('/api/v1/auth/signin', wrong)
    await ask('POST', '/cache/clear')
    expect((await app.fetch('/api/v1/auth/signin', wrong)).status).toBe(423)
  })
})

import { describe, expect, it } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import { checkHealth } from '../../../src/features/health/service.ts'
import { detailedHealthToWire } from '../../../src/features/health/wire.ts'
import { createTestApp } from '../../support/app.ts'
import { makeAdmin, signUpUser } from '../../support/users.ts'

const STORES = ['database', 'redis', 'user_authority', 'sign_in_guard', 'revocation_feed', 'event_hub'] as const
type Store = (typeof STORES)[number]

/** A context in which one store answers every call with `answer`. */
function withStore(store: Store, answer: () => Promise<never>): (ctx: Ctx) => Ctx {
  const ping = { ping: answer }
  const overrides: Record<Store, (ctx: Ctx) => Partial<Record<keyof Ctx, unknown>>> = {
    database: () => ({ db: { run: answer } }),
    redis: () => ({ kv: { get: answer } }),
    user_authority: ({ objects }) => ({ objects: { ...objects, user: () => ping } }),
    sign_in_guard: ({ objects }) => ({ objects: { ...objects, guard: () => ping } }),
    revocation_feed: ({ objects }) => ({ objects: { ...objects, feed: () => ping } }),
    event_hub: ({ objects }) => ({ objects: { ...objects, hub: () => ping } }),
  }
  return (ctx) => ({ ...ctx, ...overrides[store](ctx) }) as Ctx
}

const fails = () => Promise.reject(new Error('hunter2'))
const hangs = () => new Promise<never>(() => undefined)

describe('a healthy service', () => {
  it.each([
    ['/health', { status: 'healthy', environment: 'local' }],
    ['/api/status', { status: 'healthy', environment: 'local' }],
    ['/readiness', { status: 'ready' }],
    ['/liveness', { status: 'alive' }],
    ['/ready', { status: 'ready', database: { healthy: true }, redis: true, unusable: [] }],
    ['/api/v1/health', { status: 'healthy', database: 'healthy', service: 'janua-api' }],
    ['/api/v1/health/', { status: 'healthy' }],
    ['/api/v1/health/ready', { status: 'ready' }],
    ['/api/v1/health/live', { status: 'alive' }],
  ])('is reported on %s, without a rate limit', async (path, body) => {
    const answer = await createTestApp().fetch(path)
    expect(answer.status).toBe(200)
    expect(answer.headers.has('x-ratelimit-limit')).toBe(false)
    expect(await answer.json()).toMatchObject(body)
  })

  it('is ready without the settings of mail, and says that mail is not usable', async () => {
    const answer = await createTestApp({ env: { MAIL_TRANSPORT: 'smtp' } }).fetch('/ready')
    expect([answer.status, await answer.json()]).toMatchObject([200, { status: 'ready', unusable: ['mail'] }])
  })

  it('shows its details to admins only', async () => {
    const app = createTestApp()
    const path = '/api/v1/health/detailed'
    const anonymous = await app.fetch(path)
    expect([anonymous.status, (await anonymous.json<{ code: string }>()).code]).toEqual([401, 'UNAUTHORIZED'])
    const someone = await app.fetch(path, { headers: (await signUpUser(app)).headers })
    expect([someone.status, (await someone.json<{ code: string }>()).code]).toEqual([403, 'ADMIN_REQUIRED'])
    const admin = await app.fetch(path, { headers: (await makeAdmin(app)).headers })
    expect(admin.status).toBe(200)
    expect(await admin.json()).toMatchObject({
      status: 'healthy',
      checks: { database: { status: 'healthy', critical: true, duration_ms: expect.any(Number) } },
    })
  })

  it('reports the state of each store', async () => {
    const report = detailedHealthToWire(await checkHealth(await createTestApp().ctx()))
    expect(report.status).toBe('healthy')
    expect(Object.keys(report.checks)).toEqual([...STORES])
    expect(Object.values(report.checks).every(({ status }) => status === 'healthy')).toBe(true)
  })

  it('asks its stores once a second, however often it is probed', async () => {
    let asked = 0
    let now = 1_800_000_000_000
    const app = createTestApp({
      override: (ctx) => ({
        ...ctx,
        now: () => now,
        objects: {
          ...ctx.objects,
          feed: () => {
            asked += 1
            return ctx.objects.feed()
          },
        },
      }),
    })
    for (const path of ['/health', '/ready', '/readiness']) await app.fetch(path)
    expect(asked).toBe(1)
    now += 1000
    await app.fetch('/health')
    expect(asked).toBe(2)
  })
})

describe.each(STORES)('with %s', (store) => {
  it('failing, the service is alive but not ready', async () => {
    const app = createTestApp({ override: withStore(store, fails) })
    const answers = await Promise.all(
      ['/health', '/readiness', '/ready', '/api/v1/health', '/api/v1/health/ready'].map((path) => app.fetch(path)),
    )
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503, 503])
    const [health, readiness, ready, api] = await Promise.all(answers.map((answer) => answer.json()))
    expect(health).toMatchObject({ status: 'unhealthy' })
    expect(readiness).toEqual({ status: 'unavailable' })
    expect(ready).toEqual({
      status: 'unavailable',
      database: { healthy: store !== 'database' },
      redis: store !== 'redis',
      unusable: [store],
    })
    expect(api).toMatchObject({ status: 'unhealthy', database: store === 'database' ? 'unhealthy' : 'healthy' })
    expect((await app.fetch('/liveness')).status).toBe(200)
    expect((await app.fetch('/api/v1/health/live')).status).toBe(200)
  })

  it('not answering, the service reports it in bounded time', async () => {
    const app = createTestApp({ override: withStore(store, hangs) })
    const started = Date.now()
    const report = detailedHealthToWire(await checkHealth(await app.ctx()))
    expect(Date.now() - started).toBeLessThan(2500)
    expect(report.status).toBe(store === 'redis' ? 'degraded' : 'unhealthy')
    expect(report.checks[store]).toMatchObject({ status: 'unhealthy', critical: store !== 'redis' })
    expect((await app.fetch('/readiness')).status).toBe(503)
  })
})

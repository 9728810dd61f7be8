import { describe, expect, it } from 'vitest'
import { type Ctx, createObjects } from '../../../src/context.ts'
import { decodeRefreshToken } from '../../../src/features/sessions/rules/refresh-token.ts'
import { openSession } from '../../../src/features/sessions/service/opening.ts'
import { refreshSession } from '../../../src/features/sessions/service/refreshing.ts'
import { createTestApp, env, type TestApp } from '../../support/app.ts'
import { createAppWithObjects, createWatchedApp } from '../../support/objects.ts'
import { errorOf, freshCaller, freshUser, refresh } from './support.ts'

const broken = <T extends object>(part: T): T =>
  new Proxy(part, {
    get() {
      throw new Error('the database is down')
    },
  })

const withoutDatabase = (ctx: Ctx): Ctx => ({
  ...ctx,
  db: broken(ctx.db),
  openDatabase: () => broken(ctx.openDatabase()),
})

/** `rotated` says that the generation was not spent before; `replayed` that it was. */
async function outcomeOfNext(app: TestApp, refreshToken: string): Promise<string> {
  const ctx = await app.ctx()
  const parts = await decodeRefreshToken(ctx.config.rootKeys, refreshToken)
  if (!parts) throw new Error('not a refresh token')
  const caller = { ip: '203.0.113.7', country: null, userAgent: null }
  const row = { authVersion: 1, keptSessionId: null, claimsVersion: 1 }
  return (await ctx.objects.user(parts.userId).rotate({ ...parts, ...row, idempotencyKeyHash: null, caller })).outcome
}

describe('an outage', () => {
  it('fails before a session is opened when there is no key to sign with', async () => {
    const { app, woken } = createWatchedApp()
    const user = await freshUser(app)
    await app.settled()
    woken.length = 0
    const ctx = await app.ctx()
    expect(await errorOf(openSession(withoutDatabase(ctx), { user, amr: ['pwd'] }))).toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    })
    expect(woken).toEqual([])
  })

  it.each([
    ['fails', async () => Promise.reject(new Error('down'))],
    ['hangs', () => new Promise<never>(() => undefined)],
  ])('of the object that %s is 503 within its bound and spends no generation', async (_, instead) => {
    const app = createTestApp()
    const { tokens } = await freshCaller(app)
    const broken = brokenNamespaceApp(instead, (await app.ctx()).config)
    const started = Date.now()
    expect(await errorOf(refresh(broken, tokens.refreshToken))).toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
    expect(Date.now() - started).toBeLessThan(8000)
    expect(await outcomeOfNext(app, tokens.refreshToken)).toBe('rotated')
  })

  it('of the database is 503, spends no generation and asks no object', async () => {
    const { app, woken } = createWatchedApp()
    const { tokens } = await freshCaller(app)
    woken.length = 0
    const ctx = await app.ctx()
    const input = { refreshToken: tokens.refreshToken, idempotencyKey: null }
    expect(await errorOf(refreshSession(withoutDatabase(ctx), input))).toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
    expect(woken).toEqual([])
    expect(await outcomeOfNext(app, tokens.refreshToken)).toBe('rotated')
  })
})

/** The platform's stub itself fails: what bounds and translates it is under test too. */
function brokenNamespaceApp(rotate: () => Promise<never>, config: Ctx['config']): TestApp {
  const namespace = { getByName: () => ({ rotate }) } as unknown as DurableObjectNamespace
  const { user } = createObjects({ ...env, USER_AUTHORITY: namespace }, config)
  return createAppWithObjects(() => ({ user }))
}

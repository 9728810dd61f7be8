import { describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import type { Ctx } from '../../src/context.ts'
import { ok } from '../../src/http/answers.ts'
import { anyone, type Identity, user } from '../../src/http/guard.ts'
import { createRoutes } from '../../src/http/router.ts'
import { MINUTE, SECOND } from '../../src/lib/time.ts'
import { createTestApp, env } from '../support/app.ts'
import { createTestServer, userActor } from '../support/server.ts'
import { makeAdmin, signUpUser } from '../support/users.ts'

const routes = createRoutes({ prefix: '/t', tag: 'health' })
const answer = ok(z.unknown(), 'ok')
routes.get('/open', { id: 'getTOpen', summary: 'open', guard: anyone, answer }, () => ({}))
routes.get('/mine', { id: 'getTMine', summary: 'mine', guard: user, answer }, () => ({}))
routes.get('/probe', { id: 'getTProbe', summary: 'probe', guard: anyone, answer, unlimited: true }, () => ({}))

const START = 29_100_000 * MINUTE
const LIMITS = { RATE_LIMIT_ANONYMOUS: '10', RATE_LIMIT_AUTHENTICATED: '20', RATE_LIMIT_ADMIN: '30' }

/** Each test has networks of its own, so no two share a count. */
let networks = 0
const freshAddress = () => `198.51.${100 + Math.floor(networks / 250)}.${++networks % 250}`

interface Options {
  readonly identities?: Readonly<Record<string, Identity>>
  readonly override?: (ctx: Ctx) => Ctx
}

function createLimited({ identities = {}, override = (ctx) => ctx }: Options = {}) {
  const clock = { now: START + 5 * SECOND }
  const server = createTestServer({
    routes: routes.list,
    env: LIMITS,
    identities,
    override: (ctx) => override({ ...ctx, now: () => clock.now }),
  })
  const get = (path: string, address: string, token?: string) =>
    server.fetch(path, {
      headers: { 'cf-connecting-ip': address, ...(token ? { authorization: `Bearer ${token}` } : {}) },
    })
  const spend = async (count: number, address: string, token?: string) => {
    const statuses: number[] = []
    for (let index = 0; index < count; index++) statuses.push((await get('/t/open', address, token)).status)
    return statuses
  }
  return { clock, server, get, spend }
}

describe('a client that asks too much', () => {
  it('is refused at the limit of strangers with when to come back, and let in again then', async () => {
    const { clock, get, spend } = createLimited()
    const address = freshAddress()
    expect(await spend(10, address)).toEqual(Array(10).fill(200))
    const refused = await get('/t/open', address)
    expect(refused.status).toBe(429)
    expect(await refused.json()).toMatchObject({ code: 'RATE_LIMIT_EXCEEDED', error: { code: 'RATE_LIMIT_EXCEEDED' } })
    expect(refused.headers.get('x-ratelimit-limit')).toBe('10')
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('0')
    const wait = Number(refused.headers.get('retry-after'))
    expect(wait).toBeGreaterThan(0)
    expect(wait).toBeLessThanOrEqual(61)
    expect(Number(refused.headers.get('x-ratelimit-reset'))).toBe(Math.ceil((clock.now + wait * SECOND) / SECOND))
    clock.now += wait * SECOND
    expect((await get('/t/open', address)).status).toBe(200)
  })

  it('is not kept out by what it asked while refused', async () => {
    const { clock, get, spend } = createLimited()
    const address = freshAddress()
    await spend(40, address)
    clock.now += 60 * SECOND
    expect((await get('/t/open', address)).status).toBe(200)
  })

  it('reads what is left on every answer, also 404, 405 and 401', async () => {
    const { get, server } = createLimited()
    const address = freshAddress()
    const open = await get('/t/open', address)
    expect(open.headers.get('x-ratelimit-remaining')).toBe('9')
    expect(Number(open.headers.get('x-ratelimit-reset'))).toBe((START + MINUTE) / SECOND)
    expect((await get('/nowhere', address)).headers.get('x-ratelimit-remaining')).toBe('8')
    const wrong = await server.fetch('/t/open', { method: 'POST', headers: { 'cf-connecting-ip': address } })
    expect([wrong.status, wrong.headers.get('x-ratelimit-remaining')]).toEqual([405, '7'])
    expect((await get('/t/mine', address)).headers.get('x-ratelimit-remaining')).toBe('6')
  })

  it('is refused on unknown paths and wrong methods as well', async () => {
    const { get, server, spend } = createLimited()
    const address = freshAddress()
    await spend(10, address)
    expect((await get('/nowhere', address)).status).toBe(429)
    const wrong = await server.fetch('/t/open', { method: 'POST', headers: { 'cf-connecting-ip': address } })
    expect([wrong.status, wrong.headers.has('retry-after')]).toEqual([429, true])
  })

  it('has one count for the addresses of an IPv6 /64', async () => {
    const { get, spend } = createLimited()
    await spend(10, '2001:db8:77:1::1')
    expect((await get('/t/open', '2001:db8:77:1:ffff::2')).status).toBe(429)
    expect((await get('/t/open', '2001:db8:77:2::1')).status).toBe(200)
  })
})

describe('tiers', () => {
  const identities: Record<string, Identity> = {
    user: { state: 'valid', actor: userActor('limits-user') },
    admin: { state: 'valid', actor: userActor('limits-admin', ['admin']) },
    machine: { state: 'valid', actor: { type: 'client', id: 'limits-machine', scopes: [], expiresAt: 0 } },
  }

  it.each([
    ['user', '20'],
    ['admin', '30'],
    ['machine', '20'],
  ])('count a %s by itself, wherever it comes from', async (token, limit) => {
    const { get } = createLimited({ identities })
    const first = await get('/t/open', freshAddress(), token)
    const second = await get('/t/open', freshAddress(), token)
    expect(first.headers.get('x-ratelimit-limit')).toBe(limit)
    expect(second.headers.get('x-ratelimit-remaining')).toBe(String(Number(limit) - 2))
  })

  it('count a bad credential as a stranger, whatever token it makes up', async () => {
    const { get } = createLimited({ identities })
    const address = freshAddress()
    for (let index = 0; index < 10; index++) await get('/t/mine', address, `made-up-${index}`)
    expect((await get('/t/mine', address, 'made-up-more')).status).toBe(429)
    expect((await get('/t/open', address)).status).toBe(429)
  })

  it('leave probes alone', async () => {
    const { get, spend } = createLimited()
    const address = freshAddress()
    await spend(11, address)
    const probe = await get('/t/probe', address)
    expect(probe.status).toBe(200)
    expect(probe.headers.has('x-ratelimit-limit')).toBe(false)
  })
})

describe('the service', () => {
  it('has the documented limits: 100 a minute for strangers, 1000 for users, 5000 for admins', async () => {
    const app = createTestApp({ env: { RATE_LIMIT_ANONYMOUS: '' } })
    const limitOf = async (headers: Record<string, string>) =>
      (await app.fetch('/openapi.json', { headers })).headers.get('x-ratelimit-limit')
    expect(await limitOf({ 'cf-connecting-ip': freshAddress() })).toBe('100')
    expect(await limitOf((await signUpUser(app)).headers)).toBe('1000')
    expect(await limitOf((await makeAdmin(app)).headers)).toBe('5000')
  })
})

describe('isolates', () => {
  it('write nothing up to a tenth of the limit', async () => {
    const { server, spend } = createLimited()
    const address = freshAddress()
    await spend(1, address)
    await server.settled()
    expect((await env.KV.list({ prefix: `limit:ip:${address}` })).keys).toEqual([])
  })

  it('learn of each other through KV', async () => {
    const here = createLimited()
    const there = createLimited()
    const address = freshAddress()
    for (let index = 0; index < 8; index++) {
      await here.spend(1, address)
      here.clock.now += SECOND
    }
    await here.server.settled()
    const shares = await env.KV.list({ prefix: `limit:ip:${address}/32:${START / MINUTE}:` })
    expect(shares.keys.map(({ metadata }) => metadata)).toEqual([{ count: 8 }])

    there.clock.now = here.clock.now
    await there.spend(2, address)
    await there.server.settled()
    expect((await there.get('/t/open', address)).status).toBe(429)
  })

  it('ask for the others at most every ten seconds', async () => {
    const lists = vi.fn()
    const { clock, server, spend } = createLimited({
      override: (ctx) => ({ ...ctx, kv: observed(ctx.kv, lists) }),
    })
    const address = freshAddress()
    await spend(9, address)
    expect(lists).toHaveBeenCalledTimes(1)
    clock.now += 10 * SECOND
    await spend(1, address)
    expect(lists).toHaveBeenCalledTimes(2)
    await server.settled()
  })

  it.each(['rejects', 'hangs'] as const)('count by themselves when KV %s', async (how) => {
    const failing = () =>
      how === 'rejects' ? Promise.reject(new Error('KV is down')) : new Promise<never>(() => undefined)
    const { spend, get } = createLimited({
      override: (ctx) => ({ ...ctx, kv: { ...ctx.kv, put: failing, list: failing } as unknown as KVNamespace }),
    })
    const address = freshAddress()
    expect(await spend(10, address)).toEqual(Array(10).fill(200))
    expect((await get('/t/open', address)).status).toBe(429)
  })

  it('let the platform refuse strangers beside their own count, and go on when it fails', async () => {
    const address = freshAddress()
    const limiterThat = (limit: RateLimit['limit']) => ({
      override: (ctx: Ctx) => ({ ...ctx, rateLimiter: { limit } }),
    })
    const refusing = createLimited(limiterThat(async () => ({ success: false })))
    const refused = await refusing.get('/t/open', address)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '55'])
    const failing = createLimited(limiterThat(() => Promise.reject(new Error('no limiter'))))
    expect((await failing.get('/t/open', address)).status).toBe(200)
  })
})

function observed(kv: KVNamespace, onList: () => void): KVNamespace {
  return new Proxy(kv, {
    get(target, name) {
      if (name === 'list') onList()
      const value = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

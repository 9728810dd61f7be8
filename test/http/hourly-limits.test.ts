import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { isMoreThanCredentials } from '../../src/features/account/wire/own-account.ts'
import { ok } from '../../src/http/answers.ts'
import { anyone, type Identity } from '../../src/http/guard.ts'
import { createRoutes, everyCall } from '../../src/http/router.ts'
import { newUuid } from '../../src/lib/ids.ts'
import { HOUR, MINUTE, SECOND } from '../../src/lib/time.ts'
import { createTestApp, env, json } from '../support/app.ts'
import { createTestServer, userActor } from '../support/server.ts'
import { makeAdmin, PASSWORD, signUpUser } from '../support/users.ts'

const routes = createRoutes({ prefix: '/t', tag: 'health' })
const answer = ok(z.unknown(), 'ok')
routes.get(
  '/listed',
  {
    id: 'getTListed',
    summary: 'hourly with ?skip',
    guard: anyone,
    isHourly: (request) => new URL(request.url).searchParams.has('skip'),
    answer,
  },
  () => ({}),
)

routes.post(
  '/written',
  { id: 'postTWritten', summary: 'an event', guard: anyone, isWrite: everyCall, answer },
  () => ({}),
)

const START = 8000 * 24 * HOUR
const LIMITS = { RATE_LIMIT_ANONYMOUS: '1000', RATE_LIMIT_AUTHENTICATED: '8', RATE_LIMIT_USERS_HOURLY: '20' }

/** A user of the test's own, asking by the minute and by the hour. */
function createHourly() {
  const clock = { now: START }
  const user: Identity = { state: 'valid', actor: userActor(newUuid()) }
  const server = createTestServer({
    routes: routes.list,
    env: LIMITS,
    identities: { user },
    override: (ctx) => ({ ...ctx, now: () => clock.now }),
  })
  const get = (path: string, token: string | null = 'user') =>
    server.fetch(path, { headers: token === null ? {} : { authorization: `Bearer ${token}` } })
  const headersOf = (answer: Response) =>
    ['limit', 'remaining', 'reset'].map((name) => Number(answer.headers.get(`x-ratelimit-${name}`)))
  const spend = async (count: number) => {
    for (let index = 0; index < count; index += 1) expect((await get('/t/listed?skip=0')).status).toBe(200)
  }
  return { clock, server, get, headersOf, spend, user }
}

describe('a limit of an hour beside that of a minute', () => {
  it('shows whichever has less left, and when that is renewed', async () => {
    const { clock, get, headersOf } = createHourly()
    expect(headersOf(await get('/t/listed?skip=0'))).toEqual([8, 7, (START + MINUTE) / SECOND])
    for (let minute = 1; minute <= 2; minute += 1) {
      clock.now = START + minute * 2 * MINUTE
      for (let index = 0; index < 8; index += 1) await get('/t/listed?skip=0')
    }
    clock.now = START + 10 * MINUTE
    expect(headersOf(await get('/t/listed?skip=0'))).toEqual([20, 2, (START + HOUR) / SECOND])
  })

  it('refuses at the end of the hour with the wait of the hour, and lets the user in again then', async () => {
    const { clock, get, headersOf, spend } = createHourly()
    for (const minutes of [0, 2, 4]) {
      clock.now = START + minutes * MINUTE
      await spend(minutes === 4 ? 4 : 8)
    }
    const refused = await get('/t/listed?skip=0')
    expect(refused.status).toBe(429)
    const wait = Number(refused.headers.get('retry-after'))
    expect(wait).toBeGreaterThan(55 * 60)
    expect(headersOf(refused)).toEqual([20, 0, Math.ceil((clock.now + wait * SECOND) / SECOND)])
    expect(await refused.json()).toMatchObject({ code: 'RATE_LIMIT_EXCEEDED', details: { limit: 20 } })
    expect((await get('/t/listed')).status).toBe(200)
    clock.now += wait * SECOND
    expect((await get('/t/listed?skip=0')).status).toBe(200)
  })

  it('is the minute where that is full, and what one refuses the other does not count', async () => {
    const { clock, get, headersOf, spend } = createHourly()
    await spend(8)
    for (let index = 0; index < 30; index += 1) {
      const refused = await get('/t/listed?skip=0')
      expect([refused.status, headersOf(refused)[0]]).toEqual([429, 8])
      expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(121)
    }
    clock.now = START + 3 * MINUTE
    await spend(8)
  })

  it('keeps the user out for the longer of the two where both are full', async () => {
    const { clock, get, spend } = createHourly()
    for (const minutes of [0, 2, 4]) {
      clock.now = START + minutes * MINUTE
      await spend(minutes === 4 ? 4 : 8)
    }
    for (let index = 0; index < 4; index += 1) await get('/t/listed')
    const refused = await get('/t/listed?skip=0')
    expect([refused.status, Number(refused.headers.get('retry-after')) > 3000]).toEqual([429, true])
  })

  it('does not count strangers, whose tier is by address', async () => {
    const { get } = createHourly()
    for (let index = 0; index < 25; index += 1) expect((await get('/t/listed?skip=0', null)).status).toBe(200)
  })

  it('is shared between isolates through KV, under a key of its own that outlives the hour', async () => {
    const { server, spend, user } = createHourly()
    await spend(3)
    await server.settled()
    const id = user.state === 'valid' ? user.actor.id : ''
    const { keys } = await env.KV.list({ prefix: `limit:hour:user:${id}:${START / HOUR}:` })
    expect(keys.map(({ metadata }) => metadata)).toEqual([{ count: 3 }])
    expect(keys[0]?.expiration).toBeGreaterThan(Date.now() / SECOND + 7000)
  })
})

describe('the hour of /api/v1/users', () => {
  it('counts integer ids, skip and limit, of users and admins alike, and nothing else', async () => {
    const app = createTestApp({ env: { RATE_LIMIT_USERS_HOURLY: '3' } })
    const { user, headers } = await signUpUser(app)
    const admin = await makeAdmin(app)
    const statusOf = async (path: string, who = headers) =>
      (await app.fetch(`/api/v1/users${path}`, { headers: who })).status
    for (let index = 0; index < 5; index += 1) {
      expect(await statusOf(`/${user.id}`)).toBe(200)
      expect(await statusOf('/me')).toBe(200)
      expect(await statusOf('?page=1', admin.headers)).toBe(200)
    }
    const escaped = String(user.number).replace(/\d/g, '%3$&')
    const asked = [`/${user.number}`, `/${user.number}/permissions`, `/${escaped}/`, `/${user.number}`]
    expect(await Promise.all(asked.map((path) => statusOf(path)))).toEqual([200, 200, 200, 429])
    const listed = ['?skip=0', '?limit=1', '/?skip=0&limit=1', '?skip=0']
    expect(await Promise.all(listed.map((path) => statusOf(path, admin.headers)))).toEqual([200, 200, 200, 429])
    expect([await statusOf(`/${user.id}`), await statusOf('?page=1', admin.headers)]).toEqual([200, 200])
  })

  it('is 1000 unless configured', async () => {
    expect((await createTestApp().ctx()).config.RATE_LIMIT_USERS_HOURLY).toBe(1000)
  })
})

describe('what a signed-in caller may write in an hour', () => {
  function createWriting() {
    const clock = { now: START }
    const of = (actor: Extract<Identity, { state: 'valid' }>['actor']): Identity => ({ state: 'valid', actor })
    const machine = { type: 'client', id: newUuid(), scopes: [], expiresAt: 0 } as const
    const server = createTestServer({
      routes: routes.list,
      env: { RATE_LIMIT_AUTHENTICATED: '1000', RATE_LIMIT_WRITES_HOURLY: '3' },
      identities: {
        user: of(userActor(newUuid())),
        other: of(userActor(newUuid())),
        admin: of(userActor(newUuid(), ['admin'])),
        machine: of(machine),
      },
      override: (ctx) => ({ ...ctx, now: () => clock.now }),
    })
    const write = (token: string) =>
      server.fetch('/t/written', { method: 'POST', headers: { authorization: `Bearer ${token}` } })
    /** How many of so many writes were let through. */
    const passed = async (token: string, count: number) => {
      let good = 0
      for (let index = 0; index < count; index += 1) if ((await write(token)).status === 200) good += 1
      return good
    }
    return { clock, write, passed, server }
  }

  it('is a number of its own, for each user, and begins anew with the hour', async () => {
    const { clock, write, passed, server } = createWriting()
    expect(await passed('user', 5)).toBe(3)
    const refused = await write('user')
    expect([
      refused.status,
      refused.headers.get('x-ratelimit-limit'),
      refused.headers.get('x-ratelimit-remaining'),
    ]).toEqual([429, '3', '0'])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50 * 60)
    expect((await server.fetch('/t/listed', { headers: { authorization: 'Bearer user' } })).status).toBe(200)
    expect(await passed('other', 3)).toBe(3)
    clock.now += 2 * HOUR
    expect(await passed('user', 3)).toBe(3)
  })

  it('is twenty times as much for admins and machines', async () => {
    const { passed } = createWriting()
    expect([await passed('admin', 61), await passed('machine', 61)]).toEqual([60, 60])
  })

  it('is more than the address or the password of a profile, which no limit keeps from changing', () => {
    expect(isMoreThanCredentials({ email: 'a@example.test', current_password: 'x', first_name: undefined })).toBe(false)
    expect(isMoreThanCredentials({ email: 'a@example.test', first_name: 'Ada' })).toBe(true)
    expect(isMoreThanCredentials({ bio: null })).toBe(true)
  })

  it('does not limit ending sessions or changing the password', async () => {
    const limited = createTestApp({ env: { RATE_LIMIT_WRITES_HOURLY: '2' } })
    const { headers } = await signUpUser(limited)
    const rename = (bio: string) =>
      limited.fetch('/api/v1/auth/profile', { ...json({ bio }, headers), method: 'PATCH' })
    const statuses = []
    for (const bio of ['one', 'two', 'three']) statuses.push((await rename(bio)).status)
    expect(statuses).toEqual([200, 200, 429])
    const passwords = { current_password: PASSWORD, new_password: 'Another-Tr0ubadour-of-the-gate' }
    expect((await limited.fetch('/api/v1/auth/password/change', json(passwords, headers))).status).toBe(200)
    expect((await limited.fetch('/api/v1/sessions', { method: 'DELETE', headers })).status).toBe(200)
    expect((await limited.fetch('/api/v1/auth/signout', { method: 'POST', headers })).status).toBe(200)
  })
})

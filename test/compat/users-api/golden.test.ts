import { beforeAll, describe, expect, it } from 'vitest'
import { listApis, listRoutes } from '../../../src/app.ts'
import { usersApi } from '../../../src/compat/users-api/surface.ts'
import type { Ctx } from '../../../src/context.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp } from '../../support/app.ts'
import { makeAdmin, newEmail, type SignedInUser, signUpUser } from '../../support/users.ts'
import { answerOf, app, call } from '../support/requests.ts'

const BASE = '/api/v1'
const DOCUMENTED_PASSWORD = 'StrongPass123!'
/** The document shows it without an offset; here it says that it is UTC. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const JWT = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/

const bearer = (token: unknown) => ({ headers: { authorization: `Bearer ${token}` } })
const newName = () => `name_${newUuid().slice(0, 8)}`

/** A user as the document shows one. */
const documentedUser = (user: { id: unknown; email: string; username: string }) => ({
  id: user.id,
  email: user.email,
  username: user.username,
  is_active: true,
  is_superuser: false,
  created_at: expect.stringMatching(TIME),
  updated_at: expect.stringMatching(TIME),
})

/** The documented fields of an answer: no more, no fewer are compared. */
const shown = (body: Record<string, unknown>, keys: readonly string[]) =>
  Object.fromEntries(keys.map((key) => [key, body[key]]))

async function register() {
  const account = { email: newEmail(), username: newName(), password: DOCUMENTED_PASSWORD }
  const [status, body] = await answerOf(call('POST', `${BASE}/users`, { body: account }))
  return { account, status, body }
}

describe('what users-api.md shows', () => {
  let admin: SignedInUser
  beforeAll(async () => {
    admin = await makeAdmin(app)
  })

  it('GET /health', async () => {
    const [status, body] = await answerOf(call('GET', `${BASE}/health`))
    expect([status, shown(body, ['status', 'database'])]).toEqual([200, { status: 'healthy', database: 'healthy' }])
  })

  it('POST /auth/login', async () => {
    const { account } = await register()
    const credentials = { email: account.email, password: account.password }
    const [status, body] = await answerOf(call('POST', `${BASE}/auth/login`, { body: credentials }))
    expect([status, shown(body, ['access_token', 'refresh_token', 'token_type'])]).toEqual([
      200,
      { access_token: expect.stringMatching(JWT), refresh_token: expect.any(String), token_type: 'bearer' },
    ])
  })

  it('POST /auth/refresh', async () => {
    const { refreshToken } = await signUpUser(app)
    const [status, body] = await answerOf(
      call('POST', `${BASE}/auth/refresh`, { body: { refresh_token: refreshToken } }),
    )
    expect([status, shown(body, ['access_token', 'refresh_token', 'token_type'])]).toEqual([
      200,
      { access_token: expect.stringMatching(JWT), refresh_token: expect.any(String), token_type: 'bearer' },
    ])
    expect(body.refresh_token).not.toBe(refreshToken)
  })

  it('POST /users', async () => {
    const { account, status, body } = await register()
    const expected = documentedUser({ ...account, id: expect.any(Number) })
    expect([status, shown(body, Object.keys(expected))]).toEqual([201, expected])
    expect(body).not.toHaveProperty('access_token')
  })

  it('GET /users/{user_id}', async () => {
    const { account, body: created } = await register()
    const credentials = { email: account.email, password: account.password }
    const [, tokens] = await answerOf(call('POST', `${BASE}/auth/login`, { body: credentials }))
    const expected = documentedUser({ ...account, id: created.id })
    for (const headers of [bearer(tokens.access_token), bearer(admin.accessToken)]) {
      const [status, body] = await answerOf(call('GET', `${BASE}/users/${created.id}`, headers))
      expect([status, shown(body, Object.keys(expected))]).toEqual([200, expected])
    }
  })

  it('GET /users?skip=0&limit=10', async () => {
    const { account, body: created } = await register()
    const [status, body] = await answerOf(call('GET', `${BASE}/users?skip=0&limit=10`, bearer(admin.accessToken)))
    expect([status, shown(body, ['items', 'total', 'skip', 'limit'])]).toEqual([
      200,
      { items: expect.any(Array), total: expect.any(Number), skip: 0, limit: 10 },
    ])
    const items = body.items as Record<string, unknown>[]
    const expected = documentedUser({ ...account, id: created.id })
    expect(shown(items.find(({ id }) => id === created.id) ?? {}, Object.keys(expected))).toEqual(expected)
    expect(items.length).toBeLessThanOrEqual(10)
    expect(Number(body.total)).toBeGreaterThanOrEqual(items.length)
  })

  it('username is the email where there is none, in users-api’s forms', async () => {
    const { email, user } = await signUpUser(app)
    const ask = async (path: string) => (await answerOf(call('GET', `${BASE}${path}`, bearer(admin.accessToken))))[1]
    const [, created] = await answerOf(
      call('POST', `${BASE}/users`, { body: { email: `new-${email}`, password: DOCUMENTED_PASSWORD } }),
    )
    const { items } = await ask(`/users?skip=0&limit=1&search=${email}`)
    expect(created.username).toBe(`new-${email}`)
    expect(await ask(`/users/${user.number}`)).toMatchObject({ id: user.number, username: email })
    expect(items).toMatchObject([{ id: created.id, username: `new-${email}` }])
    expect(await ask(`/users/${user.id}`)).toMatchObject({ id: user.id, username: null })
  })
})

describe('the errors that users-api.md shows', () => {
  it('400 with a string', async () => {
    for (const body of [
      {},
      { email: 'nobody', password: DOCUMENTED_PASSWORD },
      { email: newEmail(), password: 'short' },
    ]) {
      const [status, answer] = await answerOf(call('POST', `${BASE}/users`, { body }))
      expect([status, answer.detail]).toEqual([400, expect.any(String)])
    }
  })

  it('401, without a token and with a bad one', async () => {
    for (const headers of [{}, bearer('eyJ0eXAiOiJKV1QiLCJhbGc').headers])
      for (const path of ['/users/1', '/users?skip=0&limit=10'])
        expect(await answerOf(call('GET', `${BASE}${path}`, { headers }))).toMatchObject([
          401,
          { detail: 'Invalid authentication credentials' },
        ])
  })

  it('404', async () => {
    const { accessToken } = await makeAdmin(app)
    expect(await answerOf(call('GET', `${BASE}/users/2147483647`, bearer(accessToken)))).toMatchObject([
      404,
      { detail: 'Resource not found' },
    ])
  })

  it('500', async () => {
    const { accessToken, user } = await signUpUser(app)
    const select = () => {
      throw new Error('a mistake of ours, with SQL in it')
    }
    const broken = createTestApp({
      isolate: app.isolate,
      override: (ctx) => ({ ...ctx, db: { select } as unknown as Ctx['db'] }),
    })
    const answer = await call('GET', `${BASE}/users/${user.number}`, { ...bearer(accessToken), app: broken })
    expect([answer.status, await answer.json()]).toMatchObject([500, { detail: 'Internal server error' }])
  })

  it('409 for a taken address or name', async () => {
    const { account } = await register()
    for (const body of [
      { ...account, username: newName() },
      { ...account, email: newEmail(), username: account.username.toUpperCase() },
    ])
      expect(await answerOf(call('POST', `${BASE}/users`, { body }))).toMatchObject([
        409,
        { detail: expect.any(String) },
      ])
  })
})

describe('the surface', () => {
  const tagged = (surfaces: Parameters<typeof listRoutes>[0]) =>
    listRoutes(surfaces)
      .filter(({ systems }) => systems.includes('users-api'))
      .map(({ method, path }) => `${method} ${path}`)

  it('has every documented call in the OpenAPI document under its tag, and none without the surface', () => {
    expect(tagged(['users-api']).sort()).toEqual([...usersApi.documents].sort())
    expect(tagged([])).toEqual([])
    const described = listApis(['users-api']).find(({ path }) => path === '/openapi/users-api.json')?.routes ?? []
    expect(described.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([...usersApi.documents].sort())
  })

  it('answers the same without it, for the paths are the core’s', async () => {
    const none = createTestApp({ env: { COMPAT: '' } })
    const body = { email: newEmail(), username: newName(), password: DOCUMENTED_PASSWORD }
    expect(await answerOf(call('POST', `${BASE}/users`, { body, app: none }))).toMatchObject([
      201,
      { id: expect.any(Number), email: body.email },
    ])
  })

  it('limits strangers to 100 a minute and a user to 1000 an hour', async () => {
    const documented = createTestApp({ env: { RATE_LIMIT_ANONYMOUS: '' } })
    const stranger = await call('GET', `${BASE}/users/1`, { app: documented })
    expect(stranger.headers.get('x-ratelimit-limit')).toBe('100')
    const { accessToken } = await makeAdmin(app)
    const list = await call('GET', `${BASE}/users?skip=0`, { ...bearer(accessToken), app: documented })
    expect(['limit', 'remaining'].map((name) => list.headers.get(`x-ratelimit-${name}`))).toEqual(['1000', '999'])
  })
})

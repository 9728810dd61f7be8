import { beforeAll, describe, expect, it } from 'vitest'
import { newUuid } from '../../src/lib/ids.ts'
import { form } from '../features/oauth/support.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { newAddress, newEmail, PASSWORD } from '../support/users.ts'
import { app, bearer, call } from './support/requests.ts'

interface Person {
  readonly email: string
  /** Null where the registration has no field for one. */
  readonly username: string | null
}

interface Tokens {
  readonly access: string
  readonly refresh: string
}

type Body = Record<string, unknown>

async function ok(answering: Promise<Response>): Promise<Body> {
  const answer = await answering
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${answer.status}: ${text}`)
  return text === '' ? {} : JSON.parse(text)
}

const tokensOf = (body: Body): Tokens => ({
  access: String(body.access_token ?? body.accessToken),
  refresh: String(body.refresh_token ?? body.refreshToken),
})

const password = PASSWORD
const name = () => `u${newUuid().slice(0, 13)}`

const REGISTER: Readonly<Record<string, () => Promise<Person>>> = {
  janux: async () => {
    const email = newEmail()
    await ok(call('POST', '/users/register', { body: { email, full_name: 'Ada Lovelace', password } }))
    return { email, username: null }
  },
  'auth-service': () => registerAt('/auth/register'),
  'users-api': () => registerAt('/api/v1/users'),
  'gateway-auth': () => registerAt('/api/v1/auth/register'),
  native: () => registerAt('/api/v1/auth/signup'),
}

async function registerAt(path: string): Promise<Person> {
  const person = { email: newEmail(), username: name() }
  await ok(call('POST', path, { body: { ...person, password } }))
  return person
}

const LOGIN: Readonly<Record<string, (person: Person) => Promise<Response>>> = {
  'janux, a form': ({ email }) => call('POST', '/auth/login', { form: { username: email, password } }),
  'auth-service, its token URL': ({ email }) =>
    call('POST', '/token', { form: { grant_type: 'password', username: email, password } }),
  'users-api': ({ email }) => call('POST', '/api/v1/auth/login', { body: { email, password } }),
  'gateway-auth': ({ email, username }) =>
    call('POST', '/api/v1/auth/login', { body: { username: username ?? email, password } }),
  native: ({ email }) => call('POST', '/api/v1/auth/signin', { body: { email, password } }),
}

const REFRESH: Readonly<Record<string, (token: string) => Promise<Response>>> = {
  'auth-service': (refresh_token) => call('POST', '/auth/token-refresh', { body: { refresh_token } }),
  'gateway-auth': (refreshToken) => call('POST', '/api/v1/auth/refresh', { body: { refreshToken } }),
  'users-api': (refresh_token) => call('POST', '/api/v1/auth/refresh', { body: { refresh_token } }),
}

const ask = (method: string, path: string, token: string) => call(method, path, { headers: bearer(token) })

/** The session of a token, as its own system numbers it. */
async function endByNumber(token: string): Promise<Response> {
  const current = await ok(ask('GET', '/api/v1/sessions/current', token))
  const sessions = (await ok(ask('GET', '/auth/sessions', token))) as unknown as { id: number; session_token: string }[]
  const own = sessions.find(({ session_token }) => session_token === current.id)
  return ask('DELETE', `/auth/sessions/${own?.id}`, token)
}

const LOGOUT: Readonly<Record<string, (tokens: Tokens) => Promise<Response>>> = {
  janux: ({ access }) => ask('POST', '/users/logout', access),
  'auth-service': ({ access }) => endByNumber(access),
  'gateway-auth': ({ access }) => ask('POST', '/api/v1/auth/logout', access),
  native: ({ access }) => ask('POST', '/api/v1/auth/signout', access),
  'native, by its id': async ({ access }) => {
    const { id } = await ok(ask('GET', '/api/v1/sessions/current', access))
    return ask('DELETE', `/api/v1/sessions/${id}`, access)
  },
  'OAuth, by its refresh token': ({ refresh }) =>
    app.fetch('/oauth/revoke', form({ token: refresh, client_id: 'postern' }, undefined, newAddress())),
}

async function validate(path: string, token: string, at: TestApp = app): Promise<boolean> {
  const answer = await ok(call('POST', path, { body: { token }, app: at }))
  return answer.valid === true
}

const byStatus = (path: string) => async (token: string) => {
  const { status } = await ask('GET', path, token)
  if (status !== 200 && status !== 401) throw new Error(`${path} answered ${status}`)
  return status === 200
}

/** Whether a system takes a token for good. */
const VALIDATE: Readonly<Record<string, (token: string) => Promise<boolean>>> = {
  gateways: byStatus('/validate'),
  'gateways, strong': byStatus('/validate?consistency=strong'),
  'JSON at the root': (token) => validate('/validate', token),
  'JSON, an isolate that has just begun': (token) => validate('/validate', token, createTestApp()),
  'gateway-auth': (token) => validate('/api/v1/auth/validate', token),
  'gateway-auth, its profile': byStatus('/api/v1/auth/profile'),
  'auth-service': byStatus('/protected'),
  'auth-service, sessions': byStatus('/auth/sessions'),
  janux: byStatus('/users/profile'),
  native: byStatus('/api/v1/auth/me'),
  'users-api': byStatus('/api/v1/users/me'),
}

const allOf = (value: boolean) => Object.fromEntries(Object.keys(VALIDATE).map((key) => [key, value]))

async function judge(token: string): Promise<Record<string, boolean>> {
  const judged = Object.entries(VALIDATE).map(async ([key, isTaken]) => [key, await isTaken(token)] as const)
  return Object.fromEntries(await Promise.all(judged))
}

/** Every login with every logout; registrations and refreshes take turns, so that every two of them meet too. */
const JOURNEYS = Object.keys(LOGIN).flatMap((login, l) =>
  Object.keys(LOGOUT).map((logout, o) => ({
    register: Object.keys(REGISTER)[(l + o) % 5] ?? '',
    login,
    refresh: Object.keys(REFRESH)[(l + 2 * o) % 3] ?? '',
    logout,
  })),
)

const people = new Map<string, Person>()

function step<T>(steps: Readonly<Record<string, T>>, key: string): T {
  const found = steps[key]
  if (found === undefined) throw new Error(`there is no ${key}`)
  return found
}

beforeAll(async () => {
  for (const [system, register] of Object.entries(REGISTER)) people.set(system, await register())
})

describe('one user across the systems', () => {
  it.each(JOURNEYS)(
    'registered with $register, signed in with $login, refreshed with $refresh, out with $logout: refused by all',
    async ({ register, login, refresh, logout }) => {
      const person = people.get(register)
      if (!person) throw new Error(`nobody was registered with ${register}`)
      const first = tokensOf(await ok(step(LOGIN, login)(person)))
      expect(await judge(first.access)).toEqual(allOf(true))
      const second = tokensOf(await ok(step(REFRESH, refresh)(first.refresh)))
      expect(await judge(second.access)).toEqual(allOf(true))
      await ok(step(LOGOUT, logout)(second))
      expect(await judge(second.access)).toEqual(allOf(false))
      expect(await judge(first.access)).toEqual(allOf(false))
      for (const { refresh: token } of [second, first])
        for (const again of Object.values(REFRESH)) expect((await again(token)).status).toBe(401)
    },
  )

  it('covers every two of the steps', () => {
    const steps = { register: REGISTER, login: LOGIN, refresh: REFRESH, logout: LOGOUT }
    const names = Object.keys(steps) as (keyof typeof steps)[]
    for (const [one, other] of names.flatMap((a, at) => names.slice(at + 1).map((b) => [a, b] as const))) {
      const met = new Set(JOURNEYS.map((journey) => `${journey[one]} ${journey[other]}`))
      expect([one, other, met.size]).toEqual([
        one,
        other,
        Object.keys(steps[one]).length * Object.keys(steps[other]).length,
      ])
    }
  })

  it('is the same person in each', async () => {
    const person = people.get('gateway-auth')
    if (!person) throw new Error('nobody was registered')
    const { access } = tokensOf(await ok(step(LOGIN, 'janux, a form')(person)))
    const me = await ok(ask('GET', '/api/v1/auth/me', access))
    expect(me.email).toBe(person.email)
    const janux = await ok(ask('GET', '/users/profile', access))
    expect(janux.user).toMatchObject({ id: me.id, email: me.email })
    expect(await ok(ask('GET', '/api/v1/auth/profile', access))).toMatchObject({ id: me.number, uuid: me.id })
    const [session] = (await ok(ask('GET', '/auth/sessions', access))) as unknown as Body[]
    expect(session).toMatchObject({ user_id: me.number })
    expect(await ok(ask('GET', `/api/v1/users/${me.number}`, access))).toMatchObject({ id: me.number, uuid: me.id })
    expect(await ok(ask('GET', '/protected', access))).toMatchObject({ user: person.username })
    const checked = await ok(call('POST', '/api/v1/auth/validate', { body: { token: access } }))
    expect(checked).toMatchObject({ userId: me.number, username: person.username })
  })

  it('is locked out of all of them by one', async () => {
    const person = await step(REGISTER, 'users-api')()
    const from = newAddress()
    const wrong = () =>
      call('POST', '/auth/login', {
        form: { username: person.email, password: 'no' },
        headers: { 'cf-connecting-ip': from },
      })
    for (let failures = 0; failures < 5; failures += 1) expect((await wrong()).status).toBe(401)
    const headers = { 'cf-connecting-ip': from }
    const body = { email: person.email, username: person.email, password }
    const statuses = await Promise.all(
      ['/api/v1/auth/login', '/api/v1/auth/signin', '/auth/login', '/token', '/vendor/login', '/admin/login'].map(
        async (path) => [path, (await call('POST', path, { body, headers })).status],
      ),
    )
    expect(statuses).toEqual([
      ['/api/v1/auth/login', 423],
      ['/api/v1/auth/signin', 423],
      ['/auth/login', 429],
      ['/token', 429],
      ['/vendor/login', 403],
      ['/admin/login', 403],
    ])
  })
})

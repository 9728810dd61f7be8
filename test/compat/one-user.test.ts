import { describe, expect, it } from 'vitest'
import { createTestApp } from '../support/app.ts'
import { newEmail, PASSWORD } from '../support/users.ts'
import { answerOf, app, bearer, call } from './support/requests.ts'

const username = (): string => `ada_${crypto.randomUUID().slice(0, 13)}`

interface Person {
  readonly email: string
  readonly username: string
}

/** Ways in, out and through the gate, each a documented system's. */
const REGISTER: Record<string, (person: Person) => Promise<Response>> = {
  janux: ({ email }) =>
    call('POST', '/users/register', { body: { email, full_name: 'Ada Byron', password: PASSWORD } }),
  'gateway-auth': (person) => call('POST', '/api/v1/auth/register', { body: { ...person, password: PASSWORD } }),
  'auth-service': (person) => call('POST', '/auth/register', { body: { ...person, password: PASSWORD } }),
  'users-api': (person) => call('POST', '/api/v1/users', { body: { ...person, password: PASSWORD } }),
}

const SIGN_IN: Record<string, (email: string) => Promise<Response>> = {
  'auth-service': (email) => call('POST', '/token', { form: { username: email, password: PASSWORD } }),
  'users-api': (email) => call('POST', '/api/v1/auth/login', { body: { email, password: PASSWORD } }),
  janux: (email) => call('POST', '/auth/login', { form: { username: email, password: PASSWORD } }),
  'gateway-auth': (email) => call('POST', '/api/v1/auth/login', { body: { username: email, password: PASSWORD } }),
}

const SIGN_OUT: Record<string, (headers: Record<string, string>) => Promise<Response>> = {
  janux: (headers) => call('POST', '/users/logout', { headers }),
  'gateway-auth': (headers) => call('POST', '/api/v1/auth/logout', { headers }),
}

const WHO_AM_I = ['/users/profile', '/protected', '/api/v1/auth/profile', '/api/v1/auth/me']

const validate = (token: string, at = app) => answerOf(call('POST', '/validate', { body: { token }, app: at }))

describe('one user', () => {
  const ways = Object.keys(REGISTER).flatMap((first) =>
    Object.keys(SIGN_IN)
      .filter((second) => second !== first)
      .map((second, at) => [first, second, at % 2 === 0 ? 'janux' : 'gateway-auth'] as const),
  )

  it.each(ways)(
    'registers at %s, signs in at %s, and is refused everywhere once %s has logged them out',
    async (first, second, last) => {
      const person = { email: newEmail(), username: username() }
      const registered = await REGISTER[first]?.(person)
      expect([200, 201]).toContain(registered?.status)
      const session = await SIGN_IN[second]?.(person.email).then((answer) =>
        answer.json<{ access_token: string; refresh_token: string }>(),
      )
      const token = session?.access_token ?? ''
      const headers = bearer(token)
      for (const path of WHO_AM_I) expect([path, (await call('GET', path, { headers })).status]).toEqual([path, 200])
      const elsewhere = createTestApp()
      for (const at of [app, elsewhere]) expect(await validate(token, at)).toMatchObject([200, { valid: true }])

      expect(await SIGN_OUT[last]?.(headers).then((answer) => answer.status)).toBe(200)
      for (const path of WHO_AM_I) expect([path, (await call('GET', path, { headers })).status]).toEqual([path, 401])
      for (const at of [app, createTestApp()]) expect(await validate(token, at)).toMatchObject([200, { valid: false }])
      const refreshToken = session?.refresh_token
      for (const [path, body] of [
        ['/auth/token-refresh', { refresh_token: refreshToken }],
        ['/api/v1/auth/refresh', { refreshToken }],
      ] as const)
        expect([path, (await call('POST', path, { body })).status]).toEqual([path, 401])
    },
  )
})

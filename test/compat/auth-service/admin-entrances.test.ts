import { beforeAll, describe, expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import { makeAdmin, newAddress, newEmail, PASSWORD, type SignedInUser } from '../../support/users.ts'
import { answerOf, app, call } from '../support/requests.ts'
import { keysOf, LOGIN_KEYS, namedFields, newUsername, register, registerAndLogin, USER_KEYS } from './support.ts'

const SECRET_KEY = 'test-admin-secret-key'

let admin: SignedInUser
beforeAll(async () => {
  admin = await makeAdmin(app)
})

describe('POST /admin/register', () => {
  const creation = (fields: Record<string, unknown> = {}) => ({
    username: newUsername(),
    email: newEmail(),
    password: PASSWORD,
    ...fields,
  })
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    answerOf(call('POST', '/admin/register', { body, headers }))

  it('registers an admin with the secret key, or for an admin', async () => {
    for (const [body, headers] of [
      [creation({ secret_key: SECRET_KEY }), {}],
      [creation(), admin.headers],
      [creation({ secret_key: 'wrong' }), admin.headers],
    ] as const) {
      const [status, user] = await post(body, headers)
      expect([status, keysOf(user), user.role]).toEqual([200, USER_KEYS, 'admin'])
      const { email, password } = body
      expect((await call('POST', '/admin/login', { body: { email, password } })).status).toBe(200)
    }
  })

  it('is 403 for a wrong key, without one, for others, and where none is set', async () => {
    const person = await registerAndLogin()
    const keyless = createTestApp({ env: { ADMIN_SECRET_KEY: '' } })
    expect((await post(creation({ secret_key: `${SECRET_KEY}!` })))[0]).toBe(403)
    for (const body of [creation(), creation({ secret_key: null }), creation({ secret_key: '' })])
      expect((await post(body))[0]).toBe(403)
    expect((await post(creation(), person.headers))[0]).toBe(403)
    for (const secret_key of [SECRET_KEY, '', 'no key is set', 'undefined']) {
      const answer = call('POST', '/admin/register', { app: keyless, body: creation({ secret_key }) })
      expect((await answer).status).toBe(403)
    }
  })

  it('is 429 after five wrong keys from one network, be the sixth right', async () => {
    const headers = { 'cf-connecting-ip': newAddress() }
    for (let time = 0; time < 5; time += 1)
      expect((await post(creation({ secret_key: `guess ${time}` }), headers))[0]).toBe(403)
    expect((await post(creation({ secret_key: SECRET_KEY }), headers))[0]).toBe(429)
  })

  it('is 400 for what is taken, 422 for wrong fields', async () => {
    const { email, username } = await register()
    expect((await post(creation({ email }), admin.headers))[1].detail).toBe('Email already registered')
    expect((await post(creation({ username }), admin.headers))[1].detail).toBe('Username already registered')
    const [status, body] = await post({}, admin.headers)
    expect([status, namedFields(body)]).toEqual([422, ['body.email', 'body.password', 'body.username']])
    expect((await post(creation({ secret_key: 1 })))[0]).toBe(422)
  })
})

describe('POST /admin/login', () => {
  const login = (body: unknown, headers: Record<string, string> = {}) =>
    answerOf(call('POST', '/admin/login', { body, headers }))

  it('answers a session of an admin', async () => {
    const [status, body] = await login({ email: admin.email, password: admin.password })
    expect([status, keysOf(body), body.token_type]).toEqual([200, LOGIN_KEYS, 'bearer'])
    const headers = { authorization: `Bearer ${body.access_token}` }
    expect((await call('GET', '/admin/users', { headers })).status).toBe(200)
  })

  it('is the same 400 for a wrong password and for an unknown user', async () => {
    for (const body of [
      { email: admin.email, password: 'wrong password' },
      { email: newEmail(), password: PASSWORD },
    ]) {
      const [status, answer] = await login(body)
      expect([status, answer.detail]).toEqual([400, 'Invalid credentials'])
    }
  })

  it('is 403 for the right password of a user who is no admin, and opens no session', async () => {
    const person = await registerAndLogin()
    const [status, answer] = await login(person)
    expect([status, answer.detail]).toEqual([403, 'Not authorized'])
    const sessions = await (await call('GET', '/auth/sessions', { headers: person.headers })).json()
    expect(sessions).toHaveLength(1)
  })

  it('is 403 once five wrong passwords came from one network', async () => {
    const other = await makeAdmin(app)
    const headers = { 'cf-connecting-ip': newAddress() }
    for (let time = 0; time < 5; time += 1) await login({ email: other.email, password: 'wrong password' }, headers)
    const [status, body] = await login({ email: other.email, password: other.password }, headers)
    expect([status, body.code]).toEqual([403, 'ACCOUNT_LOCKED'])
  })

  it('is 422 for wrong fields', async () => {
    const [status, body] = await login({ email: 1 })
    expect([status, namedFields(body)]).toEqual([422, ['body.email', 'body.password']])
  })
})

import { describe, expect, it } from 'vitest'
import { listRoutes } from '../../../src/app.ts'
import { createTestApp, env } from '../../support/app.ts'
import { makeAdmin, newAddress, newEmail, signUpUser } from '../../support/users.ts'
import { answerOf, app, bearer, call } from '../support/requests.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const PASSWORD = 'SecurePassw0rd123!'

const register = (body: unknown = {}, headers: Record<string, string> = {}) =>
  call('POST', '/users/register', { body, headers })

/** A user as JANUX's own clients make one, and the token that they get for it. */
async function newUser() {
  const email = newEmail()
  const [, made] = await answerOf(register({ email, full_name: 'Jane Doe', password: PASSWORD }))
  const [, { access_token: token }] = await answerOf(
    call('POST', '/auth/login', { form: { username: email, password: PASSWORD } }),
  )
  return { id: String(made.id), email, token: String(token), headers: bearer(String(token)) }
}

describe('the base endpoints', () => {
  it.each([
    ['/', { message: 'Welcome to the JANUX Authentication Gateway!' }],
    ['/health', { status: 'healthy' }],
    ['/readiness', { status: 'ready' }],
    ['/liveness', { status: 'alive' }],
  ])('GET %s answers as documented', async (path, documented) => {
    expect(await answerOf(call('GET', path))).toMatchObject([200, documented])
  })
})

describe('POST /auth/login', () => {
  it('answers a token for the documented form', async () => {
    const { email } = await newUser()
    const answer = await call('POST', '/auth/login', { form: { username: email, password: PASSWORD } })
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect([answer.status, await answer.json()]).toEqual([
      200,
      {
        access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
        token_type: 'bearer',
        refresh_token: expect.stringMatching(/^prt_/),
        session_token: expect.stringMatching(UUID),
      },
    ])
  })

  it('is 401 for a wrong password, and 429 after five', async () => {
    const { email } = await newUser()
    const headers = { 'cf-connecting-ip': newAddress() }
    const ask = (password: string) => call('POST', '/auth/login', { form: { username: email, password }, headers })
    for (let time = 0; time < 5; time += 1)
      expect(await answerOf(ask('wrong password'))).toMatchObject([401, { detail: 'Invalid email or password' }])
    expect(await answerOf(ask(PASSWORD))).toMatchObject([
      429,
      { detail: 'Too many login attempts. Please try again later.' },
    ])
  })
})

describe('POST /users/register', () => {
  it('makes a user, as documented', async () => {
    const email = newEmail()
    expect(await answerOf(register({ email, full_name: 'Jane Doe', password: PASSWORD }))).toEqual([
      201,
      { id: expect.stringMatching(UUID), email, full_name: 'Jane Doe' },
    ])
  })

  it('is 409 for a taken email, in whatever case', async () => {
    const { email } = await newUser()
    for (const taken of [email, email.toUpperCase()])
      expect(await answerOf(register({ email: taken, full_name: 'Jane Doe', password: PASSWORD }))).toMatchObject([
        409,
        { detail: 'Email already registered.', code: 'CONFLICT' },
      ])
  })

  it('is 429 in the documented words, and says when to come again', async () => {
    const few = createTestApp({ env: { RATE_LIMIT_ANONYMOUS: '1' } })
    const headers = { 'cf-connecting-ip': newAddress() }
    const ask = () => call('POST', '/users/register', { body: {}, headers, app: few })
    expect((await ask()).status).toBe(422)
    const answer = await ask()
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect([answer.status, await answer.json()]).toMatchObject([
      429,
      { detail: 'Too many requests. Please try again later.' },
    ])
  })

  it('is 422 with a list of what is wrong, field by field, and names what is missing as FastAPI does', async () => {
    const [status, { detail }] = await answerOf(register({ email: 'nobody', password: 'short' }))
    expect([status, detail]).toEqual([
      422,
      [
        { loc: ['body', 'email'], msg: 'value is not a valid email address', type: 'value_error' },
        { loc: ['body', 'full_name'], msg: 'Field required', type: 'missing' },
        { loc: ['body', 'password'], msg: 'String should have at least 8 characters', type: 'string_too_short' },
      ],
    ])
  })

  it('is 422 for a password that the policy refuses', async () => {
    const body = { email: newEmail(), full_name: 'Jane Doe', password: 'password123' }
    expect(await answerOf(register(body))).toMatchObject([
      422,
      {
        code: 'WEAK_PASSWORD',
        detail: [{ loc: ['body', 'password'], msg: expect.any(String), type: 'weak_password' }],
      },
    ])
  })

  it('says how long a password has to be where it has to be longer', async () => {
    const strict = createTestApp({ env: { PASSWORD_MIN_LENGTH: '12' } })
    const body = { email: newEmail(), full_name: 'Jane Doe', password: 'elevenchars' }
    expect(await answerOf(call('POST', '/users/register', { body, app: strict }))).toMatchObject([
      422,
      { detail: [{ loc: ['body', 'password'], msg: 'The password must have at least 12 characters' }] },
    ])
  })
})

describe('GET /users/profile', () => {
  it('answers the caller, as documented', async () => {
    const { id, email, headers } = await newUser()
    expect(await answerOf(call('GET', '/users/profile', { headers }))).toEqual([
      200,
      { message: 'This is your profile', user: { id, email, full_name: 'Jane Doe', role: 'user' } },
    ])
  })

  it('takes a name from its parts, and none as empty', async () => {
    const named = await signUpUser(app, { first_name: 'Grace', last_name: 'Hopper' })
    const nameless = await signUpUser(app)
    const nameOf = async ({ headers }: { headers: Record<string, string> }) =>
      (await answerOf(call('GET', '/users/profile', { headers })))[1]
    expect(await nameOf(named)).toMatchObject({ user: { full_name: 'Grace Hopper' } })
    expect(await nameOf(nameless)).toMatchObject({ user: { full_name: '' } })
  })

  it('takes a display name that was emptied for none', async () => {
    const { headers } = await signUpUser(app, { first_name: 'Grace', last_name: 'Hopper' })
    await call('PATCH', '/api/v1/auth/profile', { body: { display_name: '' }, headers })
    expect(await answerOf(call('GET', '/users/profile', { headers }))).toMatchObject([
      200,
      { user: { full_name: 'Grace Hopper' } },
    ])
  })

  it('is 401 in the documented words', async () => {
    const answer = await call('GET', '/users/profile')
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect(await answer.json()).toMatchObject({ detail: 'Could not validate user.' })
  })
})

describe('POST /users/logout', () => {
  it('ends the session, whose token is refused from then on', async () => {
    const { headers, token } = await newUser()
    expect(await answerOf(call('POST', '/users/logout', { headers }))).toEqual([
      200,
      { message: 'You have been logged out successfully.', propagated: true },
    ])
    for (const path of ['/users/profile', '/api/v1/auth/me'])
      expect((await call('GET', path, { headers })).status).toBe(401)
    expect(await answerOf(call('POST', '/validate', { body: { token } }))).toMatchObject([200, { valid: false }])
    expect(await answerOf(call('POST', '/users/logout', { headers }))).toMatchObject([
      401,
      { detail: 'Could not validate user.' },
    ])
  })
})

describe('GET /admins/users', () => {
  it('answers a bare array of users, as documented', async () => {
    const admin = await makeAdmin(app)
    const { id, email } = await newUser()
    // Two of the newest, however many users other tests have made.
    const total = await env.DB.prepare("select count(*) from users where status <> 'deleted'").first<number>('count(*)')
    const answer = await call('GET', `/admins/users?skip=${(total ?? 0) - 2}&limit=2`, { headers: admin.headers })
    expect([answer.status, await answer.json()]).toEqual([
      200,
      [
        { id: admin.user.id, email: admin.email, full_name: '', role: 'admin' },
        { id, email, full_name: 'Jane Doe', role: 'user' },
      ],
    ])
  })

  it('is a page of at most 100 users when no limit is given', async () => {
    const { headers } = await makeAdmin(app)
    const page = await (await call('GET', '/admins/users', { headers })).json<unknown[]>()
    expect(page.length).toBeLessThanOrEqual(100)
    const far = await (await call('GET', '/admins/users?skip=999999999', { headers })).json<unknown[]>()
    expect(far).toEqual([])
  })

  it('is 401, not 403, for a user who is no admin', async () => {
    const { headers } = await newUser()
    const answer = await call('GET', '/admins/users', { headers })
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect(await answer.json()).toMatchObject({ detail: 'Not enough permissions.', status: 401 })
  })
})

describe('DELETE /admins/users/{user_id}', () => {
  it('deletes a user, whose token and password are refused at once', async () => {
    const admin = await makeAdmin(app)
    const { id, email, headers } = await newUser()
    expect(await answerOf(call('DELETE', `/admins/users/${id}`, { headers: admin.headers }))).toEqual([
      200,
      { message: `User ID ${id} successfully deleted.`, propagated: true },
    ])
    expect((await call('GET', '/users/profile', { headers })).status).toBe(401)
    const login = call('POST', '/auth/login', { form: { username: email, password: PASSWORD } })
    expect((await login).status).toBe(401)
    expect((await call('DELETE', `/admins/users/${id}`, { headers: admin.headers })).status).toBe(404)
  })

  it('is 404 for an unknown id, and for anything that is no id', async () => {
    const { headers } = await makeAdmin(app)
    const ids = [
      '507f1f77bcf86cd799439011',
      '00000000-0000-4000-8000-000000000000',
      '1',
      '%00',
      "'%20or%201=1--",
      'x'.repeat(2000),
    ]
    for (const id of ids)
      expect(await answerOf(call('DELETE', `/admins/users/${id}`, { headers }))).toMatchObject([
        404,
        { detail: 'User not found.' },
      ])
  })

  it('is 401 for a user who is no admin', async () => {
    const { id, headers } = await newUser()
    expect(await answerOf(call('DELETE', `/admins/users/${id}`, { headers }))).toMatchObject([
      401,
      { detail: 'Not enough permissions.' },
    ])
    expect((await call('GET', '/users/profile', { headers })).status).toBe(200)
  })
})

describe('the own endpoints of an admin', () => {
  it('answer the profile, as documented', async () => {
    const { email, headers, user } = await makeAdmin(app)
    expect(await answerOf(call('GET', '/admins/profile', { headers }))).toEqual([
      200,
      { message: 'This is your admin profile', admin: { id: user.id, email, full_name: '', role: 'admin' } },
    ])
  })

  it('end the session', async () => {
    const { headers } = await makeAdmin(app)
    expect(await answerOf(call('POST', '/admins/logout', { headers }))).toEqual([
      200,
      { message: 'You have been logged out successfully.', propagated: true },
    ])
    expect(await answerOf(call('GET', '/admins/profile', { headers }))).toMatchObject([
      401,
      { detail: 'Not enough permissions.' },
    ])
  })

  it.each([
    ['GET', '/admins/profile'],
    ['POST', '/admins/logout'],
  ])('%s %s is 401 for a user', async (method, path) => {
    const { headers } = await newUser()
    expect(await answerOf(call(method, path, { headers }))).toMatchObject([401, { detail: 'Not enough permissions.' }])
    expect((await call('GET', '/users/profile', { headers })).status).toBe(200)
  })
})

describe('the OpenAPI document', () => {
  it('says how long a password may be', async () => {
    const { components } = await (await app.fetch('/openapi/janux.json')).json<{
      components: { schemas: Record<string, { properties: Record<string, unknown> }> }
    }>()
    const passwordOf = (schema: string) => components.schemas[schema]?.properties.password
    expect(passwordOf('JanuxRegistration')).toMatchObject({ minLength: 8, maxLength: 128 })
    expect(passwordOf('TokenLogin')).toMatchObject({ minLength: 1, maxLength: 1024 })
  })

  it('has each of the twelve calls under the tag of JANUX', () => {
    const tagged = listRoutes().filter(({ systems }) => systems.includes('janux'))
    expect(tagged.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
      'DELETE /admins/users/:user_id',
      'GET /',
      'GET /admins/profile',
      'GET /admins/users',
      'GET /health',
      'GET /liveness',
      'GET /readiness',
      'GET /users/profile',
      'POST /admins/logout',
      'POST /auth/login',
      'POST /users/logout',
      'POST /users/register',
    ])
  })
})

import { describe, expect, it } from 'vitest'
import { createTestApp, json } from '../../support/app.ts'
import { newAddress, newEmail, PASSWORD, signInUser, signUpUser } from '../../support/users.ts'

const app = createTestApp()
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  app.fetch(`/api/v1/auth/${path}`, json(body, { 'cf-connecting-ip': newAddress(), ...headers }))
const get = (path: string, headers: Record<string, string> = {}) => app.fetch(`/api/v1/auth/${path}`, { headers })

const SESSION_KEYS = [
  'accessToken',
  'access_token',
  'expiresAt',
  'expires_in',
  'mfa_required',
  'mfa_token',
  'refreshToken',
  'refresh_token',
  'role',
  'tokenType',
  'token_type',
  'tokens',
  'user',
  'userId',
  'username',
]

interface Session {
  readonly [key: string]: unknown
  readonly user: { id: string; number: number; email: string; username: string | null; last_sign_in_at: string | null }
  readonly tokens: Record<string, unknown>
  readonly access_token: string
  readonly refresh_token: string
  readonly expires_in: number
}

/** What every system's client reads of a sign-up, a sign-in and a refresh. */
function expectEveryKeySet(session: Session, email: string) {
  expect(Object.keys(session).sort()).toEqual(SESSION_KEYS)
  expect(session.tokens).toEqual({
    access_token: session.access_token,
    refresh_token: session.refresh_token,
    token_type: 'bearer',
    expires_in: session.expires_in,
  })
  expect(session).toMatchObject({
    accessToken: session.access_token,
    refreshToken: session.refresh_token,
    tokenType: 'Bearer',
    token_type: 'bearer',
    mfa_required: false,
    mfa_token: null,
    userId: session.user.number,
    username: session.user.username ?? email,
    role: 'ROLE_USER',
  })
  expect(session.expires_in).toBeGreaterThan(590)
  expect(session.expiresAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)
}

for (const path of ['signup', 'register']) {
  describe(`POST /api/v1/auth/${path}`, () => {
    it('makes an account and signs it in, with every key set', async () => {
      const email = newEmail()
      const body = { email, password: PASSWORD, first_name: 'Ada', last_name: null, metadata: { plan: 'x' } }
      const answer = await post(path, body)
      expect(answer.status).toBe(201)
      const session = await answer.json<Session>()
      expectEveryKeySet(session, email)
      expect(session.user).toMatchObject({
        email,
        first_name: 'Ada',
        given_name: 'Ada',
        last_name: null,
        is_admin: false,
      })
      expect(session.user.last_sign_in_at).not.toBeNull()
      expect((await get('me', { authorization: `Bearer ${session.access_token}` })).status).toBe(200)
    })

    it('is 409 for a taken email, in whatever case, and names the field', async () => {
      const { email } = await signUpUser(app)
      const answer = await post(path, { email: email.toUpperCase(), password: PASSWORD })
      expect(answer.status).toBe(409)
      expect(await answer.json()).toMatchObject({ code: 'CONFLICT', details: { field: 'email' } })
    })

    it('is 409 for a taken username, in whatever case', async () => {
      const username = `ada_${Date.now()}`
      await signUpUser(app, { username })
      const answer = await post(path, { email: newEmail(), password: PASSWORD, username: username.toUpperCase() })
      expect(answer.status).toBe(409)
      expect(await answer.json()).toMatchObject({ code: 'CONFLICT', details: { field: 'username' } })
    })

    it('lets one of two racing sign-ups win', async () => {
      const body = { email: newEmail(), password: PASSWORD }
      const both = await Promise.all([post(path, body), post(path, body)])
      expect(both.map(({ status }) => status).sort()).toEqual([201, 409])
    })

    it.each(['password123', 'PASSWORD123', 'qwertyuiop'])('is 400 for the common password %s', async (password) => {
      const answer = await post(path, { email: newEmail(), password })
      expect(answer.status).toBe(400)
      expect(await answer.json()).toMatchObject({ code: 'WEAK_PASSWORD', details: { reasons: ['common'] } })
    })

    it('is 400 for a password that is the own address or name', async () => {
      const email = newEmail()
      const local = email.slice(0, email.indexOf('@'))
      for (const password of [email, local, `${local}!!`]) {
        const answer = await post(path, { email, password })
        expect([answer.status, await answer.json()]).toMatchObject([400, { details: { reasons: ['personal'] } }])
      }
    })

    const invalid: readonly (readonly [string, Record<string, unknown>])[] = [
      ['a missing email', { password: PASSWORD }],
      ['an email without a domain', { email: 'ada@localhost', password: PASSWORD }],
      ['an email with a line break', { email: 'ada@example.test\r\nBcc: x@example.test', password: PASSWORD }],
      ['an email that is too long', { email: `${'a'.repeat(250)}@example.test`, password: PASSWORD }],
      ['a short password', { email: 'short@example.test', password: '1234567' }],
      ['seven characters of many bytes', { email: 'short@example.test', password: '🗝️🗝️🗝️🗝' }],
      ['a long password', { email: 'long@example.test', password: 'x'.repeat(129) }],
      ['a username with a space', { email: 'name@example.test', password: PASSWORD, username: 'a b c' }],
      ['a username of digits', { email: 'name@example.test', password: PASSWORD, username: '12345' }],
      ['a username with an @', { email: 'name@example.test', password: PASSWORD, username: 'a@b.test' }],
      ['a Cyrillic look-alike in a username', { email: 'name@example.test', password: PASSWORD, username: 'аdmin' }],
      ['a number for a password', { email: 'name@example.test', password: 12345678 }],
    ]
    it.each(invalid)(`is ${path === 'signup' ? 422 : 400} for %s`, async (_name, body) => {
      const answer = await post(path, body)
      expect(answer.status).toBe(path === 'signup' ? 422 : 400)
      expect(await answer.json()).toMatchObject({
        code: 'VALIDATION_ERROR',
        details: { validation_errors: [{ field: expect.stringMatching(/^body\./) }] },
      })
    })

    it('is 403 when sign-ups are disabled', async () => {
      const closed = createTestApp({ env: { SIGNUPS_ENABLED: 'false' } })
      const answer = await closed.fetch(`/api/v1/auth/${path}`, json({ email: newEmail(), password: PASSWORD }))
      expect([answer.status, await answer.json()]).toMatchObject([403, { code: 'SIGNUPS_DISABLED' }])
    })
  })
}

for (const path of ['signin', 'login']) {
  describe(`POST /api/v1/auth/${path}`, () => {
    it('signs in by email or username, in whatever field and case', async () => {
      const username = `Grace_${Date.now()}`
      const { email, password, user } = await signUpUser(app, { username })
      for (const name of [email, email.toUpperCase(), username, username.toLowerCase()]) {
        for (const field of ['email', 'username']) {
          const answer = await post(path, { [field]: name, password })
          expect([field, name, answer.status]).toEqual([field, name, 200])
          const session = await answer.json<Session>()
          expectEveryKeySet(session, email)
          expect(session.user.id).toBe(user.id)
        }
      }
    })

    it('never has the key requires_mfa in a session', async () => {
      const { email, password } = await signUpUser(app)
      const text = await (await post(path, { email, password })).text()
      expect(text).not.toContain('requires_mfa')
    })

    it('is 401 for a wrong password and for an unknown user, word for word', async () => {
      const { email } = await signUpUser(app)
      const answers = await Promise.all(
        [email, newEmail(), 'nobody_here'].map((name) => post(path, { email: name, password: 'wrong password' })),
      )
      const bodies = await Promise.all(
        answers.map(async (answer) => {
          const { request_id: _id, ...error } = (await answer.json<{ error: Record<string, unknown> }>()).error
          return [answer.status, answer.headers.get('www-authenticate'), error]
        }),
      )
      expect(bodies[0]).toMatchObject([401, 'Bearer', { code: 'INVALID_CREDENTIALS', details: {} }])
      expect(bodies[1]).toEqual(bodies[0])
      expect(bodies[2]).toEqual(bodies[0])
    })

    it('takes an all-digit identifier and one with an @ alone for unknown users', async () => {
      for (const name of ['12345', '@', 'a@', '\u0000', '%', "' or 1=1 --"])
        expect([name, (await post(path, { email: name, password: 'wrong password' })).status]).toEqual([name, 401])
    })

    const invalid: readonly (readonly [string, unknown])[] = [
      ['no identifier', { password: PASSWORD }],
      ['an empty identifier', { email: '', username: ' ', password: PASSWORD }],
      ['no password', { email: 'a@example.test' }],
      ['an empty password', { email: 'a@example.test', password: '' }],
      ['a password of 129 characters', { email: 'a@example.test', password: 'x'.repeat(129) }],
      ['an object for an email', { email: { $ne: null }, password: PASSWORD }],
      ['an array', []],
    ]
    it.each(invalid)(`is ${path === 'signin' ? 422 : 400} for %s`, async (_name, body) => {
      const answer = await post(path, body)
      expect(answer.status).toBe(path === 'signin' ? 422 : 400)
      expect(await answer.json()).toMatchObject({ code: 'VALIDATION_ERROR' })
    })
  })
}

describe('POST /api/v1/auth/refresh', () => {
  it.each(['refresh_token', 'refreshToken'])('takes %s, and answers every key set', async (name) => {
    const { refreshToken, email, user } = await signUpUser(app)
    const answer = await post('refresh', { [name]: refreshToken })
    expect(answer.status).toBe(200)
    const session = await answer.json<Session>()
    expectEveryKeySet(session, email)
    expect(session.user.id).toBe(user.id)
    expect(session.refresh_token).not.toBe(refreshToken)
  })

  it('gives two racing refreshes the same successor', async () => {
    const { refreshToken } = await signUpUser(app)
    const both = await Promise.all([1, 2].map(() => post('refresh', { refresh_token: refreshToken })))
    const [a, b] = await Promise.all(both.map((answer) => answer.json<Session>()))
    expect(a?.refresh_token).toBe(b?.refresh_token)
  })

  it.each(['', 'prt_x', 'not a token', 'eyJhbGciOiJub25lIn0.e30.'])('is 400 or 401 for %j', async (token) => {
    expect((await post('refresh', { refresh_token: token })).status).toBe(token === '' ? 400 : 401)
  })

  it('is 401 for an access token', async () => {
    const { accessToken } = await signUpUser(app)
    const answer = await post('refresh', { refresh_token: accessToken })
    expect([answer.status, await answer.json()]).toMatchObject([401, { code: 'TOKEN_ERROR' }])
  })

  it('is 400 without a token, and for a malformed Idempotency-Key', async () => {
    expect((await post('refresh', {})).status).toBe(400)
    const { refreshToken } = await signUpUser(app)
    const long = await post('refresh', { refresh_token: refreshToken }, { 'idempotency-key': 'k'.repeat(256) })
    expect(long.status).toBe(400)
    expect(
      (await post('refresh', { refresh_token: refreshToken }, { 'idempotency-key': 'k'.repeat(255) })).status,
    ).toBe(200)
  })

  it('is 401 after signing out', async () => {
    const { refreshToken, headers } = await signUpUser(app)
    expect((await app.fetch('/api/v1/auth/logout', { method: 'POST', headers })).status).toBe(200)
    expect((await post('refresh', { refresh_token: refreshToken })).status).toBe(401)
  })
})

for (const path of ['signout', 'logout']) {
  describe(`POST /api/v1/auth/${path}`, () => {
    const bodies = [undefined, '', '{}', '{"refresh_token":"x"}', 'not json']
    it.each(bodies)('ends the session of the token whatever the body is (%j)', async (body) => {
      const { headers } = await signUpUser(app)
      const init = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' } }
      const answer = await app.fetch(`/api/v1/auth/${path}`, body === undefined ? init : { ...init, body })
      expect(answer.status).toBe(200)
      expect(await answer.json()).toEqual({
        success: true,
        message: 'Successfully logged out',
        data: null,
        propagated: true,
      })
      expect((await get('me', headers)).status).toBe(401)
      expect((await app.fetch(`/api/v1/auth/${path}`, init)).status).toBe(401)
    })

    it('leaves other sessions of the user alone', async () => {
      const first = await signUpUser(app)
      const second = await signInUser(app, first)
      await app.fetch(`/api/v1/auth/${path}`, { method: 'POST', headers: first.headers })
      expect((await get('me', second.headers)).status).toBe(200)
    })

    it('is 401 without a token and with a bad one', async () => {
      expect((await app.fetch(`/api/v1/auth/${path}`, { method: 'POST' })).status).toBe(401)
      const bad = { method: 'POST', headers: { authorization: 'Bearer x.y.z' } }
      expect((await app.fetch(`/api/v1/auth/${path}`, bad)).status).toBe(401)
    })
  })
}

describe('GET /api/v1/auth/me and /profile', () => {
  it('answer the user in the shape of each system', async () => {
    const username = `Lin_${Date.now()}`
    const { headers, user, email } = await signUpUser(app, { username })
    await app.settled()
    const me = await (await get('me', headers)).json()
    expect(me).toMatchObject({ id: user.id, number: user.number, email, username, status: 'active', roles: ['user'] })
    const profile = await (await get('profile', headers)).json<Record<string, unknown>>()
    expect(profile).toMatchObject({
      id: user.number,
      uuid: user.id,
      email,
      username,
      role: 'USER',
      status: 'ACTIVE',
      email_verified: false,
    })
    for (const name of ['createdAt', 'lastLoginAt']) expect(profile[name]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)
  })

  it('show the email where the profile needs a username and there is none', async () => {
    const { headers, email } = await signUpUser(app)
    expect(await (await get('profile', headers)).json()).toMatchObject({ username: email })
    expect(await (await get('me', headers)).json()).toMatchObject({ username: null })
  })

  it('are 401 without a token, with a bad one, and with a refresh token', async () => {
    const { refreshToken } = await signUpUser(app)
    for (const path of ['me', 'profile']) {
      expect((await get(path)).status).toBe(401)
      expect((await get(path, { authorization: 'Bearer nonsense' })).status).toBe(401)
      expect((await get(path, { authorization: `Bearer ${refreshToken}` })).status).toBe(401)
    }
  })
})

describe('bad bodies', () => {
  for (const path of ['signup', 'register', 'signin', 'login', 'refresh']) {
    const send = (body: string, type = 'application/json') =>
      app.fetch(`/api/v1/auth/${path}`, { method: 'POST', headers: { 'content-type': type }, body })

    it(`${path}: malformed JSON is 400, an empty body is an empty object`, async () => {
      const malformed = await send('{"email":')
      expect([malformed.status, await malformed.json()]).toMatchObject([400, { code: 'VALIDATION_ERROR' }])
      expect((await send('')).status).toBe(['signup', 'signin'].includes(path) ? 422 : 400)
    })

    it(`${path}: more than 1 MiB is 413, another media type 415, another method 405`, async () => {
      expect((await send(JSON.stringify({ email: 'x'.repeat(1024 * 1024) }))).status).toBe(413)
      expect((await send('email=a', 'application/x-www-form-urlencoded')).status).toBe(415)
      const wrong = await app.fetch(`/api/v1/auth/${path}`)
      expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'OPTIONS, POST'])
    })
  }
})

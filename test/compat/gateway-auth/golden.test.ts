import { describe, expect, it } from 'vitest'
import { listRoutes } from '../../../src/app.ts'
import { mailedToken } from '../../features/sign-in/mails.ts'
import { createTestApp, env } from '../../support/app.ts'
import { newAddress, newEmail, PASSWORD } from '../../support/users.ts'
import { answerOf, app, bearer, call } from '../support/requests.ts'

const BASE = '/api/v1/auth'
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/
/** `2025-06-17T10:30:00`: no zone, no fraction. */
const LOCAL_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/
const UTC_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  call('POST', `${BASE}${path}`, { body, headers })
const get = (path: string, headers: Record<string, string> = {}) => call('GET', `${BASE}${path}`, { headers })
const change = (body: unknown, headers: Record<string, string>) =>
  call('PUT', `${BASE}/change-password`, { body, headers })

const newUsername = (): string => `john_${crypto.randomUUID().slice(0, 13)}`

/** A user as gateway-auth's own clients make one. */
async function newUser() {
  const account = { username: newUsername(), email: newEmail(), password: PASSWORD }
  const [, body] = await answerOf(post('/register', account))
  const token = String(body.accessToken)
  return {
    ...account,
    userId: Number(body.userId),
    token,
    refreshToken: String(body.refreshToken),
    headers: bearer(token),
  }
}

const session = (username: string) => ({
  accessToken: expect.stringMatching(JWT),
  refreshToken: expect.stringMatching(/^prt_/),
  tokenType: 'Bearer',
  expiresAt: expect.stringMatching(LOCAL_TIME),
  userId: expect.any(Number),
  username,
  role: 'ROLE_USER',
})

/** The documented body of every failure. */
const failure = (status: number, message: unknown = expect.any(String)) => ({
  timestamp: expect.stringMatching(UTC_TIME),
  status,
  message,
})

describe('1. registration', () => {
  it('is 201 with tokens, and an expiry in UTC', async () => {
    const account = { username: newUsername(), email: newEmail(), password: PASSWORD }
    const [status, body] = await answerOf(post('/register', account))
    expect([status, body]).toMatchObject([201, session(account.username)])
    expect(Number.isInteger(body.userId)).toBe(true)
    const minutes = (Date.parse(`${body.expiresAt}Z`) - Date.now()) / 60_000
    expect(minutes).toBeGreaterThan(9)
    expect(minutes).toBeLessThan(10.1)
  })

  it('is 400 for invalid data, and names the field', async () => {
    for (const [body, field] of [
      [{ username: newUsername(), email: newEmail() }, 'password'],
      [{ username: newUsername(), email: newEmail(), password: 'short' }, 'password'],
      [{ username: newUsername(), email: 'nobody', password: PASSWORD }, 'email'],
      [{ username: 'j', email: newEmail(), password: PASSWORD }, 'username'],
    ] as const)
      expect(await answerOf(post('/register', body))).toMatchObject([
        400,
        failure(400, `Validation failed for field '${field}'`),
      ])
  })

  it('is 409 for a taken email and a taken username', async () => {
    const { username, email } = await newUser()
    for (const body of [
      { username: newUsername(), email, password: PASSWORD },
      { username, email: newEmail(), password: PASSWORD },
    ])
      expect(await answerOf(post('/register', body))).toMatchObject([409, failure(409)])
  })
})

describe('2. login', () => {
  it('is 200 with tokens', async () => {
    const { username, password, userId } = await newUser()
    expect(await answerOf(post('/login', { username, password }))).toMatchObject([
      200,
      { ...session(username), userId },
    ])
  })

  it('is 401 for wrong credentials, and 423 once the account is locked', async () => {
    const { username, password } = await newUser()
    const headers = { 'cf-connecting-ip': newAddress() }
    for (let time = 0; time < 5; time += 1)
      expect(await answerOf(post('/login', { username, password: 'wrong password' }, headers))).toMatchObject([
        401,
        failure(401),
      ])
    expect(await answerOf(post('/login', { username, password }, headers))).toMatchObject([423, failure(423)])
  })
})

describe('3. refresh', () => {
  it('answers new tokens for a refresh token', async () => {
    const { username, refreshToken, userId } = await newUser()
    const [status, body] = await answerOf(post('/refresh', { refreshToken }))
    expect([status, body]).toMatchObject([200, { ...session(username), userId }])
    expect(body.refreshToken).not.toBe(refreshToken)
  })

  it('is 401 for one that is not good', async () => {
    expect(await answerOf(post('/refresh', { refreshToken: 'eyJhbGciOiJIUzI1NiJ9.e30.x' }))).toMatchObject([
      401,
      failure(401),
    ])
  })
})

describe('what is missing', () => {
  it.each([
    ['/login', 'username', { username: '', password: PASSWORD }],
    ['/login', 'username', { username: null, password: PASSWORD }],
    ['/login', 'password', { username: 'johndoe' }],
    ['/refresh', 'refreshToken', { refreshToken: '' }],
    ['/refresh', 'refreshToken', { refreshToken: null }],
  ])('at %s is named as its clients do: %s', async (path, field, body) => {
    expect(await answerOf(post(path, body))).toMatchObject([
      400,
      failure(400, `Validation failed for field '${field}'`),
    ])
  })
})

describe.each(['/api/v1/auth/validate', '/validate'])('4. validation at %s', (path) => {
  const validate = (token: string) => answerOf(call('POST', path, { body: { token } }))

  it('names the user of a valid token', async () => {
    const { username, userId, token } = await newUser()
    expect(await validate(token)).toEqual([
      200,
      { valid: true, userId, username, role: 'ROLE_USER', expirationTime: expect.any(Number), errorMessage: null },
    ])
  })

  it('is 200 for a token that is not good, with the reason alone', async () => {
    const short = createTestApp({
      override: (ctx) => ({ ...ctx, config: { ...ctx.config, ACCESS_TOKEN_SECONDS: -60 } }),
    })
    const account = { username: newUsername(), email: newEmail(), password: PASSWORD }
    const [, { accessToken }] = await answerOf(call('POST', `${BASE}/register`, { body: account, app: short }))
    const nobody = { valid: false, userId: null, username: null, role: null, expirationTime: null }
    expect(await validate(String(accessToken))).toEqual([200, { ...nobody, errorMessage: 'Token has expired' }])
    expect(await validate('no token')).toEqual([200, { ...nobody, errorMessage: expect.any(String) }])
  })
})

describe('5. logout', () => {
  it('ends the session', async () => {
    const { headers } = await newUser()
    expect(await answerOf(post('/logout', {}, headers))).toEqual([
      200,
      { success: true, message: 'Successfully logged out', data: null, propagated: true },
    ])
    expect(await answerOf(post('/logout', {}, headers))).toMatchObject([401, failure(401)])
    expect(await answerOf(post('/logout', {}))).toMatchObject([401, failure(401)])
  })
})

describe('6. and 7. password reset', () => {
  it('mails a link whose token sets a password, once', async () => {
    const { email, username, headers } = await newUser()
    expect(await answerOf(post('/password-reset', { email }))).toEqual([
      200,
      { success: true, message: 'Password reset instructions sent to your email', data: null },
    ])
    const token = await mailedToken(app, email, '/reset-password')
    const body = { token, newPassword: 'newSecurePassword123' }
    expect(await answerOf(post('/password-reset/confirm', body))).toEqual([
      200,
      { success: true, message: 'Password reset successfully', data: null, propagated: true },
    ])
    expect((await get('/profile', headers)).status).toBe(401)
    expect((await post('/login', { username, password: body.newPassword })).status).toBe(200)
    expect(await answerOf(post('/password-reset/confirm', body))).toMatchObject([400, failure(400)])
  })

  it('is 404 for an unknown email', async () => {
    expect(await answerOf(post('/password-reset', { email: newEmail() }))).toMatchObject([
      404,
      failure(404, 'User not found'),
    ])
  })

  it('is 400 for a token that is not good, and for a weak password, which leaves the link good', async () => {
    const { email } = await newUser()
    await post('/password-reset', { email })
    const token = await mailedToken(app, email, '/reset-password')
    for (const body of [
      { token: 'abc123xyz789', newPassword: 'newSecurePassword123' },
      { token, newPassword: 'password123' },
      { token, newPassword: 'short' },
      { token },
      { newPassword: 'newSecurePassword123' },
    ])
      expect(await answerOf(post('/password-reset/confirm', body))).toMatchObject([400, failure(400)])
    expect((await post('/password-reset/confirm', { token, newPassword: 'newSecurePassword123' })).status).toBe(200)
  })
})

describe('8. change of password', () => {
  it('changes it', async () => {
    const { headers, username, password } = await newUser()
    const body = { currentPassword: password, newPassword: 'newSecurePassword123' }
    expect(await answerOf(change(body, headers))).toEqual([
      200,
      { success: true, message: 'Password changed successfully', data: null, propagated: true },
    ])
    expect((await post('/login', { username, password: body.newPassword })).status).toBe(200)
  })

  it('is 400 for a wrong current password and 401 without a token', async () => {
    const { headers } = await newUser()
    const body = { currentPassword: 'oldPassword123', newPassword: 'newSecurePassword123' }
    expect(await answerOf(change(body, headers))).toMatchObject([400, failure(400)])
    expect(await answerOf(change(body, {}))).toMatchObject([401, failure(401)])
    expect(await answerOf(change(body, bearer('a.b.c')))).toMatchObject([401, failure(401)])
  })

  it.each([
    ['currentPassword', {}],
    ['currentPassword', { newPassword: 'newSecurePassword123' }],
    ['newPassword', { currentPassword: PASSWORD }],
    ['newPassword', { currentPassword: PASSWORD, newPassword: 'short' }],
  ])('names %s as its clients do when it is invalid: %j', async (field, body) => {
    const { headers } = await newUser()
    expect(await answerOf(change(body, headers))).toMatchObject([
      400,
      failure(400, `Validation failed for field '${field}'`),
    ])
  })
})

describe('9. the profile', () => {
  it('is as documented, with the integer id', async () => {
    const { headers, username, email, userId } = await newUser()
    expect(await answerOf(get('/profile', headers))).toMatchObject([
      200,
      {
        id: userId,
        username,
        email,
        role: 'USER',
        createdAt: expect.stringMatching(LOCAL_TIME),
        lastLoginAt: expect.stringMatching(LOCAL_TIME),
        status: 'ACTIVE',
      },
    ])
    expect(await answerOf(get('/profile'))).toMatchObject([401, failure(401)])
  })
})

describe('the role', () => {
  it('is one of the two documented ones but for /validate, which names every role', async () => {
    const { userId, username, password } = await newUser()
    await env.DB.prepare("update users set role = 'support-agent' where number = ?").bind(userId).run()
    const [, { role, accessToken }] = await answerOf(post('/login', { username, password }))
    const [, profile] = await answerOf(get('/profile', bearer(String(accessToken))))
    const [, check] = await answerOf(post('/validate', { token: accessToken }))
    expect([role, profile.role, check.role]).toEqual(['ROLE_USER', 'USER', 'ROLE_SUPPORT_AGENT'])
  })
})

describe('10. verification of an email', () => {
  it('verifies it, and says so again', async () => {
    const { email, headers } = await newUser()
    const token = await mailedToken(app, email, '/verify-email')
    expect(await answerOf(get(`/verify-email/${token}`))).toEqual([
      200,
      { success: true, message: 'Email verified successfully', data: null, propagated: true },
    ])
    expect(await answerOf(get('/profile', headers))).toMatchObject([200, { email_verified: true }])
    expect(await answerOf(get(`/verify-email/${token}`))).toMatchObject([200, { message: 'Already confirmed' }])
  })

  it('is 400 for a token that is not good', async () => {
    for (const token of ['abc123', '%00', "'%20or%201=1--", `pot_${'A'.repeat(43)}`, 'x'.repeat(600)])
      expect(await answerOf(get(`/verify-email/${token}`))).toMatchObject([400, failure(400)])
  })
})

describe('11. health', () => {
  it('is as documented', async () => {
    expect(await answerOf(get('/health'))).toEqual([
      200,
      {
        success: true,
        message: 'Auth service is healthy',
        data: {
          timestamp: expect.stringMatching(UTC_TIME),
          service: 'auth-service',
          version: expect.stringMatching(/^\d+\.\d+\.\d+/),
        },
      },
    ])
  })

  it('is 503 with the same fields when a store is silent', async () => {
    const broken = createTestApp({
      override: (ctx) => ({
        ...ctx,
        objects: {
          ...ctx.objects,
          feed: () => ({ ...ctx.objects.feed(), ping: () => Promise.reject(new Error('down')) }),
        },
      }),
    })
    expect(await answerOf(call('GET', `${BASE}/health`, { app: broken }))).toMatchObject([
      503,
      { success: false, message: 'Auth service is unhealthy', data: { service: 'auth-service' } },
    ])
  })
})

describe('the rest of the document', () => {
  it('has the Swagger UI at /swagger', async () => {
    const answer = await call('GET', '/swagger')
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  })

  it('says in the OpenAPI document how long a password may be', async () => {
    interface Schema {
      readonly properties: Record<string, unknown>
    }
    const { paths, components } = await (await app.fetch('/openapi/gateway-auth.json')).json<{
      paths: Record<string, { post?: { requestBody: { content: Record<string, { schema: { $ref: string } }> } } }>
      components: { schemas: Record<string, Schema> }
    }>()
    const passwordAt = (path: string) => {
      const name = paths[`${BASE}${path}`]?.post?.requestBody.content['application/json']?.schema.$ref.split('/').at(-1)
      return components.schemas[name ?? '']?.properties.password
    }
    expect(passwordAt('/register')).toEqual({ type: 'string', minLength: 8, maxLength: 128 })
    expect(passwordAt('/login')).toEqual({ type: 'string', minLength: 1, maxLength: 1024 })
  })

  it('has each of its calls under its tag', () => {
    const tagged = listRoutes().filter(({ systems }) => systems.includes('gateway-auth'))
    expect(tagged.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
      'GET /api/v1/auth/health',
      'GET /api/v1/auth/profile',
      'GET /api/v1/auth/verify-email/:token',
      'POST /api/v1/auth/login',
      'POST /api/v1/auth/logout',
      'POST /api/v1/auth/password-reset',
      'POST /api/v1/auth/password-reset/confirm',
      'POST /api/v1/auth/refresh',
      'POST /api/v1/auth/register',
      'POST /api/v1/auth/validate',
      'POST /validate',
      'PUT /api/v1/auth/change-password',
    ])
  })
})

import { describe, expect, it, vi } from 'vitest'
import { mailedToken } from '../../features/sign-in/mails.ts'
import { createTestApp, env } from '../../support/app.ts'
import { acceptedMails } from '../../support/mail.ts'
import { newEmail, PASSWORD, signUpUser } from '../../support/users.ts'
import { refusedTokens } from '../support/refused.ts'
import { answerOf, app, bearer, call } from '../support/requests.ts'

const BASE = '/api/v1/auth'
const OWN = [
  ['POST', '/password-reset'],
  ['POST', '/password-reset/confirm'],
  ['GET', '/verify-email/abc123'],
  ['GET', '/health'],
] as const

const post = (path: string, body: unknown, to = app) => call('POST', `${BASE}${path}`, { body, app: to })

describe('credentials that are not good', () => {
  it('are 401 on the calls that want one, in the documented shape', async () => {
    for (const [what, token] of await refusedTokens(app))
      for (const [method, path, body] of [
        ['POST', '/logout', {}],
        ['PUT', '/change-password', { currentPassword: PASSWORD, newPassword: 'newSecurePassword123' }],
        ['GET', '/profile', undefined],
      ] as const) {
        const answer = await call(method, `${BASE}${path}`, { headers: bearer(token), body })
        expect([what, path, answer.status]).toEqual([what, path, 401])
        expect(await answer.json()).toMatchObject({
          status: 401,
          message: expect.any(String),
          timestamp: expect.any(String),
        })
      }
  })

  it('are not valid', async () => {
    for (const [what, token] of await refusedTokens(app))
      expect([what, await answerOf(post('/validate', { token }))]).toMatchObject([what, [200, { valid: false }]])
  })
})

describe('a link to verify an address', () => {
  it('changes nothing when it is looked at by HEAD', async () => {
    const { email, user } = await signUpUser(app)
    const token = await mailedToken(app, email, '/verify-email')
    const look = await call('HEAD', `${BASE}/verify-email/${token}`)
    expect([look.status, await look.text()]).toEqual([200, ''])
    expect((await call('HEAD', `${BASE}/verify-email/abc123`)).status).toBe(400)
    const verified = () =>
      env.DB.prepare('select email_verified_at from users where id = ?').bind(user.id).first('email_verified_at')
    expect(await verified()).toBeNull()
    expect((await call('GET', `${BASE}/verify-email/${token}`)).status).toBe(200)
    expect(await verified()).not.toBeNull()
  })

  it('that resets a password verifies nothing, and the other way round', async () => {
    const { email } = await signUpUser(app)
    expect((await post('/password-reset', { email })).status).toBe(200)
    const reset = await mailedToken(app, email, '/reset-password')
    const verify = await mailedToken(app, email, '/verify-email')
    expect((await call('GET', `${BASE}/verify-email/${reset}`)).status).toBe(400)
    const confirm = (token: string) => post('/password-reset/confirm', { token, newPassword: 'newSecurePassword123' })
    expect((await confirm(verify)).status).toBe(400)
    expect((await confirm(reset)).status).toBe(200)
  })

  it('is used by one of two racing calls, and the other is answered that it was used', async () => {
    const { email } = await signUpUser(app)
    const token = await mailedToken(app, email, '/verify-email')
    const both = await Promise.all([1, 2].map(() => call('GET', `${BASE}/verify-email/${token}`)))
    const answers = await Promise.all(both.map((answer) => answer.json<{ message: string }>()))
    expect(answers.map(({ message }) => message).sort()).toEqual(['Already confirmed', 'Email verified successfully'])
  })

  it('keeps its token out of the log', async () => {
    const { email } = await signUpUser(app)
    const token = await mailedToken(app, email, '/verify-email')
    const lines: string[] = []
    const log = vi.spyOn(console, 'info').mockImplementation((line) => void lines.push(String(line)))
    try {
      for (const name of [token, token, `${token}/x`]) await call('GET', `${BASE}/verify-email/${name}`)
      await call('GET', `${BASE}/verify-email/${token}`, { app: createTestApp({ env: { COMPAT: '' } }) })
    } finally {
      log.mockRestore()
    }
    expect(lines.filter((line) => line.includes('/verify-email/[secret]')).length).toBe(4)
    expect(lines.join()).not.toContain(token)
  })
})

describe('a request to reset a password', () => {
  it('reveals nothing where accounts are hidden', async () => {
    const hiding = createTestApp({ env: { HIDE_ACCOUNT_EXISTENCE: 'true' } })
    const { email } = await signUpUser(app)
    const known = await answerOf(post('/password-reset', { email }, hiding))
    expect(await answerOf(post('/password-reset', { email: newEmail() }, hiding))).toEqual(known)
    expect(known[0]).toBe(200)
  })

  it('mails none to users who may not sign in, and treats a deleted user as unknown', async () => {
    for (const [state, status] of [
      ['suspended', 200],
      ['locked', 200],
      ['deleted', 404],
    ] as const) {
      const { email, user } = await signUpUser(app)
      await env.DB.prepare('update users set status = ? where id = ?').bind(state, user.id).run()
      expect((await post('/password-reset', { email })).status).toBe(status)
      await app.settled()
      expect(await acceptedMails(email, 'password_reset')).toEqual([])
    }
  })

  it('is 503 for everybody where no mail can be sent', async () => {
    const mute = createTestApp({ env: { MAIL_TRANSPORT: 'smtp', SMTP_HOST: '', MAIL_FROM: '' } })
    const { email } = await signUpUser(app)
    for (const address of [email, newEmail()])
      expect(await answerOf(post('/password-reset', { email: address }, mute))).toMatchObject([
        503,
        { code: 'CONFIGURATION_ERROR' },
      ])
  })
})

describe('bad input', () => {
  it('is 400 in the documented shape, never 422 or 5xx', async () => {
    const bodies: [string, unknown, string | null][] = [
      ['/password-reset', {}, 'email'],
      ['/password-reset', { email: 1 }, 'email'],
      ['/password-reset', { email: { $ne: null } }, 'email'],
      ['/password-reset', { email: "' or 1=1 --" }, 'email'],
      ['/password-reset', { email: `${'a'.repeat(10_000)}@example.test` }, 'email'],
      ['/password-reset', { email: 'a@b.test\r\nBcc: x@b.test' }, 'email'],
      ['/password-reset', [], null],
      ['/password-reset', null, null],
      ['/password-reset/confirm', { token: '', newPassword: 'newSecurePassword123' }, 'token'],
      ['/password-reset/confirm', { token: ['a'], newPassword: 'newSecurePassword123' }, 'token'],
      ['/password-reset/confirm', { token: 'x'.repeat(10_000), newPassword: 'newSecurePassword123' }, 'token'],
      ['/password-reset/confirm', { token: 'abc', newPassword: 'x'.repeat(129) }, 'newPassword'],
      ['/password-reset/confirm', { token: 'abc', newPassword: {} }, 'newPassword'],
    ]
    for (const [path, body, field] of bodies) {
      const [status, answer] = await answerOf(post(path, body))
      expect([path, body, status, answer.status]).toEqual([path, body, 400, 400])
      expect(answer.message).toBe(
        field === null ? 'Request validation failed' : `Validation failed for field '${field}'`,
      )
    }
  })

  it('is 400 for what is no JSON, 413 and 415 beyond, 405 for another method', async () => {
    const send = (body: string, type = 'application/json') =>
      app.fetch(`${BASE}/password-reset`, { method: 'POST', headers: { 'content-type': type }, body })
    const answers = [
      await send('{"email":'),
      await send('x'.repeat(1024 * 1024 + 1)),
      await send('email=a', 'application/x-www-form-urlencoded'),
      await app.fetch(`${BASE}/password-reset`),
      await app.fetch(`${BASE}/health`, { method: 'POST' }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([400, 413, 415, 405, 405])
    for (const answer of answers)
      expect(await answer.json()).toMatchObject({ status: answer.status, message: expect.any(String) })
  })
})

describe('without the surface', () => {
  it('its own paths are unknown, and the core keeps the rest', async () => {
    const bare = createTestApp({ env: { COMPAT: '' } })
    for (const [method, path] of OWN)
      expect([path, (await call(method, `${BASE}${path}`, { app: bare })).status]).toEqual([path, 404])
    const text = await (await bare.fetch('/openapi.json')).text()
    expect(text).not.toMatch(/gateway-auth|"\/api\/v1\/auth\/(password-reset|verify-email\/|health)/)
    const { username } = { username: `joe_${crypto.randomUUID().slice(0, 8)}` }
    const account = { username, email: newEmail(), password: PASSWORD }
    expect((await post('/register', account, bare)).status).toBe(201)
    const [status, session] = await answerOf(post('/login', { username, password: PASSWORD }, bare))
    expect([status, session]).toMatchObject([200, { token_type: 'bearer', user: { username } }])
    expect(Object.keys(session)).not.toContain('tokenType')
  })
})

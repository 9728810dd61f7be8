import { describe, expect, it } from 'vitest'
import { createTestApp, json } from '../../support/app.ts'
import { createAppWithObjects, withMethods } from '../../support/objects.ts'
import { newEmail, PASSWORD, signUpUser } from '../../support/users.ts'
import { app, expectEveryKeySet, expectSession, get, post, type Session } from './support.ts'

for (const path of ['signup', 'register']) {
  describe(`POST /api/v1/auth/${path}`, () => {
    it('makes an account and signs it in, with the key sets of its path', async () => {
      const email = newEmail()
      const body = { email, password: PASSWORD, first_name: 'Ada', last_name: null, metadata: { plan: 'x' } }
      const answer = await post(path, body)
      expect(answer.status).toBe(201)
      const { verification_email: mailed, ...session } = await answer.json<Session>()
      expect(mailed).toBe('queued')
      if (path === 'register') expectEveryKeySet(session, email)
      else expectSession(session)
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

    it('says what became of the mail that verifies the address', async () => {
      const verificationEmail = async (env: Record<string, string>) => {
        const answer = await createTestApp({ env }).fetch(
          `/api/v1/auth/${path}`,
          json({ email: newEmail(), password: PASSWORD }),
        )
        return [answer.status, (await answer.json<{ verification_email: string }>()).verification_email]
      }
      expect(await verificationEmail({})).toEqual([201, 'queued'])
      expect(await verificationEmail({ MAIL_TRANSPORT: 'smtp' })).toEqual([201, 'unavailable'])
      expect(await verificationEmail({ REQUIRE_VERIFIED_EMAIL: 'true' })).toEqual([201, 'queued'])
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
      ['a NUL in a name', { email: 'name@example.test', password: PASSWORD, first_name: 'A\0da' }],
      ['a line break in a name', { email: 'name@example.test', password: PASSWORD, last_name: 'King\r\nBcc: x' }],
      ['half a surrogate pair in a name', { email: 'name@example.test', password: PASSWORD, first_name: 'A\ud800' }],
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

describe('too many sign-ups of one network', () => {
  it('are 429 with the time to wait', async () => {
    const crowded = createAppWithObjects(({ guard }) => ({
      guard: (subject) => withMethods(guard(subject), { use: async () => ({ allowed: false, retryAfterMs: 61_500 }) }),
    }))
    const answer = await crowded.fetch('/api/v1/auth/signup', json({ email: newEmail(), password: PASSWORD }))
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '62'])
    expect(await answer.json()).toMatchObject({ code: 'RATE_LIMIT_EXCEEDED' })
  })
})

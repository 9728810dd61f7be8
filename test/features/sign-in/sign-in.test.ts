import { describe, expect, it } from 'vitest'
import { newEmail, PASSWORD, signUpUser } from '../../support/users.ts'
import { app, expectEveryKeySet, expectSession, post, type Session } from './support.ts'

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
          if (path === 'login') expectEveryKeySet(session, email)
          else expectSession(session)
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
      ['a password of 1,025 characters', { email: 'a@example.test', password: 'x'.repeat(1025) }],
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

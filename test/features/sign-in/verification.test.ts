import { describe, expect, it } from 'vitest'
import { createTestApp, env, json, type TestApp } from '../../support/app.ts'
import { acceptedMails } from '../../support/mail.ts'
import { newAddress, newEmail, PASSWORD, signUpUser } from '../../support/users.ts'
import { mailedToken, mailedTokens } from './mails.ts'
import { answerOf, app, get, post } from './support.ts'

const isVerified = async (headers: Record<string, string>) =>
  (await (await get('me', headers)).json<{ email_verified: boolean }>()).email_verified

const on = (other: TestApp, path: string, body: unknown) =>
  other.fetch(`/api/v1/auth/${path}`, json(body, { 'cf-connecting-ip': newAddress() }))

describe('the link that a sign-up mails', () => {
  for (const path of ['verify-email', 'email/verify']) {
    it(`verifies the address at ${path}, and says so again for the rest of its time`, async () => {
      const { email, headers, user } = await signUpUser(app)
      expect(user.email_verified).toBe(false)
      const token = await mailedToken(app, email, '/verify-email')
      expect(await answerOf(post(path, { token }))).toMatchObject([200, { success: true, propagated: true }])
      expect(await isVerified(headers)).toBe(true)
      expect(await answerOf(post(path, { token }))).toMatchObject([
        200,
        { success: true, message: 'Already verified, and the account is not confirmed', confirmed: false },
      ])
    })

    it(`is 400 at ${path} for tokens of nobody, and 422 without one`, async () => {
      for (const token of ['x', 'pot_', `pot_${'A'.repeat(43)}`, "' or 1=1 --"])
        expect(await answerOf(post(path, { token }))).toMatchObject([400, { code: 'INVALID_TOKEN' }])
      for (const token of [undefined, '', 1, null, {}, 'x'.repeat(513)])
        expect(await answerOf(post(path, { token }))).toMatchObject([422, { code: 'VALIDATION_ERROR' }])
    })
  }

  it('is good for two days', async () => {
    const { email } = await signUpUser(app)
    const token = await mailedToken(app, email, '/verify-email')
    const at = (hours: number) =>
      createTestApp({ override: (ctx) => ({ ...ctx, now: () => Date.now() + hours * 3_600_000 }) })
    expect((await on(at(49), 'verify-email', { token })).status).toBe(400)
    expect((await on(at(47), 'verify-email', { token })).status).toBe(200)
  })

  it('verifies once of five submissions at once', async () => {
    const { email, user } = await signUpUser(app)
    const token = await mailedToken(app, email, '/verify-email')
    const all = await Promise.all(Array.from({ length: 5 }, () => post('verify-email', { token })))
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    const { results } = await env.DB.prepare("select id from events where user_id = ? and type = 'user.email_verified'")
      .bind(user.id)
      .all()
    expect(results).toHaveLength(1)
  })

  it('is not good for another purpose', async () => {
    const { email } = await signUpUser(app)
    const token = await mailedToken(app, email, '/verify-email')
    for (const [path, body] of [
      ['reset-password', { token, new_password: PASSWORD }],
      ['magic-link/verify', { token }],
    ] as const)
      expect(await answerOf(post(path, body))).toMatchObject([400, { code: 'INVALID_TOKEN' }])
  })

  it('verifies no deleted user', async () => {
    const { email, user } = await signUpUser(app)
    const token = await mailedToken(app, email, '/verify-email')
    await env.DB.prepare("update users set status = 'deleted' where id = ?").bind(user.id).run()
    expect((await post('verify-email', { token })).status).toBe(400)
  })
})

for (const path of ['resend-verification', 'email/resend-verification']) {
  describe(`POST /api/v1/auth/${path}`, () => {
    it('mails another link to the caller, without a body; the older is void', async () => {
      const { email, headers } = await signUpUser(app)
      const first = await mailedToken(app, email, '/verify-email')
      const init = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' } }
      expect((await app.fetch(`/api/v1/auth/${path}`, init)).status).toBe(200)
      const [second] = await mailedTokens(app, email, '/verify-email', 2)
      expect((await post('verify-email', { token: first })).status).toBe(400)
      expect((await post('verify-email', { token: second }, headers)).status).toBe(200)
      expect(await answerOf(app.fetch(`/api/v1/auth/${path}`, init))).toMatchObject([400, { code: 'ALREADY_VERIFIED' }])
    })

    it('answers alike for an address that waits, one that is verified and one of nobody', async () => {
      const waiting = await signUpUser(app)
      const verified = await signUpUser(app)
      await mailedToken(app, waiting.email, '/verify-email')
      await post('verify-email', { token: await mailedToken(app, verified.email, '/verify-email') }, verified.headers)
      const emails = [waiting.email, verified.email, newEmail()]
      const all = await Promise.all(emails.map((email) => answerOf(post(path, { email }))))
      expect(all[0]).toMatchObject([200, { success: true }])
      expect(all[1]).toEqual(all[0])
      expect(all[2]).toEqual(all[0])
      await mailedTokens(app, waiting.email, '/verify-email', 2)
      expect(await acceptedMails(verified.email, 'email_verification')).toHaveLength(1)
      expect(await acceptedMails(emails[2] ?? '', 'email_verification')).toEqual([])
    })

    it('is 401 for a bad token, and 422 without token and address', async () => {
      expect((await post(path, {}, { authorization: 'Bearer x' })).status).toBe(401)
      expect(await answerOf(post(path, {}))).toMatchObject([422, { code: 'VALIDATION_ERROR' }])
      expect((await post(path, { email: 'nobody' })).status).toBe(422)
    })
  })
}

describe('a stranger who asks for links on and on', () => {
  it('gets five mailed in an hour beside the one of the sign-up, and voids none after them', async () => {
    const { email } = await signUpUser(app)
    await mailedToken(app, email, '/verify-email')
    const from = { 'cf-connecting-ip': newAddress() }
    for (let count = 2; count <= 8; count += 1) {
      expect((await post('resend-verification', { email }, from)).status).toBe(200)
      await app.settled()
    }
    const [newest] = await mailedTokens(app, email, '/verify-email', 6)
    expect(await acceptedMails(email, 'email_verification')).toHaveLength(6)
    expect((await post('verify-email', { token: newest })).status).toBe(200)
  })
})

describe('a user who asks for another address on and on', () => {
  it('has five of them written to in an hour, and is told the same of a sixth', async () => {
    const { headers } = await signUpUser(app)
    const addresses = Array.from({ length: 6 }, newEmail)
    for (const email of addresses) {
      const answer = await app.fetch('/api/v1/auth/profile', { ...json({ email }, headers), method: 'PATCH' })
      expect([answer.status, await answer.json()]).toMatchObject([200, { pending_email: email }])
    }
    await app.settled()
    const mailed = await Promise.all(
      addresses.map(async (email) => (await acceptedMails(email, 'email_change')).length),
    )
    expect(mailed).toEqual([1, 1, 1, 1, 1, 0])
  })
})

describe('REQUIRE_VERIFIED_EMAIL', () => {
  const strict = createTestApp({ env: { REQUIRE_VERIFIED_EMAIL: 'true' } })

  it('signs nobody up into a session, and in only after the link', async () => {
    const email = newEmail()
    const answer = await answerOf(on(strict, 'signup', { email, password: PASSWORD }))
    expect(answer).toMatchObject([
      201,
      {
        user: { email, email_verified: false, status: 'pending' },
        tokens: null,
        mfa_required: false,
        email_verification_required: true,
        mfa_token: null,
      },
    ])
    const signIn = (password: string) => answerOf(on(strict, 'signin', { email, password }))
    expect(await signIn(PASSWORD)).toMatchObject([401, { code: 'EMAIL_NOT_VERIFIED' }])
    expect(await signIn('wrong password')).toMatchObject([401, { code: 'INVALID_CREDENTIALS' }])
    const token = await mailedToken(strict, email, '/verify-email')
    expect((await on(strict, 'verify-email', { token })).status).toBe(200)
    expect(await signIn(PASSWORD)).toMatchObject([200, { user: { email_verified: true, status: 'active' } }])
  })

  it('does not lock out who has the right password and waits for the mail', async () => {
    const { email, password, address } = await signUpUser(app)
    const all = []
    for (let count = 0; count < 7; count += 1)
      all.push(await strict.fetch('/api/v1/auth/signin', json({ email, password }, { 'cf-connecting-ip': address })))
    expect(all.map(({ status }) => status)).toEqual(Array.from({ length: 7 }, () => 401))
  })

  it('tells that an address is taken, unless HIDE_ACCOUNT_EXISTENCE has it answered like a free one', async () => {
    const { email } = await signUpUser(app)
    expect((await on(strict, 'signup', { email, password: PASSWORD })).status).toBe(409)
    const hiding = createTestApp({ env: { REQUIRE_VERIFIED_EMAIL: 'true', HIDE_ACCOUNT_EXISTENCE: 'true' } })
    const free = newEmail()
    const both = await Promise.all(
      [email, free].map((address) => answerOf(on(hiding, 'register', { email: address, password: PASSWORD }))),
    )
    expect(both[0]).toMatchObject([201, { user: null, tokens: null }])
    expect(both[1]).toEqual(both[0])
    await mailedToken(hiding, free, '/verify-email')
    // The holder is told, with a way in.
    const token = await mailedToken(hiding, email, '/reset-password')
    const reset = { token, new_password: 'Another-good-passw0rd' }
    expect((await on(hiding, 'reset-password', reset)).status).toBe(200)
  })

  it('hides no username, and a taken one hides no address', async () => {
    const username = `grace-${Date.now()}`
    const { email } = await signUpUser(app, { username })
    const hiding = createTestApp({ env: { REQUIRE_VERIFIED_EMAIL: 'true', HIDE_ACCOUNT_EXISTENCE: 'true' } })
    for (const address of [email, newEmail()])
      expect(await answerOf(on(hiding, 'signup', { email: address, password: PASSWORD, username }))).toMatchObject([
        409,
        { details: { field: 'username' } },
      ])
  })
})

describe('a deployment that cannot send mail', () => {
  const mute = createTestApp({ env: { MODE: 'production', PUBLIC_URL: 'https://auth.example.test' } })
  const muteStrict = createTestApp({
    env: { MODE: 'production', PUBLIC_URL: 'https://auth.example.test', REQUIRE_VERIFIED_EMAIL: 'true' },
  })

  it('says so for known and unknown addresses alike, and signs up without the mail', async () => {
    const email = newEmail()
    expect((await on(mute, 'signup', { email, password: PASSWORD })).status).toBe(201)
    for (const path of ['resend-verification', 'forgot-password', 'magic/send'])
      for (const address of [email, newEmail()])
        expect(await answerOf(on(mute, path, { email: address }))).toMatchObject([503, { code: 'CONFIGURATION_ERROR' }])
  })

  it('makes no account that could never be verified', async () => {
    const email = newEmail()
    expect((await on(muteStrict, 'signup', { email, password: PASSWORD })).status).toBe(503)
    expect((await on(mute, 'signup', { email, password: PASSWORD })).status).toBe(201)
  })
})

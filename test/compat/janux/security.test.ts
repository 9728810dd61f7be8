import { describe, expect, it } from 'vitest'
import { createClockedApp, enrolQuickly } from '../../features/factors/totp/support.ts'
import { createTestApp, env } from '../../support/app.ts'
import { acceptedMails } from '../../support/mail.ts'
import { makeAdmin, newAddress, newEmail, PASSWORD, signInUser } from '../../support/users.ts'
import { refusedTokens } from '../support/refused.ts'
import { answerOf, app, bearer, call } from '../support/requests.ts'

const USER_CALLS = [
  ['GET', '/users/profile'],
  ['POST', '/users/logout'],
] as const
const ADMIN_CALLS = [
  ['GET', '/admins/users'],
  ['DELETE', '/admins/users/00000000-0000-4000-8000-000000000000'],
  ['GET', '/admins/profile'],
  ['POST', '/admins/logout'],
] as const

describe('credentials that are not good', () => {
  it('are 401 everywhere, each system in its words', async () => {
    const tokens = await refusedTokens(app)
    for (const [what, token] of [...tokens, ['none', null] as const]) {
      const headers = token === null ? {} : bearer(token)
      for (const [calls, detail] of [
        [USER_CALLS, 'Could not validate user.'],
        [ADMIN_CALLS, 'Not enough permissions.'],
      ] as const)
        for (const [method, path] of calls) {
          const answer = await call(method, path, { headers })
          expect([what, path, answer.status]).toEqual([what, path, 401])
          expect(await answer.json()).toMatchObject({ detail })
        }
    }
  })

  it('are 401 for an admin whose role was taken away', async () => {
    const admin = await makeAdmin(app)
    await env.DB.prepare("update users set role = 'user', claims_version = claims_version + 1 where id = ?")
      .bind(admin.user.id)
      .run()
    const { headers } = await signInUser(app, admin)
    expect((await call('GET', '/admins/users', { headers })).status).toBe(401)
  })
})

describe('a login whose second factor is pending', () => {
  it('is 401 MFA_REQUIRED, with the challenge in the error, and no session', async () => {
    const clocked = createClockedApp()
    const { email, password } = await enrolQuickly(clocked)
    const [status, body] = await answerOf(
      call('POST', '/auth/login', { form: { username: email, password }, app: clocked }),
    )
    expect([status, body]).toMatchObject([
      401,
      {
        code: 'MFA_REQUIRED',
        detail: 'A second factor is required',
        error: { details: { mfa_token: expect.stringMatching(/^pot_/), available_methods: expect.any(Array) } },
      },
    ])
    expect(body).not.toHaveProperty('access_token')
  })
})

describe('registration', () => {
  const register = (body: unknown, to = app, headers: Record<string, string> = {}) =>
    call('POST', '/users/register', { body, app: to, headers })
  const person = (email: string) => ({ email, full_name: 'Jane Doe', password: PASSWORD })

  it('opens no session, and mails a link that verifies the address', async () => {
    const email = newEmail()
    const [, { id }] = await answerOf(register(person(email)))
    await app.settled()
    expect(await acceptedMails(email, 'email_verification')).toHaveLength(1)
    const events = await env.DB.prepare('select type from events where user_id = ?').bind(id).all()
    expect(events.results).toEqual([{ type: 'user.created' }])
  })

  it('gives no role, status or name that was not asked for', async () => {
    const email = newEmail()
    const extras = { role: 'admin', status: 'active', is_admin: true, id: 'x', appMetadata: {}, emailVerifiedAt: 1 }
    expect((await register({ ...person(email), ...extras })).status).toBe(201)
    const row = await env.DB.prepare('select role, email_verified_at from users where email = ?').bind(email).first()
    expect(row).toEqual({ role: 'user', email_verified_at: null })
  })

  it('is refused where sign-ups are closed', async () => {
    const closed = createTestApp({ env: { SIGNUPS_ENABLED: 'false' } })
    expect(await answerOf(register(person(newEmail()), closed))).toMatchObject([403, { code: 'SIGNUPS_DISABLED' }])
  })

  it('waits for the address where that comes first', async () => {
    const strict = createTestApp({ env: { REQUIRE_VERIFIED_EMAIL: 'true' } })
    const email = newEmail()
    expect((await register(person(email), strict)).status).toBe(201)
    const login = call('POST', '/auth/login', { form: { username: email, password: PASSWORD }, app: strict })
    expect(await answerOf(login)).toMatchObject([401, { code: 'EMAIL_NOT_VERIFIED' }])
    expect((await register(person(email), strict)).status).toBe(409)
  })

  it('answers a free and a taken address alike where accounts are hidden', async () => {
    const hiding = createTestApp({ env: { REQUIRE_VERIFIED_EMAIL: 'true', HIDE_ACCOUNT_EXISTENCE: 'true' } })
    const email = newEmail()
    const first = await answerOf(register(person(email), hiding))
    await hiding.settled()
    expect(first).toEqual([201, { id: null, email, full_name: 'Jane Doe' }])
    expect(await answerOf(register(person(email), hiding))).toEqual(first)
  })

  it('is 422 for input of wrong types, without a user', async () => {
    const email = newEmail()
    const bad: unknown[] = [
      { ...person(email), email: { $ne: null } },
      { ...person(email), email: [email] },
      { ...person(email), email: `${email}\r\nBcc: x@example.test` },
      { ...person(email), email: `${'a'.repeat(300)}@example.test` },
      { ...person(email), full_name: '' },
      { ...person(email), full_name: 1 },
      { ...person(email), full_name: 'x'.repeat(201) },
      { ...person(email), password: null },
      { ...person(email), password: 'x'.repeat(129) },
      { ...person(email), password: 'Secure\u0000Passw0rd' },
      { ...person(email), password: '\ud800'.repeat(12) },
      [],
      null,
      'text',
    ]
    for (const body of bad) expect([body, (await register(body)).status]).toEqual([body, 422])
    expect(await env.DB.prepare('select id from users where email = ?').bind(email).first()).toBeNull()
  })

  it('is 422 for a password that is a part of the full name', async () => {
    for (const password of ['Castlebuilder1', 'JaneCastlebuilder', 'castlebuilder jane'])
      expect(await answerOf(register({ email: newEmail(), full_name: 'Jane Castlebuilder', password }))).toMatchObject([
        422,
        { code: 'WEAK_PASSWORD', details: { reasons: ['personal'] } },
      ])
  })

  it('keeps names as they were typed, and takes addresses of one form for one', async () => {
    const full_name = 'Zoë \'Robert"); DROP TABLE users;-- \u{1f9d9}'
    const id = crypto.randomUUID()
    const answer = await answerOf(register({ ...person(`user-${id}@example.test`), full_name }))
    expect(answer).toMatchObject([201, { full_name }])
    expect((await register(person(`ＵＳＥＲ-${id}@ＥＸＡＭＰＬＥ.test`))).status).toBe(409)
    // Turned around, a name reads as another.
    expect((await register({ ...person(newEmail()), full_name: 'Zoë \u202eeciruaM' })).status).toBe(422)
  })

  it('lets one of two racing registrations win', async () => {
    const email = newEmail()
    const both = await Promise.all([register(person(email)), register(person(email))])
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409])
  })
})

describe('input of admins', () => {
  it('is 422 for a page that is none', async () => {
    const { headers } = await makeAdmin(app)
    const bad = [
      'skip=-1',
      'skip=x',
      'skip=1e99',
      'skip=1.5',
      'limit=0',
      'limit=-1',
      'limit=1001',
      'limit=NaN',
      'skip=1&skip=2',
      "limit=1'%20or%201",
    ]
    for (const query of bad) {
      const [status, body] = await answerOf(call('GET', `/admins/users?${query}`, { headers }))
      expect([query, status]).toEqual([query, 422])
      expect(body.detail).toContainEqual({
        loc: ['query', query.slice(0, query.indexOf('='))],
        msg: expect.any(String),
        type: expect.any(String),
      })
    }
  })

  it('is 409 for the last admin', async () => {
    const { headers, user } = await makeAdmin(app)
    const others = "role = 'admin' and id <> ? and status = 'active'"
    const { results } = await env.DB.prepare(`select id from users where ${others}`).bind(user.id).all<{ id: string }>()
    const set = (status: string) =>
      env.DB.batch(results.map(({ id }) => env.DB.prepare('update users set status = ? where id = ?').bind(status, id)))
    if (results.length > 0) await set('inactive')
    try {
      expect(await answerOf(call('DELETE', `/admins/users/${user.id}`, { headers }))).toMatchObject([
        409,
        { code: 'LAST_ADMIN' },
      ])
    } finally {
      if (results.length > 0) await set('active')
    }
  })

  it('counts wrong bodies of logins from one network no more than others', async () => {
    const headers = { 'cf-connecting-ip': newAddress() }
    for (let time = 0; time < 8; time += 1)
      expect((await call('POST', '/auth/login', { form: { username: 'ada' }, headers })).status).toBe(422)
  })
})

describe('without the surface', () => {
  const OWN = [...USER_CALLS, ...ADMIN_CALLS, ['POST', '/users/register'], ['POST', '/auth/login']] as const

  it('its paths are unknown, and out of the OpenAPI document', async () => {
    const bare = createTestApp({ env: { COMPAT: '' } })
    const admin = await makeAdmin(app)
    for (const [method, path] of OWN)
      expect([path, (await call(method, path, { headers: admin.headers, app: bare })).status]).toEqual([path, 404])
    const text = await (await bare.fetch('/openapi.json')).text()
    expect(text).not.toMatch(/janux|"\/users\/profile"|"\/admins\/|"\/auth\/login"/i)
    expect(await (await bare.fetch('/')).text()).not.toMatch(/janux/i)
    expect((await bare.fetch('/health')).status).toBe(200)
  })
})

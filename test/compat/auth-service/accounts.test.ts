import { describe, expect, it } from 'vitest'
import { mailedToken } from '../../features/sign-in/mails.ts'
import { createTestApp } from '../../support/app.ts'
import { makeAdmin, newEmail, PASSWORD } from '../../support/users.ts'
import { answerOf, app, bearer, call } from '../support/requests.ts'
import {
  DONE,
  issuesOf,
  keysOf,
  login,
  namedFields,
  newUsername,
  register,
  registerAndLogin,
  TOKEN_KEYS,
  USER_KEYS,
} from './support.ts'

const creation = (fields: Record<string, unknown> = {}) => ({
  username: newUsername(),
  email: newEmail(),
  password: PASSWORD,
  ...fields,
})

describe('POST /auth/register', () => {
  const post = (body: unknown) => answerOf(call('POST', '/auth/register', { body }))

  it('answers 200 with the whole user', async () => {
    const sent = creation({ profile_picture: 'https://example.test/a.png', preferences: 'dark' })
    const [status, body] = await post(sent)
    expect([status, keysOf(body)]).toEqual([200, USER_KEYS])
    expect(body).toEqual({
      id: expect.any(Number),
      username: sent.username,
      email: sent.email,
      is_active: true,
      role: 'user',
      two_factor_enabled: false,
      failed_login_attempts: 0,
      account_locked: false,
      profile_picture: 'https://example.test/a.png',
      preferences: 'dark',
    })
    expect(Number.isInteger(body.id)).toBe(true)
  })

  it('keeps a picture that is no web address for this system alone', async () => {
    const sent = creation({ profile_picture: 'javascript:alert(1)', preferences: null })
    const [, body] = await post(sent)
    expect(body).toMatchObject({ profile_picture: 'javascript:alert(1)', preferences: null })
    const { headers } = await login(sent)
    const [, me] = await answerOf(call('GET', '/api/v1/auth/me', { headers }))
    expect(me).toMatchObject({ profile_image_url: null, username: sent.username })
  })

  it('is 400 for a taken address, in whatever case, and for a taken username', async () => {
    const { email, username } = await register()
    const [status, body] = await post(creation({ email: email.toUpperCase() }))
    expect([status, body.detail]).toEqual([400, 'Email already registered'])
    const [again, taken] = await post(creation({ username: username.toUpperCase() }))
    expect([again, taken.detail]).toEqual([400, 'Username already registered'])
  })

  it('lets one of two racing registrations win', async () => {
    const email = newEmail()
    const both = await Promise.all([post(creation({ email })), post(creation({ email }))])
    expect(both.map(([status]) => status).sort()).toEqual([200, 400])
  })

  it('is 422 in FastAPI’s form for what is missing or wrong', async () => {
    const [status, body] = await post({})
    expect([status, namedFields(body)]).toEqual([422, ['body.email', 'body.password', 'body.username']])
    for (const issue of issuesOf(body)) {
      expect(keysOf(issue)).toEqual(['loc', 'msg', 'type'])
      expect([typeof issue.msg, typeof issue.type]).toEqual(['string', 'string'])
    }
    for (const [field, values] of Object.entries({
      username: [1, null, '', 'a', 'with space', 'with@sign', '12345', 'x'.repeat(51), "'; drop table users; --"],
      email: [1, null, '', 'nobody', 'a@b', `${'a'.repeat(250)}@example.test`, 'a@example.test\r\nBcc: x@y.zz'],
      password: [1, null, '', 'short', 'x'.repeat(129)],
      profile_picture: [1, [], 'x'.repeat(2049)],
      preferences: [1, {}, 'x'.repeat(10_001)],
    })) {
      for (const value of values) {
        const [code, wrong] = await post(creation({ [field]: value }))
        expect([field, value, code, namedFields(wrong)]).toEqual([field, value, 422, [`body.${field}`]])
      }
    }
  })

  it('is 422 for a password that is too easy, naming the field', async () => {
    const [status, body] = await post(creation({ password: 'password1' }))
    expect([status, body.code, namedFields(body)]).toEqual([422, 'WEAK_PASSWORD', ['body.password']])
  })

  it('says nothing of an account where none is shown to exist', async () => {
    const hidden = createTestApp({ env: { HIDE_ACCOUNT_EXISTENCE: 'true', REQUIRE_VERIFIED_EMAIL: 'true' } })
    const { email } = await register()
    const answer = async (address: string) => {
      const body = creation({ email: address, preferences: 'dark' })
      const [status, user] = await answerOf(call('POST', '/auth/register', { app: hidden, body }))
      return [status, { ...user, email: '', username: '' }]
    }
    const [taken, free] = [await answer(email), await answer(newEmail())]
    expect(taken).toEqual(free)
    expect(taken).toEqual([
      200,
      {
        id: 0,
        username: '',
        email: '',
        is_active: true,
        role: 'user',
        two_factor_enabled: false,
        failed_login_attempts: 0,
        account_locked: false,
        profile_picture: null,
        preferences: 'dark',
      },
    ])
  })

  it('is 403 where sign-ups are off', async () => {
    const closed = createTestApp({ env: { SIGNUPS_ENABLED: 'false' } })
    const [status, body] = await answerOf(call('POST', '/auth/register', { app: closed, body: creation() }))
    expect([status, typeof body.detail]).toEqual([403, 'string'])
  })
})

describe('POST /auth/password-reset-request and /auth/password-reset', () => {
  const ask = (email: unknown, to = app) =>
    answerOf(call('POST', '/auth/password-reset-request', { app: to, body: { email } }))
  const reset = (body: unknown) => answerOf(call('POST', '/auth/password-reset', { body }))

  it('mails a link whose token sets a new password, once, and ends every session', async () => {
    const person = await registerAndLogin()
    expect(await ask(person.email)).toEqual([200, { message: expect.any(String) }])
    const token = await mailedToken(app, person.email, '/reset-password')
    const new_password = 'Another-of-the-gate-7'
    expect(await reset({ token, new_password })).toEqual([200, DONE])
    expect((await call('GET', '/protected', { headers: person.headers })).status).toBe(401)
    await login({ email: person.email, password: new_password })
    expect((await reset({ token, new_password }))[0]).toBe(400)
  })

  it('says who has an account, unless accounts are hidden', async () => {
    const [status, body] = await ask(newEmail())
    expect([status, typeof body.detail]).toEqual([404, 'string'])
    const hidden = createTestApp({ env: { HIDE_ACCOUNT_EXISTENCE: 'true' } })
    const { email } = await register()
    const [known, unknown] = [await ask(email, hidden), await ask(newEmail(), hidden)]
    expect(known).toEqual(unknown)
    expect(known[0]).toBe(200)
  })

  it('is 422 for wrong fields and for a weak password, after which the token still works', async () => {
    const { email } = await register()
    expect((await ask('nobody'))[0]).toBe(422)
    const [status, body] = await reset({})
    expect([status, namedFields(body)]).toEqual([422, ['body.new_password', 'body.token']])
    await ask(email)
    const token = await mailedToken(app, email, '/reset-password')
    const [weak, why] = await reset({ token, new_password: 'password1' })
    expect([weak, namedFields(why)]).toEqual([422, ['body.new_password']])
    expect((await reset({ token, new_password: 'Another-of-the-gate-8' }))[0]).toBe(200)
  })

  it('is 400 for an unknown token', async () => {
    for (const token of ['x', "' or 1=1 --", '\u0000'])
      expect((await reset({ token, new_password: 'Another-of-the-gate-9' }))[0]).toBe(400)
  })
})

describe('POST /auth/token-refresh', () => {
  const refresh = (refresh_token: unknown, headers = {}) =>
    answerOf(call('POST', '/auth/token-refresh', { body: { refresh_token }, headers }))

  it('gives a refresh token its one successor', async () => {
    const { refresh_token, session_token } = await registerAndLogin()
    const [status, body] = await refresh(refresh_token)
    expect([status, keysOf(body)]).toEqual([200, TOKEN_KEYS])
    expect(body).toMatchObject({ token_type: 'bearer', session_token })
    const [, again] = await refresh(refresh_token)
    expect(again.refresh_token).toBe(body.refresh_token)
    expect((await call('GET', '/protected', { headers: bearer(String(body.access_token)) })).status).toBe(200)
  })

  it('takes an Idempotency-Key, and is 400 for a malformed one', async () => {
    const { refresh_token } = await registerAndLogin()
    const key = { 'idempotency-key': crypto.randomUUID() }
    const [first, second] = [await refresh(refresh_token, key), await refresh(refresh_token, key)]
    expect([first[0], second[0], second[1].refresh_token]).toEqual([200, 200, first[1].refresh_token])
    expect((await refresh(refresh_token, { 'idempotency-key': 'a b' }))[0]).toBe(400)
  })

  it('is 401 for what is no refresh token, 422 without one', async () => {
    const { access_token } = await registerAndLogin()
    for (const token of ['x', access_token, `prt_${'A'.repeat(98)}`]) {
      const [status, body] = await refresh(token)
      expect([status, typeof body.detail]).toEqual([401, 'string'])
    }
    for (const token of [undefined, null, '', 1, {}, 'x'.repeat(9000)]) expect((await refresh(token))[0]).toBe(422)
  })
})

describe('GET /auth/verify-user/:username', () => {
  const verify = (name: string, headers: Record<string, string> = {}) =>
    answerOf(call('GET', `/auth/verify-user/${encodeURIComponent(name)}`, { headers }))

  it('answers the user and admins with all of it', async () => {
    const person = await registerAndLogin({ preferences: 'dark' })
    const admin = await makeAdmin(app)
    for (const headers of [person.headers, admin.headers]) {
      const [status, body] = await verify(person.username, headers)
      expect([status, keysOf(body)]).toEqual([200, USER_KEYS])
      expect(body).toMatchObject({ id: person.id, email: person.email, role: 'user', preferences: 'dark' })
    }
  })

  it('counts failed attempts and locks in an answer about one user', async () => {
    const person = await register()
    const admin = await makeAdmin(app)
    const address = { 'cf-connecting-ip': '2001:db8:77::1' }
    const wrong = { username: person.email, password: 'wrong password' }
    for (let time = 0; time < 3; time += 1) await call('POST', '/auth/login', { form: wrong, headers: address })
    expect((await verify(person.username, admin.headers))[1]).toMatchObject({
      failed_login_attempts: 3,
      account_locked: false,
    })
    for (let time = 0; time < 3; time += 1) await call('POST', '/auth/login', { form: wrong, headers: address })
    const [, locked] = await verify(person.username, admin.headers)
    expect(locked).toMatchObject({ account_locked: true, is_active: true })
  })

  it('shows others only that the username exists', async () => {
    const [person, other] = [await register({ profile_picture: 'a', preferences: 'b' }), await registerAndLogin()]
    expect(await verify(person.username.toUpperCase(), other.headers)).toEqual([
      200,
      {
        id: person.id,
        username: person.username,
        email: '',
        is_active: true,
        role: '',
        two_factor_enabled: false,
        failed_login_attempts: 0,
        account_locked: false,
        profile_picture: null,
        preferences: null,
      },
    ])
  })

  it('confirms no address to others, and no user who is not active', async () => {
    const [person, other, admin] = [await register(), await registerAndLogin(), await makeAdmin(app)]
    for (const sign of ['@', '＠', '﹫'])
      expect((await verify(person.email.replace('@', sign), other.headers))[0]).toBe(404)
    expect((await verify(person.email, admin.headers))[0]).toBe(200)
    await call('PUT', `/admin/deactivate-user/${person.id}`, { headers: admin.headers })
    expect((await verify(person.username, other.headers))[0]).toBe(404)
    expect((await verify(person.username, admin.headers))[1]).toMatchObject({ is_active: false })
    await call('DELETE', `/admin/user/${person.id}`, { headers: admin.headers })
    expect((await verify(person.username, admin.headers))[0]).toBe(404)
  })

  it('is 404 for an unknown username and for anything that is none', async () => {
    const { headers } = await registerAndLogin()
    for (const name of [newUsername(), "' or 1=1 --", '..', '%', '\u0000', '<script>', '漢字', 'x'.repeat(254)])
      expect([name, (await verify(name, headers))[0]]).toEqual([name, 404])
    expect((await verify('x'.repeat(255), headers))[0]).toBe(422)
    expect((await call('GET', '/auth/verify-user/%E0%A4%A', { headers })).status).toBeLessThan(500)
  })

  it('is 401 without a bearer', async () => {
    expect((await verify((await register()).username))[0]).toBe(401)
  })
})

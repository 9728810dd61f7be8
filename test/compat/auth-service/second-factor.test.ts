import { describe, expect, it } from 'vitest'
import {
  ageSession,
  createClockedSuite,
  enrolQuickly,
  rowsOf,
  STEP,
  totpAt,
  wrongCode,
} from '../../features/factors/totp/support.ts'
import { freshMachine, requestToken } from '../../features/oauth/support.ts'
import { env } from '../../support/app.ts'
import { claimsOf } from '../../support/tokens.ts'
import { signUpUser } from '../../support/users.ts'
import { answerOf, bearer, type Call, call } from '../support/requests.ts'
import { keysOf, namedFields, TOKEN_KEYS } from './support.ts'

const app = createClockedSuite()
const ask = (method: string, path: string, options: Call = {}) => answerOf(call(method, path, { app, ...options }))
const login = (user: { email: string; password: string }) =>
  ask('POST', '/auth/login', { form: { username: user.email, password: user.password } })

describe('from register to disable', () => {
  it('enrols, confirms, signs in with both factors, steps a session up and turns the factor off', async () => {
    const user = await signUpUser(app)
    const { headers } = user
    expect((await ask('GET', '/auth/test-2fa', { headers }))[0]).toBe(400)

    const [begun, generated] = await ask('GET', '/auth/generate-2fa-code', { headers })
    expect([begun, keysOf(generated)]).toEqual([200, ['code', 'otpauth_uri', 'secret']])
    const secret = String(generated.secret)
    expect(generated.code).toBe(totpAt(secret, app.clock.now))
    expect(new URL(String(generated.otpauth_uri)).searchParams.get('secret')).toBe(secret)
    // A repeat shows the pending secret: who has scanned it need not scan again.
    expect((await ask('GET', '/auth/generate-2fa-code', { headers }))[1].secret).toBe(secret)

    // Later than the token's own factor: the code raises the session, and not this token.
    app.clock.now += 2_000
    const [enabled, message] = await ask('POST', '/auth/enable-2fa', { headers, body: { code: generated.code } })
    expect([enabled, message]).toEqual([200, { message: expect.any(String) }])
    expect((await ask('GET', '/auth/test-2fa', { headers }))[0]).toBe(200)
    expect(await ask('GET', '/auth/generate-2fa-code', { headers })).toMatchObject([
      403,
      { code: 'MFA_ALREADY_ENABLED', detail: expect.any(String) },
    ])

    const [challenged, challenge] = await login(user)
    expect([challenged, challenge.code]).toEqual([401, 'MFA_REQUIRED'])
    const { mfa_token } = challenge.details as { mfa_token: string }
    app.clock.now += STEP
    const code = totpAt(secret, app.clock.now)
    const [verified, token] = await ask('POST', '/auth/verify-2fa', { body: { code, mfa_token } })
    expect([verified, keysOf(token), token.token_type]).toEqual([200, TOKEN_KEYS, 'bearer'])
    expect(claimsOf(String(token.access_token))).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], acr: 'aal2' })

    // The first session has its second factor since it turned it on; its token of before has none.
    expect((await ask('POST', '/auth/disable-2fa', { headers }))[0]).toBe(403)
    const raised = bearer(String(token.access_token))
    expect(await ask('POST', '/auth/disable-2fa', { headers: raised })).toEqual([200, { message: expect.any(String) }])
    // Its token said aal2: a refresh brings one that does not.
    expect((await ask('GET', '/auth/test-2fa', { headers: raised }))[0]).toBe(401)
    const [, refreshed] = await ask('POST', '/auth/token-refresh', { body: { refresh_token: token.refresh_token } })
    const renewed = { headers: bearer(String(refreshed.access_token)) }
    expect((await ask('GET', '/auth/test-2fa', renewed))[0]).toBe(400)
    expect((await login(user))[0]).toBe(200)
  })
})

describe.each([
  ['/admin/login', 'admin'],
  ['/vendor/login', 'vendor'],
])('POST %s with the second factor on', (path, role) => {
  it('is 401 with the mfa_token that verify-2fa takes', async () => {
    const { user, email, password, secret } = await enrolQuickly(app)
    await env.DB.prepare('update users set role = ? where id = ?').bind(role, user.id).run()
    const [status, body] = await ask('POST', path, { body: { email, password } })
    expect([status, body.code, typeof body.detail]).toEqual([401, 'MFA_REQUIRED', 'string'])
    const { details } = body.error as { details: { mfa_token: string; available_methods: string[] } }
    expect(details.available_methods).toContain('totp')
    const answer = { mfa_token: details.mfa_token, code: totpAt(secret, app.clock.now) }
    expect((await ask('POST', '/auth/verify-2fa', { body: answer }))[0]).toBe(200)
  })
})

describe('GET /auth/generate-2fa-code', () => {
  it('shows two simultaneous calls one secret, and never an expired one', async () => {
    const { headers, user } = await signUpUser(app)
    const both = await Promise.all([1, 2].map(() => ask('GET', '/auth/generate-2fa-code', { headers })))
    expect(both[0]?.[1].secret).toBe(both[1]?.[1].secret)
    expect(await rowsOf('totp_factors', user.id)).toHaveLength(1)
    expect(JSON.stringify(await rowsOf('totp_factors', user.id))).not.toContain(both[0]?.[1].secret)
    await env.DB.prepare('update totp_factors set created_at = created_at - 3600000 where user_id = ?')
      .bind(user.id)
      .run()
    expect((await ask('GET', '/auth/generate-2fa-code', { headers }))[1].secret).not.toBe(both[0]?.[1].secret)
  })

  it('shows no session what another began', async () => {
    const user = await signUpUser(app)
    const [, first] = await ask('GET', '/auth/generate-2fa-code', { headers: user.headers })
    const [, token] = await login(user)
    const other = bearer(String(token.access_token))
    const [, second] = await ask('GET', '/auth/generate-2fa-code', { headers: other })
    expect(second.secret).not.toBe(first.secret)
    expect((await ask('POST', '/auth/enable-2fa', { headers: other, body: { code: first.code } }))[0]).toBe(400)
    expect((await ask('POST', '/auth/enable-2fa', { headers: other, body: { code: second.code } }))[0]).toBe(200)
  })

  it('shows what was begun on another surface', async () => {
    const { headers } = await signUpUser(app)
    const [, begun] = await ask('POST', '/api/v1/mfa/totp/generate', { headers, body: {} })
    expect((await ask('GET', '/auth/generate-2fa-code', { headers }))[1].secret).toBe(begun.secret)
  })

  it('wants a fresh factor: a stolen token must not enrol its thief', async () => {
    const { headers, user } = await ageSession(app, await signUpUser(app))
    const [status, body] = await ask('GET', '/auth/generate-2fa-code', { headers })
    expect([status, body.code]).toEqual([403, 'STEP_UP_REQUIRED'])
    expect(await rowsOf('totp_factors', user.id)).toEqual([])
  })
})

describe('POST /auth/enable-2fa', () => {
  it('is 400 before a start, for a wrong code, and once it is on', async () => {
    const { headers } = await signUpUser(app)
    const enable = (code: unknown) => ask('POST', '/auth/enable-2fa', { headers, body: { code } })
    expect(await enable('123456')).toMatchObject([400, { code: 'MFA_NOT_STARTED', detail: expect.any(String) }])
    const [, { secret }] = await ask('GET', '/auth/generate-2fa-code', { headers })
    expect((await enable(wrongCode(String(secret), app.clock.now)))[0]).toBe(400)
    expect((await enable(totpAt(String(secret), app.clock.now)))[0]).toBe(200)
    expect((await enable(totpAt(String(secret), app.clock.now + STEP)))[0]).toBe(400)
  })

  it('is 422 without a code, or with what is none', async () => {
    const { headers } = await signUpUser(app)
    for (const body of [{}, { code: 123456 }, { code: null }, { code: '' }, { code: 'x'.repeat(33) }]) {
      const [status, answer] = await ask('POST', '/auth/enable-2fa', { headers, body })
      expect([status, namedFields(answer)]).toEqual([422, ['body.code']])
    }
  })
})

describe('POST /auth/verify-2fa', () => {
  it('steps up the session of the bearer', async () => {
    const { headers, secret, accessToken } = await enrolQuickly(app)
    expect(claimsOf(accessToken).acr).toBe('aal1')
    const code = totpAt(secret, app.clock.now)
    const [status, token] = await ask('POST', '/auth/verify-2fa', { headers, body: { code } })
    expect([status, keysOf(token)]).toEqual([200, TOKEN_KEYS])
    const claims = claimsOf(String(token.access_token))
    expect(claims).toMatchObject({ acr: 'aal2', sid: claimsOf(accessToken).sid })
    expect(token.session_token).toBe(claims.sid)
    // A code is used up.
    expect((await ask('POST', '/auth/verify-2fa', { headers, body: { code } }))[0]).toBe(400)
  })

  it('takes the mfa_token of a login as the bearer, once', async () => {
    const user = await enrolQuickly(app)
    const { mfa_token } = (await login(user))[1].details as { mfa_token: string }
    const headers = bearer(mfa_token)
    const wrong = { code: wrongCode(user.secret, app.clock.now) }
    const [refused, why] = await ask('POST', '/auth/verify-2fa', { headers, body: wrong })
    expect([refused, why.code]).toEqual([401, 'MFA_CODE_INVALID'])
    const body = { code: totpAt(user.secret, app.clock.now) }
    expect((await ask('POST', '/auth/verify-2fa', { headers, body }))[0]).toBe(200)
    const [again, used] = await ask('POST', '/auth/verify-2fa', { headers, body })
    expect([again, used.code]).toEqual([401, 'MFA_CHALLENGE_INVALID'])
  })

  it('is 401 without a token, for a bad access token and for a made-up challenge', async () => {
    const body = { code: '123456' }
    const codeOf = async (options: Call) => {
      const [status, answer] = await ask('POST', '/auth/verify-2fa', options)
      return [status, answer.code]
    }
    const { accessToken } = await signUpUser(app)
    expect(await codeOf({ body })).toEqual([401, 'UNAUTHORIZED'])
    expect(await codeOf({ body, headers: { authorization: 'Basic x' } })).toEqual([401, 'UNAUTHORIZED'])
    expect(await codeOf({ body, headers: bearer(`${accessToken.slice(0, -4)}AAAA`) })).toEqual([401, 'TOKEN_ERROR'])
    for (const made of ['x', "'", `pot_${'A'.repeat(43)}`]) {
      expect(await codeOf({ body, headers: bearer(made) })).toEqual([401, 'MFA_CHALLENGE_INVALID'])
      expect(await codeOf({ body: { ...body, mfa_token: made } })).toEqual([401, 'MFA_CHALLENGE_INVALID'])
    }
    const machine = await requestToken(app, await freshMachine(app, []))
    expect((await codeOf({ body, headers: bearer(machine) }))[0]).toBe(403)
  })

  it('is 400 in a session whose user has no second factor', async () => {
    const { headers } = await signUpUser(app)
    expect((await ask('POST', '/auth/verify-2fa', { headers, body: { code: '123456' } }))[0]).toBe(400)
  })

  it('locks after ten wrong codes, with this system’s status', async () => {
    const { headers, secret } = await enrolQuickly(app)
    const body = { code: wrongCode(secret, app.clock.now) }
    for (let time = 0; time < 10; time += 1) await ask('POST', '/auth/verify-2fa', { headers, body })
    const [status, answer] = await ask('POST', '/auth/verify-2fa', { headers, body })
    expect([status, answer.code, typeof answer.detail]).toEqual([403, 'SECOND_FACTOR_LOCKED', 'string'])
  })
})

describe('POST /auth/disable-2fa', () => {
  it('takes a code, and is 400 for a wrong one and when it is off', async () => {
    const { headers, secret } = await enrolQuickly(app)
    const disable = (body?: unknown) => ask('POST', '/auth/disable-2fa', { headers, body })
    expect((await disable({ code: wrongCode(secret, app.clock.now) }))[0]).toBe(400)
    expect((await disable({ code: totpAt(secret, app.clock.now) }))[0]).toBe(200)
    const { headers: without } = await signUpUser(app)
    const body = { code: '123456' }
    expect(await ask('POST', '/auth/disable-2fa', { headers: without, body })).toMatchObject([
      400,
      { code: 'MFA_NOT_ENABLED' },
    ])
  })

  it('is 403 without a code in a session without the second factor, be its password fresh', async () => {
    const { headers } = await enrolQuickly(app)
    for (const body of [undefined, {}, { code: null }]) {
      const [status, answer] = await ask('POST', '/auth/disable-2fa', { headers, body })
      expect([status, answer.code]).toEqual([403, 'STEP_UP_REQUIRED'])
    }
  })

  it('is 403 without a code once the second factor is ten minutes old', async () => {
    const user = await enrolQuickly(app)
    const body = { code: totpAt(user.secret, app.clock.now) }
    await ask('POST', '/auth/verify-2fa', { headers: user.headers, body })
    const { headers } = await ageSession(app, user)
    expect((await ask('POST', '/auth/disable-2fa', { headers }))[0]).toBe(403)
  })

  it('is 403 for a token that is older than the session’s proof of the second factor: it may be stolen', async () => {
    const user = await enrolQuickly(app)
    const { headers } = user
    app.clock.now += STEP
    const [, verified] = await ask('POST', '/auth/verify-2fa', {
      headers,
      body: { code: totpAt(user.secret, app.clock.now) },
    })
    expect((await ask('POST', '/auth/disable-2fa', { headers }))[0]).toBe(403)
    const raised = bearer(String(verified.access_token))
    expect((await ask('POST', '/auth/disable-2fa', { headers: raised }))[0]).toBe(200)
  })

  it('is 403 when a password has refreshed a session whose second factor is ten minutes old', async () => {
    const user = await enrolQuickly(app)
    const code = () => totpAt(user.secret, app.clock.now)
    await ask('POST', '/auth/verify-2fa', { headers: user.headers, body: { code: code() } })
    const aged = await ageSession(app, user)
    const step = { headers: aged.headers, body: { password: user.password } }
    const [stepped, raised] = await ask('POST', '/api/v1/auth/step-up', step)
    expect([stepped, claimsOf(String(raised.access_token)).acr]).toEqual([200, 'aal2'])
    const headers = bearer(String(raised.access_token))
    const [status, answer] = await ask('POST', '/auth/disable-2fa', { headers })
    expect([status, answer.code]).toEqual([403, 'STEP_UP_REQUIRED'])
    app.clock.now += STEP
    const [, verified] = await ask('POST', '/auth/verify-2fa', { headers, body: { code: code() } })
    const both = bearer(String(verified.access_token))
    expect((await ask('POST', '/auth/disable-2fa', { headers: both }))[0]).toBe(200)
  })
})

import { describe, expect, it } from 'vitest'
import { bearer, createTestApp, env, json } from '../../../support/app.ts'
import { recordedOf } from '../../../support/events.ts'
import { claimsOf } from '../../../support/tokens.ts'
import { PASSWORD, signUpUser } from '../../../support/users.ts'
import { freshMachine, requestToken } from '../../oauth/support.ts'
import { expectSession, type Session } from '../../sign-in/support.ts'
import {
  ageSession,
  createClockedSuite,
  enrolQuickly,
  enrolUser,
  outcomeOf,
  proveSecondFactor,
  refreshUser,
  rowsOf,
  SECRET,
  STEP,
  startSignIn,
  totpAt,
  wrongCode,
} from './support.ts'

const app = createClockedSuite()
const post = (path: string, body: unknown, headers: Record<string, string>) =>
  app.fetch(`/api/v1${path}`, json(body, headers))

interface Started {
  secret: string
  qr_code: string
  provisioning_uri: string
  backup_codes: string[]
}

interface FieldsAnswer {
  readonly details: { readonly validation_errors: readonly { readonly field: string }[] }
}

describe('POST /api/v1/mfa/totp/generate', () => {
  it('answers a secret, its URI, the URI as a picture, and ten backup codes', async () => {
    const { headers, email } = await signUpUser(app)
    const answer = await post('/mfa/totp/generate', {}, headers)
    expect(answer.status).toBe(200)
    const body = await answer.json<Started>()
    expect(body.secret).toMatch(/^[A-Z2-7]{32}$/)
    expect(body.provisioning_uri).toContain(`otpauth://totp/Postern:${encodeURIComponent(email)}?`)
    expect(new URL(body.provisioning_uri).searchParams.get('secret')).toBe(body.secret)
    expect(body.qr_code).toMatch(/^data:image\/svg\+xml;base64,/)
    expect(atob(body.qr_code.split(',')[1] ?? '')).toMatch(/^<svg [\s\S]*<\/svg>$/)
    expect(new Set(body.backup_codes).size).toBe(10)
    for (const code of body.backup_codes) expect(code).toMatch(/^[2-9A-Z]{4}-[2-9A-Z]{4}$/)
  })

  it('stores the secret sealed and the codes hashed, and changes nothing until a code was right', async () => {
    const { headers, user, email, password } = await signUpUser(app)
    const body = await (await post('/mfa/totp/generate', {}, headers)).json<Started>()
    const stored = JSON.stringify([await rowsOf('totp_factors', user.id), await rowsOf('backup_codes', user.id)])
    for (const secret of [body.secret, ...body.backup_codes, ...body.backup_codes.map((code) => code.replace('-', ''))])
      expect(stored).not.toContain(secret)
    expect(await (await app.fetch('/api/v1/mfa/status', { headers })).json()).toEqual({
      enabled: false,
      verified: false,
      backup_codes_remaining: 0,
      last_used_at: null,
    })
    const signIn = await post('/auth/signin', { email, password }, {})
    expect(await signIn.json()).toMatchObject({ mfa_required: false, user: { mfa_enabled: false } })
    expect(await (await app.fetch('/api/v1/mfa/backup-codes', { headers })).json()).toMatchObject({ total: 0 })
  })

  it('voids an older secret that was not confirmed, with its backup codes', async () => {
    const { headers, user } = await signUpUser(app)
    const first = await (await post('/mfa/totp/generate', {}, headers)).json<Started>()
    await post('/mfa/totp/generate', {}, headers)
    expect(await rowsOf('backup_codes', user.id)).toHaveLength(10)
    const old = await post('/mfa/totp/verify', { code: totpAt(first.secret, app.clock.now) }, headers)
    expect(await outcomeOf(old)).toEqual([400, 'INVALID_CODE'])
  })

  it('is 400 once it is on, under each of its names, and leaves the factor alone', async () => {
    const { headers, user } = await enrolQuickly(app)
    const before = await rowsOf('totp_factors', user.id)
    for (const path of ['/mfa/totp/generate', '/mfa/enable', '/auth/mfa/enable'])
      expect(await outcomeOf(post(path, { password: PASSWORD }, headers))).toEqual([400, 'MFA_ALREADY_ENABLED'])
    expect(await rowsOf('totp_factors', user.id)).toEqual(before)
  })

  it('takes the names and bodies of other clients', async () => {
    const { headers } = await signUpUser(app)
    expect((await post('/auth/mfa/enable', { method: 'totp' }, headers)).status).toBe(200)
    expect((await post('/mfa/enable', { password: PASSWORD }, headers)).status).toBe(200)
    expect((await post('/mfa/enable', {}, headers)).status).toBe(422)
    expect((await post('/auth/mfa/enable', { method: 'sms' }, headers)).status).toBe(422)
  })

  it('wants a fresh factor: a stolen token must not lock its owner out', async () => {
    const { headers } = await ageSession(app, await signUpUser(app))
    const refused = await post('/mfa/totp/generate', {}, headers)
    expect([refused.status, await refused.json()]).toMatchObject([
      403,
      { code: 'STEP_UP_REQUIRED', details: { available_methods: ['password'], max_age_seconds: 600 } },
    ])
    expect(await outcomeOf(post('/mfa/totp/generate', { password: 'wrong' }, headers))).toEqual([
      400,
      'INVALID_PASSWORD',
    ])
    expect((await post('/mfa/totp/generate', { password: PASSWORD }, headers)).status).toBe(200)
  })
})

describe('POST /api/v1/mfa/totp/verify', () => {
  it('turns the second factor on with its first code, with an event and a mail', async () => {
    const { headers, user, email, secret } = await enrolUser(app)
    await app.settled()
    expect(await recordedOf(user.id, 'mfa.enabled')).toHaveLength(1)
    expect(JSON.stringify(await recordedOf(user.id, 'mfa.enabled'))).not.toContain(secret)
    expect(await (await app.fetch('/api/v1/auth/me', { headers })).json()).toMatchObject({ mfa_enabled: true })
    expect(await (await app.fetch('/api/v1/mfa/status', { headers })).json()).toEqual({
      enabled: true,
      verified: true,
      backup_codes_remaining: 10,
      last_used_at: new Date(app.clock.now).toISOString(),
    })
    const mails = await env.DB.prepare("select kind from mails where recipient = ? and kind = 'factor_added'")
      .bind(email)
      .all()
    expect(mails.results).toHaveLength(1)
  })

  it.each(['/mfa/totp/verify', '/mfa/verify', '/auth/mfa/verify'])(
    '%s is 400 before a start, for a wrong code, and once it is on',
    async (path) => {
      const { headers } = await signUpUser(app)
      expect(await outcomeOf(post(path, { code: '123456' }, headers))).toEqual([400, 'MFA_NOT_STARTED'])
      const { secret } = await (await post('/mfa/totp/generate', {}, headers)).json<Started>()
      expect(await outcomeOf(post(path, { code: wrongCode(secret, app.clock.now) }, headers))).toEqual([
        400,
        'INVALID_CODE',
      ])
      const answer = await post(path, { code: totpAt(secret, app.clock.now) }, headers)
      const on = path === '/auth/mfa/verify' ? { user: { mfa_enabled: true } } : { enabled: true, valid: true }
      expect([answer.status, await answer.json()]).toMatchObject([200, on])
      const again = await post(path, { code: totpAt(secret, app.clock.now + STEP) }, headers)
      expect(await outcomeOf(again)).toEqual([400, 'MFA_ALREADY_ENABLED'])
    },
  )

  it('takes no backup code: the app must be shown to work', async () => {
    const { headers } = await signUpUser(app)
    const { backup_codes } = await (await post('/mfa/totp/generate', {}, headers)).json<Started>()
    expect(await outcomeOf(post('/mfa/totp/verify', { code: backup_codes[0] }, headers))).toEqual([400, 'INVALID_CODE'])
  })

  it('lets one of two that come at once win', async () => {
    const { headers, user } = await signUpUser(app)
    const { secret } = await (await post('/mfa/totp/generate', {}, headers)).json<Started>()
    const code = totpAt(secret, app.clock.now)
    const both = await Promise.all([1, 2, 3].map(() => post('/mfa/totp/verify', { code }, headers)))
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400, 400])
    expect(await recordedOf(user.id, 'mfa.enabled')).toHaveLength(1)
  })

  it('takes no secret that was shown an hour ago', async () => {
    const { headers, user } = await signUpUser(app)
    const { secret } = await (await post('/mfa/totp/generate', {}, headers)).json<Started>()
    await env.DB.prepare('update totp_factors set created_at = created_at - 3600000 where user_id = ?')
      .bind(user.id)
      .run()
    const answer = await post('/mfa/totp/verify', { code: totpAt(secret, app.clock.now) }, headers)
    expect(await outcomeOf(answer)).toEqual([400, 'MFA_NOT_STARTED'])
  })

  it('is 422 without a code', async () => {
    const { headers } = await signUpUser(app)
    for (const code of [undefined, null, '', 123456, 'x'.repeat(33)])
      expect((await post('/mfa/totp/verify', { code }, headers)).status).toBe(422)
  })
})

describe('POST /api/v1/auth/mfa/verify with an access token', () => {
  const PATH = '/auth/mfa/verify'

  const startTotp = async (headers: Record<string, string>) =>
    (await post('/auth/mfa/enable', { method: 'totp' }, headers)).json<Started>()

  it('turns the second factor on and answers the stepped-up session, as the published client stores it', async () => {
    const user = await signUpUser(app)
    const { secret } = await startTotp(user.headers)
    const answer = await post(PATH, { code: totpAt(secret, app.clock.now) }, user.headers)
    const session = await answer.json<Session>()
    expect([answer.status, session]).toMatchObject([200, { user: { mfa_enabled: true } }])
    expectSession(session)
    const claims = claimsOf(session.access_token)
    expect(claims).toMatchObject({ acr: 'aal2', sid: claimsOf(user.accessToken).sid })
    expect((await post('/auth/refresh', { refresh_token: session.refresh_token }, {})).status).toBe(200)
  })

  it('is 422 without a code, and without any of token and challenge', async () => {
    const { headers } = await signUpUser(app)
    const { secret } = await startTotp(headers)
    const fieldsOf = async (answer: Promise<Response>) =>
      [(await answer).status, (await (await answer).json<FieldsAnswer>()).details.validation_errors[0]?.field] as const
    for (const body of [{}, { code: '' }, { code: null }])
      expect(await fieldsOf(post(PATH, body, headers))).toEqual([422, 'body.code'])
    const code = totpAt(secret, app.clock.now)
    expect(await fieldsOf(post(PATH, { code }, {}))).toEqual([422, 'body.mfa_token'])
    expect(await rowsOf('totp_factors', claimsOf(headers.authorization).sub)).toMatchObject([{ confirmed_at: null }])
  })

  it('is 401 with a token that is not good, so that clients refresh it, and 403 for a machine', async () => {
    const user = await signUpUser(app)
    await post('/auth/signout', {}, user.headers)
    for (const authorization of [user.headers.authorization, 'Bearer x', `${user.headers.authorization}x`])
      expect(await outcomeOf(post(PATH, { code: '123456' }, { authorization }))).toEqual([401, 'TOKEN_ERROR'])
    const machine = bearer(await requestToken(app, await freshMachine(app, []))).headers
    expect((await post(PATH, { code: '123456' }, machine)).status).toBe(403)
  })

  it('answers a challenge whatever token comes with it: clients send that of the session that is over', async () => {
    const user = await enrolQuickly(app)
    const other = await signUpUser(app)
    await post('/auth/signout', {}, user.headers)
    for (const [step, headers] of [user.headers, other.headers, { authorization: 'Bearer x' }].entries()) {
      const { mfa_token } = await startSignIn(app, user)
      const answer = await post(PATH, { mfa_token, code: totpAt(SECRET, app.clock.now + (step - 1) * STEP) }, headers)
      expect([answer.status, await answer.json()]).toMatchObject([200, { user: { id: user.user.id } }])
    }
  })

  it('answers a challenge of a session that another isolate has ended a moment ago', async () => {
    const user = await enrolQuickly(app)
    const { mfa_token } = await startSignIn(app, user)
    await createTestApp().fetch('/api/v1/auth/signout', json({}, user.headers))
    const answer = await post(PATH, { mfa_token, code: totpAt(SECRET, app.clock.now) }, user.headers)
    expect(answer.status).toBe(200)
  })
})

describe('a sealed secret', () => {
  it('is of no use in the row of another user', async () => {
    const [ada, eve] = [await enrolQuickly(app), await enrolQuickly(app)]
    await env.DB.prepare(
      'update totp_factors set secret_sealed = (select secret_sealed from totp_factors where user_id = ?) || ? where user_id = ?',
    )
      .bind(eve.user.id, '', ada.user.id)
      .run()
    const answer = await post('/mfa/validate-code', { code: totpAt(eve.secret, app.clock.now) }, ada.headers)
    expect(answer.status).toBe(500)
  })
})

describe('turning it off', () => {
  const remove = (headers: Record<string, string>, body?: unknown, query = '') =>
    app.fetch(`/api/v1/mfa/totp/disable${query}`, {
      method: 'DELETE',
      headers: { ...headers, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })

  it('deletes secret and backup codes, with an event and a mail', async () => {
    const raised = await proveSecondFactor(app, await enrolUser(app))
    const { user, email } = raised
    expect((await remove(raised.headers, {})).status).toBe(200)
    await app.settled()
    expect([await rowsOf('totp_factors', user.id), await rowsOf('backup_codes', user.id)]).toEqual([[], []])
    expect(await recordedOf(user.id, 'mfa.disabled')).toHaveLength(1)
    const { headers } = await refreshUser(app, raised)
    expect(await (await app.fetch('/api/v1/auth/me', { headers })).json()).toMatchObject({ mfa_enabled: false })
    expect(await startSignIn(app, raised)).toMatchObject({ mfa_required: false })
    expect(await outcomeOf(remove(headers, { password: PASSWORD }))).toEqual([400, 'MFA_NOT_ENABLED'])
    const mails = await env.DB.prepare("select kind from mails where recipient = ? and kind = 'factor_removed'")
      .bind(email)
      .all()
    expect(mails.results).toHaveLength(1)
  })

  it('takes password and code from the body or the query, under each name', async () => {
    const ways: ((headers: Record<string, string>) => Promise<Response>)[] = [
      (headers) => remove(headers, undefined, `?password=${PASSWORD}&code=${totpAt(SECRET, app.clock.now)}`),
      (headers) => remove(headers, undefined, `?code=${totpAt(SECRET, app.clock.now)}`),
      (headers) => remove(headers, { password: PASSWORD, code: totpAt(SECRET, app.clock.now) }),
      (headers) => post('/mfa/disable', { code: totpAt(SECRET, app.clock.now) }, headers),
      (headers) => post('/auth/mfa/disable', { password: null, code: totpAt(SECRET, app.clock.now) }, headers),
    ]
    for (const way of ways) {
      const { headers } = await ageSession(app, await enrolQuickly(app))
      expect((await way(headers)).status).toBe(200)
    }
  })

  it('is refused with a token whose factors are ten minutes old, and names the accepted methods', async () => {
    const { headers, user } = await ageSession(app, await enrolQuickly(app))
    for (const attempt of [
      () => remove(headers),
      () => remove(headers, {}),
      () => post('/auth/mfa/disable', {}, headers),
      () => remove(headers, { password: PASSWORD }),
    ]) {
      const answer = await attempt()
      expect([answer.status, await answer.json()]).toMatchObject([
        403,
        { code: 'STEP_UP_REQUIRED', details: { available_methods: ['totp'], max_age_seconds: 600 } },
      ])
    }
    expect(await rowsOf('totp_factors', user.id)).toHaveLength(1)
  })

  it('is refused when anything given is wrong, also in a fresh session', async () => {
    const { headers, user, secret } = await enrolQuickly(app)
    const wrong = wrongCode(secret, app.clock.now)
    expect(await outcomeOf(remove(headers, { password: 'wrong' }))).toEqual([400, 'INVALID_PASSWORD'])
    expect(await outcomeOf(remove(headers, { password: PASSWORD, code: wrong }))).toEqual([400, 'INVALID_CODE'])
    expect(await outcomeOf(remove(headers, { code: wrong }))).toEqual([400, 'INVALID_CODE'])
    expect(await rowsOf('totp_factors', user.id)).toHaveLength(1)
  })

  it('happens once when it is asked twice at once', async () => {
    const { headers, user } = await proveSecondFactor(app, await enrolQuickly(app))
    const both = await Promise.all([1, 2].map(() => remove(headers, {})))
    expect(both.map(({ status }) => status).sort()[0]).toBe(200)
    for (const { status } of both) expect([200, 400, 401]).toContain(status)
    expect(await recordedOf(user.id, 'mfa.disabled')).toHaveLength(1)
  })
})

describe('somebody else', () => {
  it("sees and changes nothing of a user's factor", async () => {
    const ada = await enrolQuickly(app)
    const eve = await signUpUser(app)
    expect(await (await app.fetch('/api/v1/mfa/status', bearer(eve.accessToken))).json()).toMatchObject({
      enabled: false,
    })
    const code = totpAt(ada.secret, app.clock.now)
    expect(await outcomeOf(post('/mfa/totp/verify-code', { code }, eve.headers))).toEqual([400, 'MFA_NOT_ENABLED'])
    expect(await outcomeOf(post('/mfa/disable', { code }, eve.headers))).toEqual([400, 'MFA_NOT_ENABLED'])
    expect(await rowsOf('totp_factors', ada.user.id)).toHaveLength(1)
  })
})

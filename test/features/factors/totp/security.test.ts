import { describe, expect, it } from 'vitest'
import { env, json } from '../../../support/app.ts'
import { newEmail, signUpUser } from '../../../support/users.ts'
import { createClockedSuite, enrolQuickly, outcomeOf } from './support.ts'

const app = createClockedSuite()

/** Every route of a signed-in user, with a body that it takes. */
const GUARDED: readonly (readonly [string, string, unknown])[] = [
  ['POST', '/mfa/totp/generate', {}],
  ['POST', '/mfa/enable', { password: 'x' }],
  ['POST', '/auth/mfa/enable', { method: 'totp' }],
  ['POST', '/mfa/totp/verify', { code: '123456' }],
  ['POST', '/mfa/verify', { code: '123456' }],
  ['DELETE', '/mfa/totp/disable', {}],
  ['POST', '/mfa/disable', {}],
  ['POST', '/auth/mfa/disable', {}],
  ['POST', '/mfa/totp/verify-code', { code: '123456' }],
  ['POST', '/mfa/validate-code', { code: '123456' }],
  ['GET', '/mfa/backup-codes', undefined],
  ['POST', '/mfa/backup-codes/regenerate', {}],
  ['POST', '/mfa/regenerate-backup-codes', {}],
  ['POST', '/mfa/backup-codes/verify', { code: 'ABCD-2345' }],
  ['GET', '/mfa/status', undefined],
  ['POST', '/auth/step-up', { password: 'x' }],
]

const ask = (method: string, path: string, body: unknown, headers: Record<string, string> = {}) =>
  app.fetch(`/api/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })

describe.each(GUARDED)('%s /api/v1%s', (method, path, body) => {
  it('is 401 without a token, with a malformed one, a refresh token, and one of an ended session', async () => {
    const user = await signUpUser(app)
    expect(await outcomeOf(ask(method, path, body))).toEqual([401, 'UNAUTHORIZED'])
    for (const token of ['x', user.refreshToken, `${user.accessToken.slice(0, -4)}AAAA`])
      expect(await outcomeOf(ask(method, path, body, { authorization: `Bearer ${token}` }))).toEqual([
        401,
        'TOKEN_ERROR',
      ])
    await app.fetch('/api/v1/auth/signout', json({}, user.headers))
    expect(await outcomeOf(ask(method, path, body, user.headers))).toEqual([401, 'TOKEN_ERROR'])
  })

  it('is 401 for a token in a cookie or the query: nothing to forge across sites', async () => {
    const { accessToken } = await signUpUser(app)
    const cookie = ask(method, path, body, { cookie: `__Secure-postern=${accessToken}` })
    expect((await cookie).status).toBe(401)
    expect((await ask(method, `${path}?token=${accessToken}&access_token=${accessToken}`, body)).status).toBe(401)
  })
})

describe.each(GUARDED.filter(([method]) => method !== 'GET'))('%s /api/v1%s', (method, path) => {
  it('is 400 for what is no JSON, 422 for what is no object', async () => {
    const { headers } = await signUpUser(app)
    const send = (body: string) =>
      app.fetch(`/api/v1${path}`, { method, headers: { ...headers, 'content-type': 'application/json' }, body })
    expect((await send('{')).status).toBe(400)
    for (const body of ['[]', '"x"', '1', 'null']) expect((await send(body)).status, body).toBe(422)
  })
})

describe('GET /api/v1/mfa/recovery-options', () => {
  it('says the same of everybody', async () => {
    const enrolled = await enrolQuickly(app)
    const answers = await Promise.all(
      [enrolled.email, newEmail(), 'x'].map(async (email) => {
        const answer = await app.fetch(`/api/v1/mfa/recovery-options?email=${encodeURIComponent(email)}`)
        return [answer.status, await answer.text()]
      }),
    )
    expect(new Set(answers.map(String)).size).toBe(1)
    expect(JSON.parse(String(answers[0]?.[1]))).toEqual({
      recovery_available: true,
      methods: { backup_codes: true, email_recovery: false },
    })
  })
})

describe('POST /api/v1/mfa/initiate-recovery', () => {
  const mailsTo = async (email: string) =>
    (await env.DB.prepare("select kind from mails where recipient = ? and kind = 'mfa_recovery'").bind(email).all())
      .results

  it('answers every address the same, and mails advice to users with a second factor', async () => {
    const [enrolled, without, nobody] = [await enrolQuickly(app), await signUpUser(app), newEmail()]
    const answers = await Promise.all(
      [enrolled.email, without.email, nobody].map(async (email) => {
        const answer = await app.fetch('/api/v1/mfa/initiate-recovery', json({ email }))
        return [answer.status, await answer.text()]
      }),
    )
    await app.settled()
    expect(new Set(answers.map(String)).size).toBe(1)
    expect(answers[0]?.[0]).toBe(200)
    expect([await mailsTo(enrolled.email), await mailsTo(without.email), await mailsTo(nobody)]).toMatchObject([
      [{}],
      [],
      [],
    ])
  })

  it('takes the address from the query, as other clients send it', async () => {
    const { email } = await enrolQuickly(app)
    const answer = await app.fetch(`/api/v1/mfa/initiate-recovery?email=${encodeURIComponent(email)}`, {
      method: 'POST',
    })
    await app.settled()
    expect([answer.status, await mailsTo(email)]).toMatchObject([200, [{}]])
  })

  it('turns nothing off, and fills no mailbox', async () => {
    const { email, headers } = await enrolQuickly(app)
    await Promise.all(Array.from({ length: 8 }, () => app.fetch('/api/v1/mfa/initiate-recovery', json({ email }))))
    await app.settled()
    expect(await mailsTo(email)).toHaveLength(5)
    expect(await (await app.fetch('/api/v1/mfa/status', { headers })).json()).toMatchObject({ enabled: true })
  })

  it('is 400 without an address', async () => {
    expect(await outcomeOf(app.fetch('/api/v1/mfa/initiate-recovery', json({})))).toEqual([400, 'VALIDATION_ERROR'])
  })
})

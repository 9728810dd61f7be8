import { describe, expect, it } from 'vitest'
import { serviceUnavailable } from '../../../src/lib/errors.ts'
import { MINUTE } from '../../../src/lib/time.ts'
import { bearer, env, json } from '../../support/app.ts'
import { createAppWithObjects, withMethods } from '../../support/objects.ts'
import { claimsOf } from '../../support/tokens.ts'
import { PASSWORD, type SignedInUser, signInUser, signUpUser } from '../../support/users.ts'
import {
  ageSession,
  createClockedSuite,
  enrolQuickly,
  enrolUser,
  outcomeOf,
  proveSecondFactor,
  STEP,
  totpAt,
  wrongCode,
} from '../factors/totp/support.ts'
import { expectSession, type Session } from './support.ts'

const app = createClockedSuite()
const stepUp = (user: Pick<SignedInUser, 'headers'>, body: unknown) =>
  app.fetch('/api/v1/auth/step-up', json(body, user.headers))

describe('POST /api/v1/auth/step-up', () => {
  it('answers a new access token of the session, whose factors are fresh', async () => {
    const user = await ageSession(app, await signUpUser(app))
    const answer = await stepUp(user, { password: PASSWORD })
    const session = await answer.json<Session>()
    expect(answer.status).toBe(200)
    expectSession(session)
    const [before, after] = [claimsOf(user.accessToken), claimsOf(session.access_token)]
    expect(after).toMatchObject({ sid: before.sid, amr: ['pwd'], acr: 'aal1' })
    expect(after.jti).not.toBe(before.jti)
    expect(after.auth_time - before.auth_time).toBeGreaterThan(600)
    expect((await app.fetch('/validate', bearer(session.access_token))).status).toBe(200)
  })

  it('rotates nothing: the refresh token stays, and its successors keep what was raised', async () => {
    const user = await enrolQuickly(app)
    const session = await (await stepUp(user, { code: totpAt(user.secret, app.clock.now) })).json<Session>()
    expect(session.refresh_token).toBe(user.refreshToken)
    const refreshed = await app.fetch('/api/v1/auth/refresh', json({ refresh_token: session.refresh_token }))
    const { access_token } = await refreshed.json<Session>()
    expect(claimsOf(access_token)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], acr: 'aal2' })
  })

  it('raises a session to aal2 with a code, as gateways may ask', async () => {
    const user = await enrolUser(app)
    const check = async (token: string) => (await app.fetch('/validate?acr=aal2', bearer(token))).status
    expect(await check(user.accessToken)).toBe(403)
    for (const code of [totpAt(user.secret, app.clock.now), user.backupCodes[0]]) {
      const { access_token } = await (await stepUp(user, { code })).json<Session>()
      expect(claimsOf(access_token)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], acr: 'aal2' })
      expect(await check(access_token)).toBe(200)
    }
    expect(await check(user.accessToken)).toBe(403)
  })

  it('does not make two factors of one: a password given twice is aal1', async () => {
    const user = await enrolQuickly(app)
    const { access_token } = await (await stepUp(user, { password: PASSWORD })).json<Session>()
    expect(claimsOf(access_token)).toMatchObject({ amr: ['pwd'], acr: 'aal1' })
  })

  it('leaves the other sessions of the user as they are', async () => {
    const user = await signUpUser(app)
    const other = await signInUser(app, user)
    await stepUp(await ageSession(app, user), { password: PASSWORD })
    const refreshed = await app.fetch('/api/v1/auth/refresh', json({ refresh_token: other.refreshToken }))
    const { access_token } = await refreshed.json<Session>()
    expect(claimsOf(access_token).auth_time * 1000).toBeLessThan(app.clock.now - 10 * MINUTE)
  })

  it('shows in the list of sessions', async () => {
    const user = await enrolQuickly(app)
    await stepUp(user, { code: totpAt(user.secret, app.clock.now) })
    const current = await app.fetch('/api/v1/sessions/current', { headers: user.headers })
    expect(await current.json()).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] })
  })

  it('is 400 when anything given is wrong, or nothing is given', async () => {
    const user = await enrolQuickly(app)
    const wrong = wrongCode(user.secret, app.clock.now)
    expect(await outcomeOf(stepUp(user, { password: 'wrong' }))).toEqual([400, 'INVALID_PASSWORD'])
    expect(await outcomeOf(stepUp(user, { code: wrong }))).toEqual([400, 'INVALID_CODE'])
    expect(await outcomeOf(stepUp(user, { password: PASSWORD, code: wrong }))).toEqual([400, 'INVALID_CODE'])
    for (const body of [{}, { password: null }, { password: '', code: '' }])
      expect(await outcomeOf(stepUp(user, body))).toEqual([400, 'VALIDATION_ERROR'])
    expect((await stepUp(user, { password: 1 })).status).toBe(422)
  })

  it('takes no code of a user without a second factor', async () => {
    expect(await outcomeOf(stepUp(await signUpUser(app), { code: '123456' }))).toEqual([400, 'INVALID_CODE'])
  })

  it('takes a code once', async () => {
    const user = await enrolQuickly(app)
    const code = totpAt(user.secret, app.clock.now)
    const both = await Promise.all([stepUp(user, { code }), stepUp(user, { code })])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400])
    expect((await stepUp(user, { code: totpAt(user.secret, app.clock.now + STEP) })).status).toBe(200)
  })

  it('is 401 for a session that has ended, whoever knows the password', async () => {
    const user = await signUpUser(app)
    await app.fetch('/api/v1/auth/signout', json({}, user.headers))
    expect((await stepUp(user, { password: PASSWORD })).status).toBe(401)
  })

  it.each(['suspended', 'locked', 'deleted'])('is 401 for a user who is %s', async (status) => {
    const user = await signUpUser(app)
    await env.DB.prepare('update users set status = ? where id = ?').bind(status, user.user.id).run()
    expect((await stepUp(user, { password: PASSWORD })).status).toBe(401)
  })

  it('is 401 when the password that was checked is no longer the newest', async () => {
    const user = await signUpUser(app)
    const racing = createAppWithObjects((objects) => ({
      user: (id) =>
        withMethods(objects.user(id), {
          raise: async (input) => {
            await objects.user(id).endSessions({
              userId: id,
              except: null,
              reason: 'password_changed',
              actor: { type: 'user', id },
              caller: { ip: '', country: null, userAgent: null },
              authVersion: 2,
            })
            return objects.user(id).raise(input)
          },
        }),
    }))
    const answer = await racing.fetch('/api/v1/auth/step-up', json({ password: PASSWORD }, user.headers))
    expect(answer.status).toBe(401)
  })

  it("is 503 when the user's object does not answer, and raises nothing", async () => {
    const user = await signUpUser(app)
    const broken = createAppWithObjects((objects) => ({
      user: (id) => withMethods(objects.user(id), { raise: () => Promise.reject(serviceUnavailable()) }),
    }))
    const answer = await broken.fetch('/api/v1/auth/step-up', json({ password: PASSWORD }, user.headers))
    expect(answer.status).toBe(503)
  })
})

describe('a factor that must be fresh', () => {
  const begin = (user: { readonly headers: Record<string, string> }) =>
    app.fetch('/api/v1/passkeys/register/begin', json({}, user.headers))

  it('is one of less than ten minutes ago, counted from the token', async () => {
    const fresh = await ageSession(app, await signUpUser(app), 9 * MINUTE)
    expect((await begin(fresh)).status).toBe(200)
    const stale = await ageSession(app, await signUpUser(app), 10 * MINUTE)
    expect((await begin(stale)).status).toBe(403)
  })

  it('is the second one, of who has one', async () => {
    const fresh = await ageSession(app, await proveSecondFactor(app, await enrolQuickly(app)), 9 * MINUTE)
    expect((await begin(fresh)).status).toBe(200)
    const stale = await ageSession(app, await proveSecondFactor(app, await enrolQuickly(app)), 10 * MINUTE)
    const { access_token } = await (await stepUp(stale, { password: PASSWORD })).json<Session>()
    expect((await begin(bearer(access_token))).status).toBe(403)
  })

  it('is there after a step-up: with the new token, not with the stolen old one', async () => {
    const user = await ageSession(app, await enrolQuickly(app))
    const code = totpAt(user.secret, app.clock.now)
    const { access_token } = await (await stepUp(user, { code })).json<Session>()
    expect(await outcomeOf(begin(user))).toEqual([403, 'STEP_UP_REQUIRED'])
    expect((await begin(bearer(access_token))).status).toBe(200)
  })

  it('is not had with a token of before by giving the password beside it', async () => {
    const user = await ageSession(app, await enrolQuickly(app))
    const code = totpAt(user.secret, app.clock.now)
    const { access_token } = await (await stepUp(user, { code })).json<Session>()
    expect((await stepUp(user, { password: PASSWORD })).status).toBe(401)
    expect(
      (await stepUp({ headers: { authorization: `Bearer ${access_token}` } }, { password: PASSWORD })).status,
    ).toBe(200)
  })
})

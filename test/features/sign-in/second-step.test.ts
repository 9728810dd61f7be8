import { describe, expect, it } from 'vitest'
import { MINUTE } from '../../../src/lib/time.ts'
import { bearer, env, json } from '../../support/app.ts'
import { recordedOf } from '../../support/events.ts'
import { claimsOf } from '../../support/tokens.ts'
import { newAddress, signInUser, signUpUser } from '../../support/users.ts'
import {
  answerChallenge,
  createClockedApp,
  createClockedSuite,
  enrolQuickly,
  enrolUser,
  outcomeOf,
  STEP,
  sessionsOf,
  startSignIn,
  statusesOf,
  totpAt,
  wrongCode,
} from '../factors/totp/support.ts'
import { expectSession, type Session } from './support.ts'

const app = createClockedSuite()
describe('a right password of a user with a second factor', () => {
  it.each(['/signin', '/login'])(
    'POST /api/v1/auth%s answers a challenge under both sets of keys, and no session',
    async (path) => {
      const user = await enrolUser(app)
      const before = await sessionsOf(app, user.user.id)
      const answer = await app.fetch(`/api/v1/auth${path}`, json({ email: user.email, password: user.password }))
      const body = await answer.json<Record<string, unknown>>()
      expect([answer.status, body]).toEqual([
        200,
        {
          user: null,
          tokens: null,
          mfa_required: true,
          email_verification_required: false,
          requires_mfa: true,
          mfa_token: expect.stringMatching(/^pot_[A-Za-z0-9_-]{43}$/),
          challenge_id: body.mfa_token,
          available_methods: ['totp', 'backup_code'],
        },
      ])
      expect(await sessionsOf(app, user.user.id)).toEqual(before)
      expect(await recordedOf(user.user.id, 'user.signed_in')).toHaveLength(0)
    },
  )

  it('answers a wrong one as it answers everybody: no challenge tells that there is a second factor', async () => {
    const user = await enrolQuickly(app)
    const ask = (email: string) => app.fetch('/api/v1/auth/signin', json({ email, password: 'wrong' }))
    const [known, unknown] = await Promise.all([ask(user.email), ask('nobody@example.test')])
    const bodyOf = async (answer: Response) => Object.keys(await answer.json<object>()).sort()
    expect([known.status, await bodyOf(known)]).toEqual([unknown.status, await bodyOf(unknown)])
  })

  it('leaves older challenges alone: people sign in from two tabs', async () => {
    const user = await enrolQuickly(app)
    const [first, second] = [await startSignIn(app, user), await startSignIn(app, user)]
    expect((await answerChallenge(app, first.mfa_token, totpAt(user.secret, app.clock.now))).status).toBe(200)
    expect((await answerChallenge(app, second.mfa_token, totpAt(user.secret, app.clock.now + STEP))).status).toBe(200)
  })
})

describe('POST /api/v1/mfa/challenge/verify', () => {
  it.each(['/mfa/challenge/verify', '/auth/mfa/verify'])(
    '%s opens the session that a sign-in opens, with both factors in it',
    async (path) => {
      const user = await enrolQuickly(app)
      const { mfa_token } = await startSignIn(app, user)
      const answer = await app.fetch(`/api/v1${path}`, json({ mfa_token, code: totpAt(user.secret, app.clock.now) }))
      const session = await answer.json<Session>()
      expect(answer.status).toBe(200)
      expectSession(session)
      expect(claimsOf(session.access_token)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], acr: 'aal2' })
      const check = (acr: string) => app.fetch(`/validate?acr=${acr}`, bearer(session.access_token))
      expect((await check('aal2')).status).toBe(200)
      expect((await app.fetch('/validate?acr=aal2', bearer(user.accessToken))).status).toBe(403)
    },
  )

  it('takes the token under its other name', async () => {
    const user = await enrolQuickly(app)
    const { challenge_id } = await startSignIn(app, user)
    const code = totpAt(user.secret, app.clock.now)
    expect((await app.fetch('/api/v1/auth/mfa/verify', json({ challenge_id, code }))).status).toBe(200)
  })

  it('takes a backup code with or without its dash, once, and records it', async () => {
    const user = await enrolUser(app)
    const [first = '', second = ''] = user.backupCodes
    const answer = async (code: string) => answerChallenge(app, (await startSignIn(app, user)).mfa_token, code)
    expect((await answer(first)).status).toBe(200)
    expect((await answer(second.replace('-', '').toLowerCase())).status).toBe(200)
    expect(await outcomeOf(answer(first))).toEqual([401, 'MFA_CODE_INVALID'])
    expect(await recordedOf(user.user.id, 'backup_code.used')).toHaveLength(2)
    expect(await (await app.fetch('/api/v1/mfa/status', { headers: user.headers })).json()).toMatchObject({
      backup_codes_remaining: 8,
    })
  })

  it('resets the password attempts of the network that signed in', async () => {
    const user = await enrolQuickly(app)
    const address = newAddress()
    const guess = () =>
      app.fetch('/api/v1/auth/signin', json({ email: user.email, password: 'wrong' }, { 'cf-connecting-ip': address }))
    expect(await statusesOf([1, 2, 3, 4].map(guess))).toEqual([401, 401, 401, 401])
    const { mfa_token } = await startSignIn(app, user, address)
    expect((await answerChallenge(app, mfa_token, totpAt(user.secret, app.clock.now))).status).toBe(200)
    expect(await statusesOf([1, 2, 3, 4].map(guess))).toEqual([401, 401, 401, 401])
  })

  it('does not reset them before the second factor', async () => {
    const user = await enrolQuickly(app)
    const address = newAddress()
    const guess = () =>
      app.fetch('/api/v1/auth/signin', json({ email: user.email, password: 'wrong' }, { 'cf-connecting-ip': address }))
    expect(await statusesOf([1, 2, 3, 4].map(guess))).toEqual([401, 401, 401, 401])
    await startSignIn(app, user, address)
    expect((await guess()).status).toBe(401)
    expect((await guess()).status).toBe(423)
  })

  it('is 422 for a body without token or code', async () => {
    const post = (body: unknown) => app.fetch('/api/v1/mfa/challenge/verify', json(body))
    for (const body of [
      {},
      { code: '123456' },
      { mfa_token: 'x' },
      { mfa_token: 1, code: '123456' },
      { mfa_token: '', code: '1' },
    ])
      expect((await post(body)).status, JSON.stringify(body)).toBe(422)
  })
})

describe('a challenge', () => {
  it.each(['', 'x', 'pot_', `pot_${'A'.repeat(43)}`, "' or 1=1 --"].filter(Boolean))(
    '%j is 401 when nobody issued it',
    async (token) => {
      expect(await outcomeOf(answerChallenge(app, token, '123456'))).toEqual([401, 'MFA_CHALLENGE_INVALID'])
    },
  )

  it('is no access token, and an access token or a refresh token is no challenge', async () => {
    const user = await enrolQuickly(app)
    const { mfa_token } = await startSignIn(app, user)
    expect((await app.fetch('/api/v1/auth/me', bearer(mfa_token))).status).toBe(401)
    expect((await app.fetch('/api/v1/auth/refresh', json({ refresh_token: mfa_token }))).status).toBe(401)
    for (const token of [user.refreshToken])
      expect(await outcomeOf(answerChallenge(app, token, totpAt(user.secret, app.clock.now)))).toEqual([
        401,
        'MFA_CHALLENGE_INVALID',
      ])
  })

  it('is of its own user: the code of another does not answer it', async () => {
    const [ada, eve] = [await enrolUser(app), await enrolUser(app)]
    const { mfa_token } = await startSignIn(app, ada)
    for (const code of [totpAt(eve.secret, app.clock.now), eve.backupCodes[0] ?? ''])
      expect(await outcomeOf(answerChallenge(app, mfa_token, code))).toEqual([401, 'MFA_CODE_INVALID'])
  })

  it('ends after five minutes', async () => {
    const clocked = createClockedApp()
    const user = await enrolQuickly(clocked)
    const [early, late] = [await startSignIn(clocked, user), await startSignIn(clocked, user)]
    clocked.clock.now += 5 * MINUTE - 1
    expect((await answerChallenge(clocked, early.mfa_token, totpAt(user.secret, clocked.clock.now))).status).toBe(200)
    clocked.clock.now += 1
    const code = totpAt(user.secret, clocked.clock.now + STEP)
    expect(await outcomeOf(answerChallenge(clocked, late.mfa_token, code))).toEqual([401, 'MFA_CHALLENGE_INVALID'])
  })

  it('is used up by its right answer', async () => {
    const user = await enrolQuickly(app)
    const { mfa_token } = await startSignIn(app, user)
    expect((await answerChallenge(app, mfa_token, totpAt(user.secret, app.clock.now))).status).toBe(200)
    const again = answerChallenge(app, mfa_token, totpAt(user.secret, app.clock.now + STEP))
    expect(await outcomeOf(again)).toEqual([401, 'MFA_CHALLENGE_INVALID'])
  })

  it('opens one session when two right codes come at once', async () => {
    const user = await enrolUser(app)
    const { mfa_token } = await startSignIn(app, user)
    const before = (await sessionsOf(app, user.user.id)).length
    const codes = [totpAt(user.secret, app.clock.now), ...user.backupCodes.slice(0, 3)]
    expect(await statusesOf(codes.map((code) => answerChallenge(app, mfa_token, code)))).toEqual([200, 401, 401, 401])
    expect(await sessionsOf(app, user.user.id)).toHaveLength(before + 1)
  })

  it('is void once the password was changed', async () => {
    const user = await enrolQuickly(app)
    const { mfa_token } = await startSignIn(app, user)
    await env.DB.prepare('update users set auth_version = auth_version + 1 where id = ?').bind(user.user.id).run()
    const answer = answerChallenge(app, mfa_token, totpAt(user.secret, app.clock.now))
    expect(await outcomeOf(answer)).toEqual([401, 'MFA_CHALLENGE_INVALID'])
  })

  it.each(['suspended', 'locked', 'deleted', 'inactive'])('is void once its user is %s', async (status) => {
    const user = await enrolQuickly(app)
    const { mfa_token } = await startSignIn(app, user)
    await env.DB.prepare('update users set status = ? where id = ?').bind(status, user.user.id).run()
    const before = (await sessionsOf(app, user.user.id)).length
    const answer = answerChallenge(app, mfa_token, totpAt(user.secret, app.clock.now))
    expect(await outcomeOf(answer)).toEqual([401, 'MFA_CHALLENGE_INVALID'])
    expect(await sessionsOf(app, user.user.id)).toHaveLength(before)
  })

  it('is not answered by a factor that was removed and set up anew meanwhile', async () => {
    const user = await enrolUser(app)
    const { mfa_token } = await startSignIn(app, user)
    await app.fetch('/api/v1/mfa/disable', json({}, user.headers))
    for (const code of [totpAt(user.secret, app.clock.now), user.backupCodes[0] ?? ''])
      expect(await outcomeOf(answerChallenge(app, mfa_token, code))).toEqual([401, 'MFA_CHALLENGE_INVALID'])
  })
})

describe('the second factor against other ways in', () => {
  it('is not asked of who has none', async () => {
    const user = await signUpUser(app)
    expect((await signInUser(app, user)).accessToken).not.toBe('')
  })

  it('stays wrong when it is wrong, whatever the network', async () => {
    const user = await enrolQuickly(app)
    const { mfa_token } = await startSignIn(app, user)
    const wrong = wrongCode(user.secret, app.clock.now)
    expect(await outcomeOf(answerChallenge(app, mfa_token, wrong))).toEqual([401, 'MFA_CODE_INVALID'])
    expect((await answerChallenge(app, mfa_token, totpAt(user.secret, app.clock.now))).status).toBe(200)
  })
})

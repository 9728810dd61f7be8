import { describe, expect, it } from 'vitest'
import { ProfileShape } from '../../../src/features/sign-in/wire/session.ts'
import { findUser } from '../../../src/features/users/service/users.ts'
import { USER_STATUSES } from '../../../src/features/users/types.ts'
import { signInUser, signUpUser } from '../../support/users.ts'
import { app, expectEveryKeySet, get, post, type Session } from './support.ts'

describe('POST /api/v1/auth/refresh', () => {
  it.each(['refresh_token', 'refreshToken'])('takes %s, and answers every key set', async (name) => {
    const { refreshToken, email, user } = await signUpUser(app)
    const answer = await post('refresh', { [name]: refreshToken })
    expect(answer.status).toBe(200)
    const session = await answer.json<Session>()
    expectEveryKeySet(session, email)
    expect(session.user.id).toBe(user.id)
    expect(session.refresh_token).not.toBe(refreshToken)
  })

  it('gives two racing refreshes the same successor', async () => {
    const { refreshToken } = await signUpUser(app)
    const both = await Promise.all([1, 2].map(() => post('refresh', { refresh_token: refreshToken })))
    const [a, b] = await Promise.all(both.map((answer) => answer.json<Session>()))
    expect(a?.refresh_token).toBe(b?.refresh_token)
  })

  it.each(['', 'prt_x', 'not a token', 'eyJhbGciOiJub25lIn0.e30.'])('is 400 or 401 for %j', async (token) => {
    expect((await post('refresh', { refresh_token: token })).status).toBe(token === '' ? 400 : 401)
  })

  it('is 401 for an access token', async () => {
    const { accessToken } = await signUpUser(app)
    const answer = await post('refresh', { refresh_token: accessToken })
    expect([answer.status, await answer.json()]).toMatchObject([401, { code: 'TOKEN_ERROR' }])
  })

  it('is 400 without a token, and for a malformed Idempotency-Key', async () => {
    expect((await post('refresh', {})).status).toBe(400)
    const { refreshToken } = await signUpUser(app)
    const long = await post('refresh', { refresh_token: refreshToken }, { 'idempotency-key': 'k'.repeat(256) })
    expect(long.status).toBe(400)
    expect(
      (await post('refresh', { refresh_token: refreshToken }, { 'idempotency-key': 'k'.repeat(255) })).status,
    ).toBe(200)
  })

  it('is 401 after signing out', async () => {
    const { refreshToken, headers } = await signUpUser(app)
    expect((await app.fetch('/api/v1/auth/logout', { method: 'POST', headers })).status).toBe(200)
    expect((await post('refresh', { refresh_token: refreshToken })).status).toBe(401)
  })
})

for (const path of ['signout', 'logout']) {
  describe(`POST /api/v1/auth/${path}`, () => {
    const bodies = [undefined, '', '{}', '{"refresh_token":"x"}', 'not json']
    it.each(bodies)('ends the session of the token whatever the body is (%j)', async (body) => {
      const { headers } = await signUpUser(app)
      const init = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' } }
      const answer = await app.fetch(`/api/v1/auth/${path}`, body === undefined ? init : { ...init, body })
      expect(answer.status).toBe(200)
      expect(await answer.json()).toEqual({
        success: true,
        message: 'Successfully logged out',
        data: null,
        propagated: true,
      })
      expect((await get('me', headers)).status).toBe(401)
      expect((await app.fetch(`/api/v1/auth/${path}`, init)).status).toBe(401)
    })

    it('leaves other sessions of the user alone', async () => {
      const first = await signUpUser(app)
      const second = await signInUser(app, first)
      await app.fetch(`/api/v1/auth/${path}`, { method: 'POST', headers: first.headers })
      expect((await get('me', second.headers)).status).toBe(200)
    })

    it('is 401 without a token and with a bad one', async () => {
      expect((await app.fetch(`/api/v1/auth/${path}`, { method: 'POST' })).status).toBe(401)
      const bad = { method: 'POST', headers: { authorization: 'Bearer x.y.z' } }
      expect((await app.fetch(`/api/v1/auth/${path}`, bad)).status).toBe(401)
    })
  })
}

describe('GET /api/v1/auth/me and /profile', () => {
  it('answer the user in the shape of each system', async () => {
    const username = `Lin_${Date.now()}`
    const { headers, user, email } = await signUpUser(app, { username })
    await app.settled()
    const me = await (await get('me', headers)).json()
    expect(me).toMatchObject({ id: user.id, number: user.number, email, username, status: 'active', roles: ['user'] })
    const profile = await (await get('profile', headers)).json<Record<string, unknown>>()
    expect(profile).toMatchObject({
      id: user.number,
      uuid: user.id,
      email,
      username,
      role: 'USER',
      status: 'ACTIVE',
      email_verified: false,
    })
    for (const name of ['createdAt', 'lastLoginAt']) expect(profile[name]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)
  })

  it('name every status as gateway-auth does: an isolate may show one that it has not heard of', async () => {
    const { user } = await signUpUser(app)
    const row = await findUser(await app.ctx(), user.id)
    if (!row) throw new Error('no such user')
    const shown = USER_STATUSES.map((status) => [status, ProfileShape.write({ ...row, status }).status])
    expect(Object.fromEntries(shown)).toEqual({
      active: 'ACTIVE',
      pending: 'ACTIVE',
      inactive: 'DEACTIVATED',
      suspended: 'SUSPENDED',
      locked: 'LOCKED',
      deleted: 'DEACTIVATED',
    })
  })

  it('show the email where the profile needs a username and there is none', async () => {
    const { headers, email } = await signUpUser(app)
    expect(await (await get('profile', headers)).json()).toMatchObject({ username: email })
    expect(await (await get('me', headers)).json()).toMatchObject({ username: null })
  })

  it('are 401 without a token, with a bad one, and with a refresh token', async () => {
    const { refreshToken } = await signUpUser(app)
    for (const path of ['me', 'profile']) {
      expect((await get(path)).status).toBe(401)
      expect((await get(path, { authorization: 'Bearer nonsense' })).status).toBe(401)
      expect((await get(path, { authorization: `Bearer ${refreshToken}` })).status).toBe(401)
    }
  })
})

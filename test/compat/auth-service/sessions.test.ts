import { describe, expect, it } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import { mailedToken } from '../../features/sign-in/mails.ts'
import { createTestApp } from '../../support/app.ts'
import { makeAdmin, newEmail } from '../../support/users.ts'
import { answerOf, app, call } from '../support/requests.ts'
import { DONE, issuesOf, keysOf, login, registerAndLogin } from './support.ts'

interface Shown {
  readonly id: number
  readonly user_id: number
  readonly session_token: string
  readonly created_at: string
  readonly expires_at: string
}

const list = async (headers: Record<string, string>): Promise<Shown[]> =>
  (await call('GET', '/auth/sessions', { headers })).json()
const end = (id: string | number, headers: Record<string, string> = {}) =>
  answerOf(call('DELETE', `/auth/sessions/${id}`, { headers }))

describe('GET /auth/sessions', () => {
  it('answers a bare array of the caller’s live sessions, numbered', async () => {
    const person = await registerAndLogin()
    const other = await login(person)
    const sessions = await list(person.headers)
    expect(sessions).toHaveLength(2)
    for (const session of sessions) {
      expect(keysOf(session)).toEqual(['created_at', 'expires_at', 'id', 'session_token', 'user_id'])
      expect([Number.isInteger(session.id), session.user_id]).toEqual([true, person.id])
      expect(Date.parse(session.expires_at)).toBeGreaterThan(Date.parse(session.created_at))
    }
    expect(sessions.map(({ session_token }) => session_token)).toEqual([other.session_token, person.session_token])
    expect(new Set(sessions.map(({ id }) => id)).size).toBe(2)
  })

  it('shows no credential', async () => {
    const { headers } = await registerAndLogin()
    for (const { session_token } of await list(headers)) {
      const asBearer = { authorization: `Bearer ${session_token}` }
      expect((await call('GET', '/protected', { headers: asBearer })).status).toBe(401)
      const refresh = call('POST', '/auth/token-refresh', { body: { refresh_token: session_token } })
      expect((await refresh).status).toBe(401)
    }
  })
})

describe('DELETE /auth/sessions/:session_id', () => {
  it('ends a session by its number: its token is refused, and a repeat is 404', async () => {
    const person = await registerAndLogin()
    const other = await login(person)
    const found = (await list(person.headers)).find(({ session_token }) => session_token === other.session_token)
    expect(await end(Number(found?.id), person.headers)).toEqual([200, DONE])
    expect((await call('GET', '/protected', { headers: other.headers })).status).toBe(401)
    expect(await list(person.headers)).toHaveLength(1)
    expect(await end(Number(found?.id), person.headers)).toMatchObject([404, { detail: 'Session not found' }])
  })

  it('ends it while the database takes nothing, and a repeat voids the change of address that it asked for', async () => {
    const person = await registerAndLogin()
    const other = await login(person)
    const found = (await list(person.headers)).find(({ session_token }) => session_token === other.session_token)
    const email = newEmail()
    await call('PUT', '/auth/profile', { headers: other.headers, body: { email } })
    const token = await mailedToken(app, email, '/verify-email')
    const update = () => {
      throw new Error('down')
    }
    const readable = (db: Ctx['db']): Ctx['db'] => Object.assign(Object.create(db), { update })
    const without = createTestApp({ override: (ctx) => ({ ...ctx, db: readable(ctx.db) }) })
    const asked = { headers: person.headers, app: without }
    expect((await call('DELETE', `/auth/sessions/${found?.id}`, asked)).status).toBe(503)
    expect(await list(person.headers)).toHaveLength(1)
    expect(await end(Number(found?.id), person.headers)).toMatchObject([404, { detail: 'Session not found' }])
    expect((await call('POST', '/api/v1/auth/verify-email', { body: { token } })).status).toBe(400)
  })

  it('lets one of two racing deletions win', async () => {
    const person = await registerAndLogin()
    const other = await login(person)
    const found = (await list(person.headers)).find(({ session_token }) => session_token === other.session_token)
    const both = await Promise.all([1, 2].map(() => end(Number(found?.id), person.headers)))
    expect(both.map(([status]) => status).sort()).toEqual([200, 404])
  })

  it('is 404 for another’s, for an admin too', async () => {
    const [person, stranger, admin] = [await registerAndLogin(), await registerAndLogin(), await makeAdmin(app)]
    await login(person)
    await login(person)
    const ids = (await list(person.headers)).map(({ id }) => id)
    const own = new Set((await list(stranger.headers)).map(({ id }) => id))
    const foreign = Math.max(...ids)
    expect(own.has(foreign)).toBe(false)
    for (const { headers } of [stranger, admin]) expect((await end(foreign, headers))[0]).toBe(404)
    expect(await list(person.headers)).toHaveLength(3)
  })

  it('is 422 for anything but a positive integer, 404 for an unknown one', async () => {
    const { headers } = await registerAndLogin()
    for (const id of [
      '-1',
      '0',
      '00',
      'x',
      '1.5',
      '1e3',
      '0x10',
      '%201',
      '9'.repeat(16),
      '9'.repeat(400),
      "1'--",
      '١',
    ]) {
      const [status, body] = await end(id, headers)
      expect([id, status, issuesOf(body)[0]?.loc]).toEqual([id, 422, ['path', 'session_id']])
    }
    for (const id of ['999999999999999', '123456', '0007777'])
      expect([id, (await end(id, headers))[0]]).toEqual([id, 404])
  })
})

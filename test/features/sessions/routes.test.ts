import { describe, expect, it } from 'vitest'
import { sessionToWire } from '../../../src/features/sessions/wire.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp } from '../../support/app.ts'
import { createAppWithObjects, withMethods } from '../../support/objects.ts'
import { type Caller, freshCaller, freshUser, signIn } from './support.ts'

interface SessionBody {
  id: string
  is_current: boolean
  revoked: boolean
  expires_at: string
  last_activity_at: string
}

const bodyOf = async <T>(answer: Promise<Response>): Promise<T & { status: number }> => {
  const response = await answer
  const body: object = await response.json()
  return { ...(body as T), status: response.status }
}

const list = (caller: Caller, query = '') =>
  bodyOf<{ sessions: SessionBody[]; data: SessionBody[]; total: number; page: number; total_pages: number }>(
    caller.ask('GET', `/api/v1/sessions${query}`),
  )

describe('GET /api/v1/sessions', () => {
  it('lists the live sessions under both sets of names, newest first', async () => {
    const app = createTestApp()
    const first = await freshCaller(app)
    const second = await signIn(app, first.user)
    const answer = await list(first)
    expect(answer).toMatchObject({ status: 200, total: 2, page: 1, per_page: 200, total_pages: 1 })
    expect(answer.sessions.map(({ id }) => id)).toEqual([second.session.id, first.session.id])
    expect(answer.data).toEqual(answer.sessions)
    expect(answer.sessions.map((session) => session.is_current)).toEqual([false, true])
  })

  it('pages, and has the ended ones when asked for all', async () => {
    const app = createTestApp()
    const caller = await freshCaller(app)
    const other = await signIn(app, caller.user)
    await caller.ask('DELETE', `/api/v1/sessions/${other.session.id}`)
    expect((await list(caller)).total).toBe(1)
    const all = await list(caller, '?active_only=false&per_page=1&page=1')
    expect(all).toMatchObject({ total: 2, total_pages: 2, sessions: [{ id: other.session.id, revoked: true }] })
  })

  it('refuses a page that is none', async () => {
    const caller = await freshCaller(createTestApp())
    expect((await list(caller, '?page=0')).status).toBe(422)
  })

  it('has device, address and times of the last use', async () => {
    const app = createTestApp({
      override: (ctx) => ({
        ...ctx,
        ip: '203.0.113.5',
        country: 'NL',
        userAgent:
          'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
      }),
    })
    const { sessions } = await list(await freshCaller(app))
    expect(sessions[0]).toMatchObject({
      ip_address: '203.0.113.5',
      country: 'NL',
      device_type: 'mobile',
      device_name: 'iPhone',
      browser: 'Safari 17.5',
      os: 'iOS 17.5',
    })
  })
})

describe('one session', () => {
  it('has each of its times under its name, in ISO 8601', async () => {
    const { session } = await freshCaller(createTestApp())
    const times = { openedAt: 1000, lastActiveAt: 2000, expiresAt: 3000 }
    expect(sessionToWire({ ...session, ...times }, session.id)).toMatchObject({
      created_at: '1970-01-01T00:00:01.000Z',
      last_activity_at: '1970-01-01T00:00:02.000Z',
      expires_at: '1970-01-01T00:00:03.000Z',
    })
  })

  it('is answered flat and nested, by its id and as the current one', async () => {
    const caller = await freshCaller(createTestApp())
    for (const path of [caller.session.id, 'current']) {
      const answer = await bodyOf<SessionBody & { session: SessionBody }>(caller.ask('GET', `/api/v1/sessions/${path}`))
      expect(answer).toMatchObject({ status: 200, id: caller.session.id, is_current: true, revoked: false })
      expect(answer.session.id).toBe(answer.id)
    }
  })

  it('is touched: its idle lifetime starts anew', async () => {
    const caller = await freshCaller(createTestApp())
    for (const path of [`${caller.session.id}/refresh`, 'refresh']) {
      const answer = await bodyOf<{ session: SessionBody; message: string }>(
        caller.ask('POST', `/api/v1/sessions/${path}`),
      )
      expect(answer).toMatchObject({ status: 200, id: caller.session.id, message: 'Session refreshed' })
      expect(Date.parse(answer.session.last_activity_at)).toBeGreaterThanOrEqual(caller.session.lastActiveAt)
    }
  })

  it('is found by its id in whatever case, its user too', async () => {
    const { ask, session, user } = await freshCaller(createTestApp())
    expect((await ask('GET', `/api/v1/sessions/${session.id.toUpperCase()}`)).status).toBe(200)
    expect((await ask('GET', `/api/v1/users/${user.id.toUpperCase()}/sessions`)).status).toBe(200)
  })

  it('is 404 when it is unknown or of another user, and 400 when its id is none', async () => {
    const app = createTestApp()
    const caller = await freshCaller(app)
    const stranger = await freshCaller(app)
    for (const method of ['GET', 'DELETE']) {
      for (const id of [newUuid(), stranger.session.id]) {
        const answer = await bodyOf<{ code: string }>(caller.ask(method, `/api/v1/sessions/${id}`))
        expect(answer).toMatchObject({ status: 404, code: 'SESSION_NOT_FOUND' })
      }
      expect((await caller.ask(method, '/api/v1/sessions/7')).status).toBe(400)
    }
    expect((await stranger.ask('GET', '/api/v1/sessions/current')).status).toBe(200)
  })
})

describe('revoking', () => {
  it('ends one session once: 200, then 400; racing callers share one 200', async () => {
    const app = createTestApp()
    const caller = await freshCaller(app)
    const other = await signIn(app, caller.user)
    const revoke = () => caller.ask('DELETE', `/api/v1/sessions/${other.session.id}`)
    const answers = await Promise.all([revoke(), revoke(), revoke()])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400])
    const good = answers.find(({ status }) => status === 200)
    expect(await good?.json()).toEqual({ message: 'Session revoked', propagated: true })
    expect(await bodyOf(revoke())).toMatchObject({ status: 400, code: 'SESSION_ALREADY_REVOKED' })
    expect((await other.ask('GET', '/api/v1/sessions')).status).toBe(401)
  })

  it.each([
    ['DELETE', '/api/v1/sessions/all'],
    ['DELETE', '/api/v1/sessions'],
    ['DELETE', '/api/v1/sessions/'],
    ['POST', '/api/v1/sessions/revoke-all'],
  ])('%s %s ends all sessions but the current one', async (method, path) => {
    const app = createTestApp()
    const caller = await freshCaller(app)
    const others = [await signIn(app, caller.user), await signIn(app, caller.user)]
    expect(await bodyOf(caller.ask(method, path))).toMatchObject({
      status: 200,
      revoked_count: 2,
      revokedCount: 2,
      propagated: true,
    })
    for (const other of others) expect((await other.ask('GET', '/api/v1/sessions')).status).toBe(401)
    expect((await list(caller)).total).toBe(1)
  })

  it('says propagated false when the feed did not answer, and refuses the session all the same', async () => {
    const app = createAppWithObjects(({ user }) => ({
      user: (id) =>
        withMethods(user(id), {
          endSession: async (input) => ({ ...(await user(id).endSession(input)), propagated: false }),
        }),
    }))
    const plain = createTestApp()
    const caller = await freshCaller(plain)
    const other = await signIn(plain, caller.user)
    const answer = await app.fetch(`/api/v1/sessions/${other.session.id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${caller.tokens.accessToken}` },
    })
    expect(await answer.json()).toMatchObject({ propagated: false })
    const check = await (await plain.ctx()).objects
      .user(caller.user.id)
      .check({ userId: caller.user.id, sessionId: other.session.id, claimsVersion: 1 })
    expect(check).toEqual({ live: false, reason: 'ended' })
  })
})

describe("a user's sessions", () => {
  const path = (userId: string, sessionId = '') => `/api/v1/users/${userId}/sessions${sessionId && `/${sessionId}`}`

  it('are shown to that user and to an admin, who may end them', async () => {
    const app = createTestApp()
    const user = await freshCaller(app)
    const admin = await freshCaller(app, { role: 'admin' })
    for (const caller of [user, admin]) {
      const answer = await bodyOf<{ sessions: SessionBody[]; total: number }>(caller.ask('GET', path(user.user.id)))
      expect(answer).toMatchObject({ status: 200, total: 1, sessions: [{ id: user.session.id }] })
    }
    const ended = await bodyOf(admin.ask('DELETE', path(user.user.id, user.session.id)))
    expect(ended).toMatchObject({ status: 200, propagated: true })
    expect((await user.ask('GET', '/api/v1/sessions')).status).toBe(401)
    expect(await bodyOf(admin.ask('DELETE', path(user.user.id, user.session.id)))).toMatchObject({ status: 400 })
  })

  it('are refused to others, whether the user exists or not', async () => {
    const app = createTestApp()
    const [caller, stranger] = [await freshCaller(app), await freshUser(app)]
    for (const id of [stranger.id, newUuid()]) {
      expect(await bodyOf(caller.ask('GET', path(id)))).toMatchObject({ status: 403, code: 'FORBIDDEN' })
      expect(await bodyOf(caller.ask('DELETE', path(id, newUuid())))).toMatchObject({ status: 403 })
    }
  })

  it('are 404 for an admin when there is no such user', async () => {
    const admin = await freshCaller(createTestApp(), { role: 'admin' })
    expect(await bodyOf(admin.ask('GET', path(newUuid())))).toMatchObject({ status: 404, code: 'NOT_FOUND' })
    expect((await admin.ask('GET', path('me'))).status).toBe(400)
  })
})

const ROUTES = [
  ['GET', '/api/v1/sessions'],
  ['GET', '/api/v1/sessions/current'],
  ['GET', '/api/v1/sessions/:id'],
  ['POST', '/api/v1/sessions/refresh'],
  ['POST', '/api/v1/sessions/:id/refresh'],
  ['DELETE', '/api/v1/sessions'],
  ['DELETE', '/api/v1/sessions/all'],
  ['DELETE', '/api/v1/sessions/:id'],
  ['POST', '/api/v1/sessions/revoke-all'],
  ['GET', '/api/v1/users/:user/sessions'],
  ['DELETE', '/api/v1/users/:user/sessions/:id'],
] as const

describe.each(ROUTES)('%s %s', (method, template) => {
  const pathOf = ({ user, session }: Caller) => template.replace(':id', session.id).replace(':user', user.id)

  it('is 401 without a token, with a refresh token and with a token that was tampered with', async () => {
    const app = createTestApp()
    const caller = await freshCaller(app)
    const path = pathOf(caller)
    expect((await app.fetch(path, { method })).status).toBe(401)
    const { accessToken, refreshToken } = caller.tokens
    for (const token of [refreshToken, `${accessToken.slice(0, -4)}AAAA`]) {
      const answer = await app.fetch(path, { method, headers: { authorization: `Bearer ${token}` } })
      expect(answer.status).toBe(401)
      expect(await answer.json()).toMatchObject({ code: 'TOKEN_ERROR' })
    }
  })

  it('is 401 once the token has expired, and once its session was revoked', async () => {
    const app = createTestApp()
    const caller = await freshCaller(app)
    const late = createTestApp({ override: (ctx) => ({ ...ctx, now: () => Date.now() + 601_000 }) })
    const headers = { authorization: `Bearer ${caller.tokens.accessToken}` }
    expect((await late.fetch(pathOf(caller), { method, headers })).status).toBe(401)
    await caller.ask('DELETE', `/api/v1/sessions/${caller.session.id}`)
    expect((await caller.ask(method, pathOf(caller))).status).toBe(401)
  })
})

import { describe, expect, it } from 'vitest'
import { openSession } from '../../../src/features/sessions/service/opening.ts'
import { inspectRefreshToken, revokeByRefreshToken } from '../../../src/features/sessions/service/refreshing.ts'
import { selectSessions } from '../../../src/features/sessions/store/sessions.ts'
import { endOtherSessions } from '../../../src/features/users/service/change-user.ts'
import { findUser } from '../../../src/features/users/service/users.ts'
import { bearer, createTestApp, env } from '../../support/app.ts'
import { createWatchedApp } from '../../support/objects.ts'
import { claimsOf } from '../../support/tokens.ts'
import { errorOf, freshCaller, freshUser, refresh, setUser, signIn } from './support.ts'

const SECRET = 'test-root-secret-0123456789-0123456789-0123456789'

describe('opening a session', () => {
  it('gives tokens that say who, since when and how', async () => {
    const app = createTestApp()
    const user = await freshUser(app, { role: 'admin', username: `u${crypto.randomUUID().slice(0, 8)}` })
    const { tokens, session } = await signIn(app, { ...user, mfaEnabled: true }, ['pwd', 'otp', 'mfa'])
    const claims = claimsOf(tokens.accessToken)
    expect(claims).toMatchObject({
      iss: 'http://127.0.0.1:8787',
      aud: 'postern',
      client_id: 'postern',
      sub: user.id,
      sid: session.id,
      ver: 1,
      type: 'access',
      email: user.email,
      username: user.username,
      number: user.number,
      role: 'admin',
      roles: ['admin', 'user'],
      org_id: null,
      org_role: null,
      org_roles: [],
      org_ver: null,
      permissions: [],
      amr: ['pwd', 'otp', 'mfa'],
      acr: 'aal2',
      iat: Math.floor(session.openedAt / 1000),
    })
    expect(claims.exp).toBe(Number(claims.iat) + 600)
    expect(tokens).toMatchObject({ expiresAt: claims.exp })
    expect(tokens.expiresIn).toBeGreaterThan(595)
    expect(claims.jti).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]/)
  })

  it('is refused when the credentials were changed after they were checked', async () => {
    const app = createTestApp()
    const { user } = await freshCaller(app)
    const ctx = await app.ctx()
    const actor = { type: 'user', id: user.id } as const
    await endOtherSessions(ctx, { userId: user.id, except: null, reason: 'password_reset', actor, authVersion: 2 })
    expect(await errorOf(openSession(ctx, { user, amr: ['pwd'] }))).toMatchObject({ code: 'SESSION_REFUSED' })
  })
})

describe('a refresh', () => {
  it('gives 50 parallel callers of one token the same next token, with one jti, iat and exp', async () => {
    const app = createTestApp()
    const { tokens, user } = await freshCaller(app)
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(app, tokens.refreshToken)))
    const [first] = answers
    expect(first?.user.id).toBe(user.id)
    expect(first?.tokens.refreshToken).not.toBe(tokens.refreshToken)
    expect(new Set(answers.map((answer) => answer.tokens.refreshToken)).size).toBe(1)
    const identity = answers.map(({ tokens: { accessToken } }) => {
      const { jti, iat, exp } = claimsOf(accessToken)
      return `${jti} ${iat} ${exp}`
    })
    expect(new Set(identity).size).toBe(1)
  })

  it('counts expires_in to the exp of the token, also in a replay', async () => {
    const clock = { now: Date.now() }
    const app = createTestApp({ override: (ctx) => ({ ...ctx, now: () => clock.now }) })
    const { tokens } = await freshCaller(app)
    const first = await refresh(app, tokens.refreshToken)
    clock.now = first.tokens.expiresAt * 1000 - 5000
    const replay = await refresh(app, tokens.refreshToken)
    expect(replay.tokens).toMatchObject({ expiresIn: 5, expiresAt: first.tokens.expiresAt })
  })

  it('gives the present claims of the user', async () => {
    const app = createTestApp()
    const { tokens, user } = await freshCaller(app)
    await env.DB.prepare("update users set role = 'auditor', claims_version = 5 where id = ?").bind(user.id).run()
    const answer = await refresh(app, tokens.refreshToken)
    expect(claimsOf(answer.tokens.accessToken)).toMatchObject({ role: 'auditor', roles: ['auditor', 'user'], ver: 5 })
  })

  it.each(['suspended', 'locked', 'inactive', 'deleted'])(
    'never reaches the object for a user who is %s',
    async (status) => {
      const { app, woken } = createWatchedApp()
      const { tokens, user } = await freshCaller(app)
      await setUser(user.id, 'status', status)
      woken.length = 0
      expect(await errorOf(refresh(app, tokens.refreshToken))).toMatchObject({ code: 'TOKEN_ERROR' })
      expect(woken).toEqual([])
      await setUser(user.id, 'status', 'active')
      expect((await refresh(app, tokens.refreshToken)).session.userId).toBe(user.id)
    },
  )

  it('ends a session when the row says that the credentials were changed, even if the object does not know', async () => {
    const app = createTestApp()
    const { tokens, user } = await freshCaller(app)
    const check = async () => (await app.fetch('/validate', bearer(tokens.accessToken))).status
    expect(await check()).toBe(200)
    await setUser(user.id, 'auth_version', 2)
    expect(await errorOf(refresh(app, tokens.refreshToken))).toMatchObject({ code: 'TOKEN_ERROR' })
    // At once: the isolate does not wait for the feed.
    expect(await check()).toBe(401)
    expect(await selectSessions(await app.ctx(), { userId: user.id, withEnded: true })).toMatchObject([
      { endReason: 'credentials_changed' },
    ])
  })

  it('has one code and one text for every refusal', async () => {
    const app = createTestApp()
    const { tokens, user, session } = await freshCaller(app)
    const { tokens: others } = await freshCaller(app)
    await env.DB.prepare('delete from users where id = ?').bind(user.id).run()
    const unknownUser = await errorOf(refresh(app, tokens.refreshToken))
    const garbage = await errorOf(refresh(app, 'prt_garbage'))
    const accessToken = await errorOf(refresh(app, others.accessToken))
    for (const error of [unknownUser, garbage, accessToken]) {
      expect(error).toMatchObject({ code: 'TOKEN_ERROR', kind: 'unauthenticated', details: {} })
      expect(error.message).toBe('Invalid or expired refresh token')
    }
    expect(session.userId).toBe(user.id)
  })

  it('wakes no object for garbage or for a token that was tampered with', async () => {
    const { app, woken } = createWatchedApp()
    const { tokens } = await freshCaller(app)
    woken.length = 0
    const at = (index: number) => tokens.refreshToken.slice(0, index) + (tokens.refreshToken[index] === 'A' ? 'B' : 'A')
    const tampered = [5, 20, 40, 60, 80, 95].map((index) => at(index) + tokens.refreshToken.slice(index + 1))
    for (const token of [...tampered, '', 'prt_', tokens.accessToken])
      expect(await errorOf(refresh(app, token))).toMatchObject({ code: 'TOKEN_ERROR' })
    expect(woken).toEqual([])
  })

  it('replays after a change of ROOT_SECRET under the new key', async () => {
    const before = createTestApp()
    const { tokens } = await freshCaller(before)
    const first = await refresh(before, tokens.refreshToken)
    const after = createTestApp({
      env: { ROOT_SECRET: 'the-next-root-secret-0123456789-0123456789-012', ROOT_SECRET_PREVIOUS: SECRET },
    })
    const replay = await refresh(after, tokens.refreshToken)
    expect(replay.tokens.refreshToken).not.toBe(first.tokens.refreshToken)
    expect(claimsOf(replay.tokens.accessToken).jti).toBe(claimsOf(first.tokens.accessToken).jti)
    const next = await refresh(after, replay.tokens.refreshToken)
    expect(next.session.id).toBe(first.session.id)
    expect(await errorOf(refresh(before, next.tokens.refreshToken))).toMatchObject({ code: 'TOKEN_ERROR' })
  })
})

describe('an Idempotency-Key', () => {
  it('is taken with the refresh, and an empty one is none', async () => {
    const app = createTestApp()
    const { tokens } = await freshCaller(app)
    const first = await refresh(app, tokens.refreshToken, 'key-1')
    const again = await refresh(app, tokens.refreshToken, 'key-1')
    expect(again.tokens.refreshToken).toBe(first.tokens.refreshToken)
    const next = await refresh(app, first.tokens.refreshToken, '')
    expect(next.session.id).toBe(first.session.id)
  })
})

describe('asking about and revoking by a refresh token', () => {
  it('describes a valid token without using it up, and no other token', async () => {
    const app = createTestApp()
    const { tokens, user } = await freshCaller(app)
    const ctx = await app.ctx()
    expect(await inspectRefreshToken(ctx, tokens.refreshToken)).toMatchObject({
      user: { id: user.id },
      session: { userId: user.id },
    })
    expect(await inspectRefreshToken(ctx, 'prt_garbage')).toBeNull()
    expect(await inspectRefreshToken(ctx, tokens.accessToken)).toBeNull()
    await setUser(user.id, 'status', 'suspended')
    expect(await inspectRefreshToken(ctx, tokens.refreshToken)).toBeNull()
  })

  it('ends its session once', async () => {
    const app = createTestApp()
    const { tokens, session } = await freshCaller(app)
    const ctx = await app.ctx()
    expect(await revokeByRefreshToken(ctx, tokens.refreshToken)).toEqual({ ended: [session.id], propagated: true })
    expect(await revokeByRefreshToken(ctx, tokens.refreshToken)).toBeNull()
    expect(await errorOf(refresh(app, tokens.refreshToken))).toMatchObject({ code: 'TOKEN_ERROR' })
  })
})

it('keeps the session that changed its credentials, and ends the others, whatever order the parts hear of it', async () => {
  const app = createTestApp()
  const kept = await freshCaller(app)
  const other = await signIn(app, kept.user)
  await env.DB.prepare('update users set auth_version = 2, kept_session_id = ? where id = ?')
    .bind(kept.session.id, kept.user.id)
    .run()
  const ctx = await app.ctx()
  const user = await findUser(ctx, kept.user.id)
  if (!user) throw new Error('the user is gone')
  const [renewed, refreshed] = await Promise.all([
    openSession(ctx, { user, amr: ['pwd'] }),
    refresh(app, kept.tokens.refreshToken),
    errorOf(refresh(app, other.tokens.refreshToken)),
  ])
  await endOtherSessions(ctx, {
    userId: user.id,
    except: kept.session.id,
    reason: 'password_changed',
    actor: { type: 'user', id: user.id },
    authVersion: 2,
  })
  const live = await selectSessions(ctx, { userId: user.id, withEnded: false })
  expect(live.map(({ id }) => id).sort()).toEqual([renewed.session.id, refreshed.session.id].sort())
})

it('leaves no session of a user who is suspended while signing in, whichever comes first', async () => {
  const app = createTestApp()
  const user = await freshUser(app)
  const ctx = await app.ctx()
  const opening = Array.from({ length: 10 }, () => openSession(ctx, { user, amr: ['pwd'] }))
  const actor = { type: 'system', id: 'test' } as const
  const ending = endOtherSessions(ctx, { userId: user.id, except: null, reason: 'suspended', actor, authVersion: 2 })
  const more = Array.from({ length: 10 }, () => openSession(ctx, { user, amr: ['pwd'] }))
  await Promise.allSettled([...opening, ending, ...more])
  expect(await selectSessions(ctx, { userId: user.id, withEnded: false })).toEqual([])
})

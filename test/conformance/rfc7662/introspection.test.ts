import { describe, expect, it } from 'vitest'
import { disableClient } from '../../../src/features/clients/service.ts'
import { endSessionById } from '../../../src/features/sessions/service/ending.ts'
import { refreshSession } from '../../../src/features/sessions/service/refreshing.ts'
import { toSeconds } from '../../../src/lib/time.ts'
import { bodyOf, form, freshMachine, freshUser, requestToken } from '../../features/oauth/support.ts'
import { createTestApp } from '../../support/app.ts'

const app = createTestApp()
const resourceServer = () => freshMachine(app, ['introspect'])
const ask = async (token: string, authorization: string, more: Record<string, string> = {}) =>
  app.fetch('/oauth/introspect', form({ token, ...more }, authorization))
const inspect = async (token: string) => bodyOf(await ask(token, (await resourceServer()).basic))

describe('an active token (2.2)', () => {
  it("tells of a user's access token", async () => {
    const { user, session, tokens } = await freshUser(app)
    expect(await inspect(tokens.accessToken)).toMatchObject({
      active: true,
      token_type: 'Bearer',
      iss: 'http://127.0.0.1:8787',
      aud: 'postern',
      client_id: 'postern',
      sub: user.id,
      sid: session.id,
      username: user.username,
      email: user.email,
      exp: tokens.expiresAt,
      iat: expect.any(Number),
      jti: expect.any(String),
    })
  })

  it("tells of a machine's access token and its scope", async () => {
    const machine = await freshMachine(app, ['a:read', 'b:read'])
    const found = await inspect(await requestToken(app, machine, 'a:read'))
    expect(found).toMatchObject({ active: true, token_type: 'Bearer', scope: 'a:read', client_id: machine.client.id })
    expect(found).not.toHaveProperty('username')
  })

  it('names a refresh token as one, so that nobody takes it for an access token', async () => {
    const { user, session, tokens } = await freshUser(app)
    const found = await inspect(tokens.refreshToken)
    expect(found).toMatchObject({
      active: true,
      token_type: 'refresh_token',
      client_id: 'postern',
      sub: user.id,
      sid: session.id,
      username: user.username,
      iat: toSeconds(session.openedAt),
      exp: toSeconds(session.expiresAt),
    })
    expect(found).not.toHaveProperty('scope')
    expect(found).not.toHaveProperty('aud')
  })

  it('is found whatever the hint says (2.1)', async () => {
    const { tokens } = await freshUser(app)
    const { basic } = await resourceServer()
    for (const token_type_hint of ['access_token', 'refresh_token', 'nonsense']) {
      for (const token of [tokens.accessToken, tokens.refreshToken])
        expect(await bodyOf(await ask(token, basic, { token_type_hint }))).toMatchObject({ active: true })
    }
  })

  it('is not used by being asked about', async () => {
    const { user, session, tokens } = await freshUser(app)
    await inspect(tokens.refreshToken)
    const ctx = await app.ctx()
    const after = await ctx.objects.user(user.id).findSession({ userId: user.id, sessionId: session.id })
    expect(after).toEqual(session)
    const refreshed = await refreshSession(ctx, { refreshToken: tokens.refreshToken, idempotencyKey: null })
    expect(refreshed.session.id).toBe(session.id)
  })
})

describe('an inactive token (2.2)', () => {
  const onlyInactive = { active: false }

  it.each(['garbage', 'a.b.c', 'prt_', 'prt_AAAA', `prt_${'A'.repeat(98)}`, '🏰', 'x'.repeat(10_000)])(
    'such as %.20j tells nothing else',
    async (token) => {
      expect(await inspect(token)).toEqual(onlyInactive)
    },
  )

  it('is what both tokens of an ended session are', async () => {
    const { user, session, tokens } = await freshUser(app)
    await endSessionById(await app.ctx(), {
      userId: user.id,
      sessionId: session.id,
      reason: 'revoked',
      actor: { type: 'user', id: user.id },
    })
    expect(await inspect(tokens.accessToken)).toEqual(onlyInactive)
    expect(await inspect(tokens.refreshToken)).toEqual(onlyInactive)
  })

  it('is what a disabled client holds', async () => {
    const machine = await freshMachine(app)
    const token = await requestToken(app, machine)
    expect(await inspect(token)).toMatchObject({ active: true })
    const actor = { type: 'system', id: 'test' } as const
    const { propagated } = await disableClient(await app.ctx(), { id: machine.client.id, actor })
    expect(propagated).toBe(true)
    expect(await inspect(token)).toEqual(onlyInactive)
  })

  it('is what an expired token is', async () => {
    const { tokens } = await freshUser(app)
    const { basic } = await resourceServer()
    const later = createTestApp({ override: (ctx) => ({ ...ctx, now: () => tokens.expiresAt * 1000 }) })
    const answer = await later.fetch('/oauth/introspect', form({ token: tokens.accessToken }, basic))
    expect([answer.status, await bodyOf(answer)]).toEqual([200, onlyInactive])
  })
})

describe('who asks (2.1)', () => {
  it('may show its own access token with the scope', async () => {
    const { tokens } = await freshUser(app)
    const bearer = `Bearer ${await requestToken(app, await resourceServer())}`
    expect(await bodyOf(await ask(tokens.accessToken, bearer))).toMatchObject({ active: true })
  })

  it('needs the scope introspect, with credentials and with a token', async () => {
    const { tokens } = await freshUser(app)
    const machine = await freshMachine(app, ['events:read'])
    const narrowed = await requestToken(app, await freshMachine(app, ['introspect', 'a:read']), 'a:read')
    for (const authorization of [machine.basic, `Bearer ${await requestToken(app, machine)}`, `Bearer ${narrowed}`]) {
      const answer = await ask(tokens.accessToken, authorization)
      expect([answer.status, await bodyOf(answer)]).toMatchObject([403, { error: 'insufficient_scope' }])
    }
  })

  it("cannot be a user: a user's token has no scope", async () => {
    const { tokens } = await freshUser(app, { role: 'admin' })
    expect((await ask(tokens.accessToken, `Bearer ${tokens.accessToken}`)).status).toBe(403)
  })

  it.each(['Bearer garbage', 'Bearer prt_x'])('with %s is 401 invalid_token (RFC 6750 3.1)', async (authorization) => {
    const answer = await ask('x', authorization)
    expect([answer.status, await bodyOf(answer)]).toMatchObject([401, { error: 'invalid_token' }])
    expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
  })

  it('is refused without a credential, and with a wrong one, before anything is said', async () => {
    const { tokens } = await freshUser(app)
    const { client } = await resourceServer()
    for (const init of [
      form({ token: tokens.accessToken }),
      form({ token: tokens.accessToken, client_id: client.id }),
      form({ token: tokens.accessToken, client_id: 'postern' }),
      form({ token: tokens.accessToken, client_id: client.id, client_secret: 'pcs_wrong' }),
    ]) {
      const answer = await app.fetch('/oauth/introspect', init)
      expect([answer.status, await bodyOf(answer)]).toMatchObject([401, { error: 'invalid_client' }])
    }
  })

  it('is refused once its client is disabled', async () => {
    const machine = await resourceServer()
    const bearer = `Bearer ${await requestToken(app, machine)}`
    await disableClient(await app.ctx(), { id: machine.client.id, actor: { type: 'system', id: 'test' } })
    expect((await ask('x', machine.basic)).status).toBe(401)
    expect((await ask('x', bearer)).status).toBe(401)
  })
})

describe('a request (2.1)', () => {
  it('without a token is invalid_request', async () => {
    const answer = await app.fetch('/oauth/introspect', form({}, (await resourceServer()).basic))
    expect([answer.status, await bodyOf(answer)]).toMatchObject([400, { error: 'invalid_request' }])
  })

  it('stands outside the rate tiers and is not cached', async () => {
    const answer = await ask('x', (await resourceServer()).basic)
    expect(answer.headers.get('x-ratelimit-limit')).toBeNull()
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  it('is served under /api/v1 as well', async () => {
    const answer = await app.fetch('/api/v1/oauth/introspect', form({ token: 'x' }, (await resourceServer()).basic))
    expect([answer.status, await bodyOf(answer)]).toEqual([200, { active: false }])
  })
})

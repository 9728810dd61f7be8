import { beforeEach, describe, expect, it } from 'vitest'
import { createClient, disableClient } from '../../../src/features/clients/service.ts'
import { verifier } from '../../../src/features/validation/verifier.ts'
import { bearer, json, type TestApp } from '../../support/app.ts'
import { ask, createWorld, mintMachine, mintUser, type World } from './support.ts'

const actor = { type: 'system', id: 'test' } as const

let world: World
let app: TestApp
let clientId: string
let token: string
let tokenId: string
let expiresAt: number

beforeEach(async () => {
  world = createWorld()
  app = world.isolate()
  const { client } = await createClient(await app.ctx(), { name: 'robot', scopes: ['events:read'], actor })
  clientId = client.id
  const machine = await mintMachine(app, clientId, 'events:read introspect')
  token = machine.token
  tokenId = machine.claims.jti
  expiresAt = machine.claims.exp
})

const statusOf = async (query = ''): Promise<number> => (await ask(app, token, query)).status

describe("a machine's token", () => {
  it('passes gateways with only a name and an expiry', async () => {
    const answer = await ask(app, token)
    expect(answer.status).toBe(200)
    const identity = [...answer.headers].filter(([name]) => name.startsWith('x-auth-'))
    expect(Object.fromEntries(identity)).toEqual({
      'x-auth-user-id': '',
      'x-auth-username': `client:${clientId}`,
      'x-auth-email': '',
      'x-auth-roles': '',
      'x-auth-org-id': '',
      'x-auth-org-role': '',
      'x-auth-session-id': '',
      'x-auth-amr': '',
      'x-auth-expires-at': String(expiresAt),
      'x-auth-freshness': '0',
    })
  })

  it('has a name but no user id for JSON clients', async () => {
    expect(await (await app.fetch('/validate', json({ token }))).json()).toEqual({
      valid: true,
      userId: null,
      username: `client:${clientId}`,
      role: null,
      expirationTime: expiresAt,
      errorMessage: null,
    })
  })

  it('has its scopes as permissions, and no role, organization or level', async () => {
    expect(await statusOf('?permission=events:read')).toBe(200)
    const refused = await Promise.all(
      ['?permission=users:read', '?role=user', '?org=x', '?acr=aal1'].map((query) => statusOf(query)),
    )
    expect(refused).toEqual([403, 403, 403, 403])
  })

  it('is refused when it was revoked itself', async () => {
    const other = await mintMachine(app, clientId, 'events:read')
    await world.feed.append([{ kind: 'token', id: tokenId }])
    expect(await statusOf()).toBe(401)
    expect((await ask(app, other.token)).status).toBe(200)
  })

  it('is refused at once by the isolate that disables its client, and by a strong check everywhere', async () => {
    expect(await statusOf()).toBe(200)
    const other = world.isolate()
    expect((await ask(other, token)).status).toBe(200)
    await disableClient(await app.ctx(), { id: clientId, actor })
    expect(await statusOf()).toBe(401)
    expect((await ask(other, token)).status).toBe(200)
    expect((await ask(other, token, '?consistency=strong')).status).toBe(401)
  })

  it('is refused by other isolates once its client is in the feed', async () => {
    expect(await statusOf()).toBe(200)
    await world.feed.append([{ kind: 'client', id: clientId }])
    world.now += 5001
    expect(await statusOf()).toBe(401)
  })

  it('is checked against the feed itself by a strong check, which sees a token that was just revoked', async () => {
    expect(await statusOf()).toBe(200)
    await world.feed.append([{ kind: 'token', id: tokenId }])
    expect(await statusOf('?consistency=strong')).toBe(401)
  })

  it('is 503 for a strong check without the feed, otherwise accepted up to an age', async () => {
    expect(await statusOf()).toBe(200)
    world.feedMode = 'fails'
    expect(await statusOf('?consistency=strong')).toBe(503)
    world.now += 30_000
    expect((await ask(app, token)).headers.get('x-auth-freshness')).toBe('30')
    world.now += 30_001
    expect(await statusOf()).toBe(503)
  })

  it('of a disabled client is refused by its row when the feed is down', async () => {
    const other = world.isolate()
    expect((await ask(other, token)).status).toBe(200)
    await disableClient(await app.ctx(), { id: clientId, actor })
    world.feedMode = 'fails'
    world.now += 6000
    expect((await ask(other, token)).status).toBe(401)
  })

  it('is looked up in the view even when the feed is too long for it', async () => {
    world.alter = (page) => ({ ...page, overflow: true })
    expect(await statusOf()).toBe(200)
    await world.feed.append([{ kind: 'token', id: tokenId }])
    world.now += 5001
    expect(await statusOf()).toBe(401)
  })
})

describe('the verifier of guards', () => {
  const identify = async (init: RequestInit = {}) =>
    verifier.identify(await app.ctx(), new Request('http://127.0.0.1/x', init))

  it('identifies a user by the claims of the token', async () => {
    const { token: userToken, claims } = await mintUser(app, { roles: ['user', 'admin'], ver: 7 })
    expect(await identify(bearer(userToken))).toMatchObject({
      state: 'valid',
      actor: {
        type: 'user',
        id: claims.sub,
        sessionId: claims.sid,
        number: 4711,
        roles: ['user', 'admin'],
        claimsVersion: 7,
        expiresAt: claims.exp,
      },
    })
  })

  it('identifies a machine with its scopes', async () => {
    expect(await identify(bearer(token))).toEqual({
      state: 'valid',
      actor: { type: 'client', id: clientId, scopes: ['events:read', 'introspect'], expiresAt },
    })
  })

  it('distinguishes a missing token from an invalid one', async () => {
    expect(await identify()).toEqual({ state: 'anonymous' })
    expect(await identify({ headers: { authorization: 'Basic dXNlcjpwYXNz' } })).toEqual({ state: 'anonymous' })
    for (const authorization of ['Bearer', 'Bearer x', 'Basic a, Bearer b', 'Bearer a,b'])
      expect(await identify({ headers: { authorization } })).toMatchObject({ state: 'invalid' })
  })

  it('confirms a user by the object, and a machine by its row and the feed', async () => {
    const ctx = await app.ctx()
    const user = await mintUser(app)
    const [asUser, asMachine] = [await identify(bearer(user.token)), await identify(bearer(token))]
    if (asUser.state !== 'valid' || asMachine.state !== 'valid') throw new Error('both tokens are good')
    expect(await Promise.all([asUser, asMachine].map(({ actor }) => verifier.confirm(ctx, actor)))).toEqual([
      true,
      true,
    ])
    world.sessions.set(user.claims.sid, { live: false, reason: 'ended' })
    await world.feed.append([{ kind: 'client', id: clientId }])
    expect(await verifier.confirm(ctx, asUser.actor)).toBe(false)
    expect(await verifier.confirm(ctx, asMachine.actor)).toBe(false)
    world.objectMode = 'fails'
    await expect(verifier.confirm(ctx, asUser.actor)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
  })
})

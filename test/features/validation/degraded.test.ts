import { beforeEach, describe, expect, it } from 'vitest'
import { viewOf } from '../../../src/revocation/freshness.ts'
import { env, json, type TestApp } from '../../support/app.ts'
import { ask, createWorld, type MintedUser, mintUser, type World } from './support.ts'

let world: World
let app: TestApp
let ada: MintedUser

beforeEach(async () => {
  world = createWorld()
  app = world.isolate()
  ada = await mintUser(app)
})

const record = (state: string, userId = ada.claims.sub) =>
  env.KV.put(`session:${ada.claims.sid}`, JSON.stringify({ user_id: userId, state }), { expirationTtl: 600 })

/** Loads the view, then lets it become outdated without the feed. */
async function loseFeed(ageMs: number, mode: 'fails' | 'hangs' = 'fails'): Promise<void> {
  expect((await ask(app, ada.token)).status).toBe(200)
  world.now += ageMs
  world.feedMode = mode
}

describe('a feed that is down', () => {
  it.each(['fails', 'hangs'] as const)('makes the isolate ask the object when it %s', async (mode) => {
    await loseFeed(30_000, mode)
    const began = performance.now()
    const answer = await ask(app, ada.token)
    expect(performance.now() - began).toBeLessThan(2000)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-auth-freshness')).toBe('0')
    expect(world.asked).toEqual([{ userId: ada.claims.sub, sessionId: ada.claims.sid, claimsVersion: 1 }])
  })

  it.each(['unknown', 'ended', 'expired', 'stale_credentials', 'stale_claims'] as const)(
    "makes the object's refusal count: %s",
    async (reason) => {
      await loseFeed(30_000)
      world.sessions.set(ada.claims.sid, { live: false, reason })
      expect((await ask(app, ada.token)).status).toBe(401)
    },
  )

  it('is pulled once a second, not by every request', async () => {
    await loseFeed(30_000)
    await Promise.all(Array.from({ length: 10 }, () => ask(app, ada.token)))
    await ask(app, ada.token)
    expect(world.pulls).toHaveLength(2)
    world.now += 1000
    await ask(app, ada.token)
    expect(world.pulls).toHaveLength(3)
  })

  it('does not make later requests wait after its failure', async () => {
    await loseFeed(30_000, 'hangs')
    await ask(app, ada.token)
    const began = performance.now()
    await ask(app, ada.token)
    expect(performance.now() - began).toBeLessThan(400)
  })

  it('changes nothing while the view is within its bound', async () => {
    await loseFeed(4999)
    expect((await ask(app, ada.token)).status).toBe(200)
    await app.settled()
    expect(world.asked).toEqual([])
  })
})

describe('a feed and an object that are down', () => {
  it.each(['fails', 'hangs'] as const)(
    'make the isolate use the outdated view, with its age, when the object %s',
    async (mode) => {
      await loseFeed(30_000)
      world.objectMode = mode
      const answer = await ask(app, ada.token)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('x-auth-freshness')).toBe('30')
    },
  )

  it('make the KV record of an ended session count', async () => {
    await loseFeed(30_000)
    world.objectMode = 'fails'
    await record('ended')
    expect((await ask(app, ada.token)).status).toBe(401)
  })

  it('do not make a KV record of a live session count: it may be stale', async () => {
    await record('live')
    await loseFeed(61_000)
    world.objectMode = 'fails'
    expect((await ask(app, ada.token)).status).toBe(503)
  })

  it('do not make a malformed KV record or one of another user count', async () => {
    await loseFeed(30_000)
    world.objectMode = 'fails'
    await record('ended', crypto.randomUUID())
    expect((await ask(app, ada.token)).status).toBe(200)
    await env.KV.put(`session:${ada.claims.sid}`, '{"state":1}')
    expect((await ask(app, ada.token)).status).toBe(200)
  })

  it('answer 503 beyond VALIDATE_MAX_STALE', async () => {
    await loseFeed(60_000)
    world.objectMode = 'fails'
    expect((await ask(app, ada.token)).status).toBe(200)
    world.now += 1
    const answer = await ask(app, ada.token)
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
    expect((await app.fetch('/validate', json({ token: ada.token }))).status).toBe(503)
    expect((await app.fetch('/validate/x', { headers: { authorization: `Bearer ${ada.token}` } })).status).toBe(503)
  })

  it('answer 503 in an isolate that never had a view', async () => {
    world.feedMode = 'fails'
    world.objectMode = 'fails'
    expect((await ask(app, ada.token)).status).toBe(503)
  })

  it('answer 503 after 5 s if VALIDATE_MAX_STALE is that low', async () => {
    app = world.isolate({ VALIDATE_MAX_STALE: '5' })
    await loseFeed(5001)
    world.objectMode = 'fails'
    expect((await ask(app, ada.token)).status).toBe(503)
  })

  it('accept a token until its exp with VALIDATE_FAIL_OPEN', async () => {
    app = world.isolate({ VALIDATE_FAIL_OPEN: 'true' })
    await loseFeed(300_000)
    world.objectMode = 'fails'
    const answer = await ask(app, ada.token)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-auth-freshness')).toBe('300')
    await record('ended')
    const eve = await mintUser(app)
    expect((await ask(app, eve.token)).status).toBe(200)
    world.now = eve.claims.exp * 1000
    expect((await ask(app, eve.token)).status).toBe(401)
  })

  it('report the age of the token in a new isolate with VALIDATE_FAIL_OPEN', async () => {
    app = world.isolate({ VALIDATE_FAIL_OPEN: 'true' })
    world.feedMode = 'fails'
    world.objectMode = 'fails'
    world.now = (ada.claims.iat + 100) * 1000
    expect((await ask(app, ada.token)).headers.get('x-auth-freshness')).toBe('100')
  })

  it('are handled even when KV is down, too', async () => {
    app = world.isolate({}, (ctx) => ({
      ...ctx,
      kv: { ...ctx.kv, get: () => new Promise(() => undefined) } as unknown as KVNamespace,
    }))
    await loseFeed(30_000)
    world.objectMode = 'fails'
    expect((await ask(app, ada.token)).status).toBe(200)
  })

  it('do not make the isolate trust a view that was never complete', async () => {
    world.alter = (page) => ({ ...page, overflow: true, entries: [] })
    world.objectMode = 'fails'
    expect((await ask(app, ada.token)).status).toBe(503)
  })
})

describe('consistency=strong', () => {
  it('asks the object at every check', async () => {
    await ask(app, ada.token)
    expect((await ask(app, ada.token, '?consistency=strong')).headers.get('x-auth-freshness')).toBe('0')
    world.sessions.set(ada.claims.sid, { live: false, reason: 'ended' })
    expect((await ask(app, ada.token)).status).toBe(200)
    expect((await ask(app, ada.token, '?consistency=strong')).status).toBe(401)
    // From now on this isolate refuses what the object refused.
    expect((await ask(app, ada.token)).status).toBe(401)
    expect(world.asked).toHaveLength(2)
  })

  it('can be requested by X-Auth-Require below /validate/', async () => {
    world.sessions.set(ada.claims.sid, { live: false, reason: 'ended' })
    const headers = { authorization: `Bearer ${ada.token}`, 'x-auth-require': 'strong' }
    expect((await app.fetch('/validate/x', { headers })).status).toBe(401)
  })

  it('answers 503 when the object does not answer, however fresh the view is', async () => {
    await ask(app, ada.token)
    world.objectMode = 'fails'
    expect((await ask(app, ada.token, '?consistency=strong')).status).toBe(503)
  })

  it('needs no feed', async () => {
    world.feedMode = 'fails'
    expect((await ask(app, ada.token, '?consistency=strong')).status).toBe(200)
  })
})

describe("an isolate's cache", () => {
  it('has verified tokens: a signature is checked once', async () => {
    await ask(app, ada.token)
    const claims = viewOf(await app.ctx())
    expect(claims.asOf).not.toBeNull()
    const broken = world.isolate({}, (ctx) => ctx)
    expect((await ask(broken, `${ada.token.slice(0, -4)}AAAA`)).status).toBe(401)
    expect((await ask(app, `${ada.token.slice(0, -4)}AAAA`)).status).toBe(401)
  })
})

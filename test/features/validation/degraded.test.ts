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

/** Loads the view, then lets it grow old without its feed. */
async function loseFeed(ageMs: number, mode: 'fails' | 'hangs' = 'fails'): Promise<void> {
  expect((await ask(app, ada.token)).status).toBe(200)
  world.now += ageMs
  world.feedMode = mode
}

describe('a feed that is down', () => {
  it.each(['fails', 'hangs'] as const)('has the object asked when it %s', async (mode) => {
    await loseFeed(30_000, mode)
    const began = performance.now()
    const answer = await ask(app, ada.token)
    expect(performance.now() - began).toBeLessThan(2000)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-auth-freshness')).toBe('0')
    expect(world.asked).toEqual([{ userId: ada.claims.sub, sessionId: ada.claims.sid, claimsVersion: 1 }])
  })

  it.each(['unknown', 'ended', 'expired', 'stale_credentials', 'stale_claims'] as const)(
    'lets the object refuse: %s',
    async (reason) => {
      await loseFeed(30_000)
      world.sessions.set(ada.claims.sid, { live: false, reason })
      expect((await ask(app, ada.token)).status).toBe(401)
    },
  )

  it('is asked once a second, not by every request', async () => {
    await loseFeed(30_000)
    await Promise.all(Array.from({ length: 10 }, () => ask(app, ada.token)))
    await ask(app, ada.token)
    expect(world.pulls).toHaveLength(2)
    world.now += 1000
    await ask(app, ada.token)
    expect(world.pulls).toHaveLength(3)
  })

  it('is not waited for by those who come after its failure', async () => {
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
  it.each(['fails', 'hangs'] as const)('leave what is known, with its age, when the object %s', async (mode) => {
    await loseFeed(30_000)
    world.objectMode = mode
    const answer = await ask(app, ada.token)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-auth-freshness')).toBe('30')
  })

  it('let the KV record of an ended session win', async () => {
    await loseFeed(30_000)
    world.objectMode = 'fails'
    await record('ended')
    expect((await ask(app, ada.token)).status).toBe(401)
  })

  it('are not decided by a KV record that says live: it may be stale', async () => {
    await record('live')
    await loseFeed(61_000)
    world.objectMode = 'fails'
    expect((await ask(app, ada.token)).status).toBe(503)
  })

  it('pay no heed to a record of another user, or one that is no record', async () => {
    await loseFeed(30_000)
    world.objectMode = 'fails'
    await record('ended', crypto.randomUUID())
    expect((await ask(app, ada.token)).status).toBe(200)
    await env.KV.put(`session:${ada.claims.sid}`, '{"state":1}')
    expect((await ask(app, ada.token)).status).toBe(200)
  })

  it('answer 503 past VALIDATE_MAX_STALE', async () => {
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

  it('answer 503 in an isolate that never heard of the feed', async () => {
    world.feedMode = 'fails'
    world.objectMode = 'fails'
    expect((await ask(app, ada.token)).status).toBe(503)
  })

  it('keep the bound of 5 s when VALIDATE_MAX_STALE says so', async () => {
    app = world.isolate({ VALIDATE_MAX_STALE: '5' })
    await loseFeed(5001)
    world.objectMode = 'fails'
    expect((await ask(app, ada.token)).status).toBe(503)
  })

  it('go on to the exp of the token with VALIDATE_FAIL_OPEN, and no further', async () => {
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

  it('say how old the knowledge of a new isolate is with VALIDATE_FAIL_OPEN: as old as the token', async () => {
    app = world.isolate({ VALIDATE_FAIL_OPEN: 'true' })
    world.feedMode = 'fails'
    world.objectMode = 'fails'
    world.now = (ada.claims.iat + 100) * 1000
    expect((await ask(app, ada.token)).headers.get('x-auth-freshness')).toBe('100')
  })

  it('survive a KV that is down as well', async () => {
    app = world.isolate({}, (ctx) => ({
      ...ctx,
      kv: { ...ctx.kv, get: () => new Promise(() => undefined) } as unknown as KVNamespace,
    }))
    await loseFeed(30_000)
    world.objectMode = 'fails'
    expect((await ask(app, ada.token)).status).toBe(200)
  })

  it('are no reason to trust a view that was never whole', async () => {
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
    // What the object refused, this isolate refuses from now on.
    expect((await ask(app, ada.token)).status).toBe(401)
    expect(world.asked).toHaveLength(2)
  })

  it('is a word of X-Auth-Require below /validate/', async () => {
    world.sessions.set(ada.claims.sid, { live: false, reason: 'ended' })
    const headers = { authorization: `Bearer ${ada.token}`, 'x-auth-require': 'strong' }
    expect((await app.fetch('/validate/x', { headers })).status).toBe(401)
  })

  it('answers 503 when the object does not, however young the view is', async () => {
    await ask(app, ada.token)
    world.objectMode = 'fails'
    expect((await ask(app, ada.token, '?consistency=strong')).status).toBe(503)
  })

  it('needs no feed', async () => {
    world.feedMode = 'fails'
    expect((await ask(app, ada.token, '?consistency=strong')).status).toBe(200)
  })
})

describe('what an isolate remembers', () => {
  it('is a verified token: its signature is checked once', async () => {
    await ask(app, ada.token)
    const claims = viewOf(await app.ctx())
    expect(claims.asOf).not.toBeNull()
    const broken = world.isolate({}, (ctx) => ctx)
    expect((await ask(broken, `${ada.token.slice(0, -4)}AAAA`)).status).toBe(401)
    expect((await ask(app, `${ada.token.slice(0, -4)}AAAA`)).status).toBe(401)
  })
})

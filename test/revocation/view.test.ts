import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { FeedPage } from '../../src/durable/rpc.ts'
import { checkAccessToken } from '../../src/features/validation/service.ts'
import type { FeedEntry } from '../../src/lib/event.ts'
import { applyToOwnView, readyAge, viewOf } from '../../src/revocation/freshness.ts'
import { floorOf, packId } from '../../src/revocation/view.ts'
import { ask, createWorld, type MintedUser, mintUser, type World } from '../features/validation/support.ts'
import type { TestApp } from '../support/app.ts'

let world: World
let app: TestApp
let ada: MintedUser

beforeEach(async () => {
  world = createWorld()
  app = world.isolate()
  ada = await mintUser(app)
})

const revoke = (id: string) => world.feed.append([{ kind: 'session', id }])

const statusOf = async (isolate = app, user = ada): Promise<number> => (await ask(isolate, user.token)).status

/** A feed with entries older than a minute: only a pull from the beginning returns all of them. */
const withoutBeginning = (page: FeedPage): FeedPage =>
  world.pulls.at(-1) === 'recent' ? { ...page, after: Math.max(1, page.after ?? 0), entries: [] } : page

const freshnessOf = async (): Promise<string | null> => (await ask(app, ada.token)).headers.get('x-auth-freshness')

describe('a view', () => {
  it('up to 2 s old is used without a pull', async () => {
    expect(await statusOf()).toBe(200)
    world.now += 2000
    expect(await freshnessOf()).toBe('2')
    await app.settled()
    expect(world.pulls).toEqual(['pull:null'])
    expect(world.asked).toEqual([])
  })

  it('2 to 5 s old is used, and refreshed in the background', async () => {
    expect(await statusOf()).toBe(200)
    world.now += 2001
    await revoke(ada.claims.sid)
    expect(await freshnessOf()).toBe('3')
    await app.settled()
    expect(world.pulls).toEqual(['pull:null', 'recent'])
    expect(await statusOf()).toBe(401)
  })

  it('is refreshed once for many requests', async () => {
    await statusOf()
    world.now += 4000
    await Promise.all(Array.from({ length: 20 }, () => statusOf()))
    await app.settled()
    expect(world.pulls).toHaveLength(2)
  })

  it('older than 5 s is refreshed first', async () => {
    expect(await statusOf()).toBe(200)
    await revoke(ada.claims.sid)
    world.now += 5000
    expect(readyAge(await app.ctx())).toBe(5000)
    world.now += 1
    expect(readyAge(await app.ctx())).toBeNull()
    expect(await statusOf()).toBe(401)
  })

  it('counts its age from when the pull was sent, not from its answer', async () => {
    world.alter = (page) => {
      world.now += 1500
      return page
    }
    expect(await freshnessOf()).toBe('2')
    world.alter = (page) => page
    world.now += 3501
    expect(readyAge(await app.ctx())).toBeNull()
  })

  it('is refreshed first when the clock was set back', async () => {
    await statusOf()
    world.now -= 10_000
    await statusOf()
    expect(world.pulls).toHaveLength(2)
  })

  it('refuses a known entry without a pull, however old it is', async () => {
    await revoke(ada.claims.sid)
    expect(await statusOf()).toBe(401)
    world.now += 100_000
    world.feedMode = 'hangs'
    expect(await statusOf()).toBe(401)
    expect(world.asked).toEqual([])
  })
})

describe('two isolates on one feed', () => {
  it('refuse within 5 s what another isolate has revoked', async () => {
    const other = world.isolate()
    expect([await statusOf(app), await statusOf(other)]).toEqual([200, 200])
    await revoke(ada.claims.sid)
    applyToOwnView(await app.ctx(), [{ kind: 'session', id: ada.claims.sid }])
    expect([await statusOf(app), await statusOf(other)]).toEqual([401, 200])
    world.now += 5001
    expect(await statusOf(other)).toBe(401)
  })

  it('share one answer of the feed through the cache', async () => {
    const other = world.isolate()
    await Promise.all([statusOf(app), statusOf(other)])
    await revoke(ada.claims.sid)
    world.now += 4500
    await statusOf(app)
    await app.settled()
    const asked = world.pulls.length
    await statusOf(other)
    await other.settled()
    expect(await statusOf(other)).toBe(401)
    expect(world.pulls).toHaveLength(asked)
    expect(readyAge(await other.ctx())).toBeGreaterThanOrEqual(1000)
  })

  it('never underestimate the age of a shared answer', async () => {
    const other = world.isolate()
    await Promise.all([statusOf(app), statusOf(other)])
    world.now += 4500
    await statusOf(app)
    await app.settled()
    await revoke(ada.claims.sid)
    world.now += 5001
    expect(await statusOf(other)).toBe(401)
  })

  it('pull from their own cursor when the shared minute begins after it', async () => {
    const other = world.isolate()
    await Promise.all([statusOf(app), statusOf(other)])
    await revoke(ada.claims.sid)
    world.alter = (page) => ({ ...page, after: page.head, entries: [] })
    world.now += 4500
    await statusOf(app)
    await app.settled()
    world.alter = (page) => page
    await statusOf(other)
    await other.settled()
    expect(world.pulls.at(-1)).toBe('pull:0')
    expect(await statusOf(other)).toBe(401)
  })
})

describe('claims below a version', () => {
  it('are refused; claims at the version are not', async () => {
    const newer = await mintUser(app, { sub: ada.claims.sub, ver: 2 })
    await world.feed.append([{ kind: 'claims', userId: ada.claims.sub, below: 2 }])
    const answer = await ask(app, ada.token)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
    expect(await statusOf(app, newer)).toBe(200)
  })
})

describe('custom roles whose definitions changed', () => {
  it('refuse no token; the view remembers the newest version of each scope', async () => {
    const [org, other] = [crypto.randomUUID(), crypto.randomUUID()]
    const versions = [4, 6, 5].map((below) => ({ kind: 'roles', id: org, below }) as const)
    await world.feed.append([...versions, { kind: 'roles', id: 'platform', below: 2 }])
    expect(await statusOf(app, await mintUser(app, { org_id: org, org_role: 'member', org_ver: 1 }))).toBe(200)
    const view = viewOf(await app.ctx())
    expect([org, 'platform', other].map((id) => floorOf(view, 'roles', packId(id)))).toEqual([6, 2, 0])
  })
})

describe('an entry of a kind that newer code knows', () => {
  it('makes the isolate ask the objects as long as the feed has it', async () => {
    const entry = { kind: 'device', id: crypto.randomUUID(), below: 3 } as unknown as FeedEntry
    let entries = [{ seq: 1, at: world.now, entry }]
    world.alter = (page) => ({ ...page, head: 1, entries: page.after === 0 ? entries : [] })
    for (const asked of [1, 2]) {
      expect(await statusOf()).toBe(200)
      expect(world.asked).toHaveLength(asked)
      world.now += 5001
    }
    world.sessions.set(ada.claims.sid, { live: false, reason: 'stale_claims' })
    expect(await statusOf()).toBe(401)
    entries = []
    const eve = await mintUser(app)
    world.now += 5001
    expect(await statusOf(app, eve)).toBe(200)
    expect(world.asked).toHaveLength(3)
  })
})

describe('a revoked key', () => {
  it('makes its tokens invalid, cached ones too', async () => {
    expect(await statusOf()).toBe(200)
    const [header] = ada.token.split('.')
    const { kid } = JSON.parse(atob(header ?? '')) as { kid: string }
    await world.feed.append([{ kind: 'key', id: kid }])
    world.now += 5001
    expect(await statusOf()).toBe(401)
  })
})

describe('a feed that has lost its storage', () => {
  it('is loaded again, and everything refused stays refused', async () => {
    await revoke(ada.claims.sid)
    expect(await statusOf()).toBe(401)
    const eve = await mintUser(app)
    const epoch = crypto.randomUUID()
    const entries = [{ seq: 1, at: world.now, entry: { kind: 'session', id: eve.claims.sid } }] as const
    world.alter = (page) => withoutBeginning({ ...page, epoch, head: 1, entries: page.after === 0 ? entries : [] })
    world.now += 5001
    expect(await statusOf(app, eve)).toBe(401)
    expect(world.pulls.slice(-2)).toEqual(['recent', 'pull:null'])
    expect(await statusOf()).toBe(401)
  })
})

describe('a feed that is longer than a view', () => {
  beforeEach(() => {
    world.alter = (page) => ({ ...page, overflow: true, entries: [] })
  })

  it('makes the isolate ask the objects', async () => {
    expect(await statusOf()).toBe(200)
    world.sessions.set(ada.claims.sid, { live: false, reason: 'ended' })
    expect(await statusOf()).toBe(401)
    expect(world.asked).toHaveLength(2)
  })

  it('is loaded from the beginning once it is shorter', async () => {
    const eve = await mintUser(app)
    await revoke(eve.claims.sid)
    expect(await statusOf()).toBe(200)
    world.alter = withoutBeginning
    world.now += 5001
    expect(await statusOf(app, eve)).toBe(401)
    expect(world.pulls.at(-1)).toBe('pull:null')
    expect(viewOf(await app.ctx()).overflow).toBe(false)
  })
})

describe('entries', () => {
  it('are removed once all tokens that they refuse have expired', async () => {
    await revoke(ada.claims.sid)
    const organization = { kind: 'organization', id: crypto.randomUUID(), below: 2 } as const
    await world.feed.append([organization, { ...organization, kind: 'roles' }])
    await statusOf()
    const { ids, floors } = viewOf(await app.ctx())
    expect([ids.session.size, floors.organization.size, floors.roles.size]).toEqual([1, 1, 1])
    world.now += 670_000
    await checkAccessToken(await app.ctx(), (await mintUser(app)).token, { consistency: 'view' })
    world.now += 3000
    await checkAccessToken(await app.ctx(), (await mintUser(app)).token, { consistency: 'view' })
    await app.settled()
    await vi.waitFor(() => expect(ids.session.has(packId(ada.claims.sid))).toBe(false), 10_000)
    expect([floors.organization.size, floors.roles.size]).toEqual([0, 0])
  })
})

describe('a pull whose request was cancelled', () => {
  it('delays others until its deadline and no longer', async () => {
    await statusOf()
    world.now += 5001
    // The state that a cancelled request leaves: a deadline, and a pull that is never marked as finished.
    viewOf(await app.ctx()).inFlightUntil = world.now + 1000
    expect(await statusOf()).toBe(200)
    expect(world.pulls).toHaveLength(1)
    expect(world.asked).toHaveLength(1)
    world.now += 1000
    expect(await statusOf()).toBe(200)
    expect(world.pulls).toHaveLength(2)
    expect(world.asked).toHaveLength(1)
  })

  it('is waited for when it comes back in time', async () => {
    await statusOf()
    world.now += 5001
    const view = viewOf(await app.ctx())
    view.inFlightUntil = world.now + 1000
    const waiting = statusOf()
    view.asOf = world.now
    expect(await waiting).toBe(200)
    expect(world.asked).toEqual([])
  })
})

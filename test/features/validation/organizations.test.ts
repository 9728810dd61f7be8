import { eq } from 'drizzle-orm'
import { beforeEach, describe, expect, it } from 'vitest'
import type { UserClaims } from '../../../src/features/keys/types.ts'
import { organizations } from '../../../src/features/memberships/tables.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { applyToOwnView } from '../../../src/revocation/freshness.ts'
import { json, type TestApp } from '../../support/app.ts'
import { type WatchedDatabase, watchDatabase } from '../../support/database.ts'
import { insertOrganization } from '../rbac/support.ts'
import { ask, createWorld, mintMachine, mintUser, type World } from './support.ts'

let world: World
let database: WatchedDatabase
let app: TestApp
let org: string
let token: string

beforeEach(async () => {
  world = createWorld()
  database = watchDatabase()
  app = world.isolate({ DB: database.binding })
  org = await insertOrganization(app)
  token = await member()
})

const member = async (given: Partial<UserClaims> = {}): Promise<string> =>
  (await mintUser(app, { org_id: org, org_role: 'member', org_ver: 1, ...given })).token

const statusOf = async (one = token, query = '', isolate = app): Promise<number> =>
  (await ask(isolate, one, query)).status

const tell = (below: number, id = org) => world.feed.append([{ kind: 'organization', id, below }])

/** Raises the organization's version without telling the feed. */
async function raise(set: { version: number; deletedAt?: number }): Promise<void> {
  const { db } = await app.ctx()
  await db.update(organizations).set(set).where(eq(organizations.id, org))
}

const readsOf = () => database.asked.filter((sql) => sql.includes('from "organizations"')).length

describe('an organization whose version was raised', () => {
  it('makes the tokens below it out of date; those at it and of others stay good', async () => {
    await tell(2)
    const answer = await ask(app, token)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
    expect(await (await app.fetch('/validate', json({ token }))).json()).toMatchObject({
      valid: false,
      errorMessage: 'Token is out of date',
    })
    const good = [
      await member({ org_ver: 2 }),
      await member({ org_ver: 3 }),
      await member({ org_id: newUuid() }),
      await member({ org_id: null, org_role: null, org_ver: null }),
      (await mintMachine(app, newUuid(), 'a')).token,
    ]
    expect(await Promise.all(good.map((one) => statusOf(one)))).toEqual([200, 200, 200, 200, 200])
  })

  it('refuses a token that names the organization and no version', async () => {
    await tell(1)
    expect(await statusOf(await member({ org_ver: null }))).toBe(401)
    expect(await statusOf()).toBe(200)
  })

  it('is heard of within 5 seconds by other isolates, and at once by its own', async () => {
    const other = world.isolate()
    expect([await statusOf(), await statusOf(token, '', other)]).toEqual([200, 200])
    await tell(2)
    applyToOwnView(await app.ctx(), [{ kind: 'organization', id: org, below: 2 }])
    expect([await statusOf(), await statusOf(token, '', other)]).toEqual([401, 200])
    world.now += 5001
    expect(await statusOf(token, '', other)).toBe(401)
  })

  it('is heard of from an answer that isolates of a location share', async () => {
    const other = world.isolate()
    await Promise.all([statusOf(), statusOf(token, '', other)])
    await tell(2)
    world.now += 4500
    await statusOf()
    await app.settled()
    const asked = world.pulls.length
    await statusOf(token, '', other)
    await other.settled()
    expect(await statusOf(token, '', other)).toBe(401)
    expect(world.pulls).toHaveLength(asked)
  })

  it('is heard of while the feed is longer than a view, and its row is not read for that', async () => {
    world.alter = (page) => ({
      ...page,
      overflow: true,
      entries: page.entries.filter(({ entry }) => entry.kind !== 'session' && entry.kind !== 'claims'),
    })
    expect(await statusOf()).toBe(200)
    expect(world.asked).toHaveLength(1)
    await tell(2)
    world.now += 5001
    expect(await statusOf()).toBe(401)
    expect(readsOf()).toBe(0)
  })

  it('is not looked up while the feed is there', async () => {
    expect(await statusOf(token, `?org=${org}`)).toBe(200)
    expect(readsOf()).toBe(0)
  })
})

describe('consistency=strong', () => {
  it.each([
    ['raised', { version: 2 }],
    ['deleted', { version: 2, deletedAt: 1 }],
    ['deleted without a new version', { version: 1, deletedAt: 1 }],
  ])('refuses at once when the organization was %s', async (_, set) => {
    expect(await statusOf(token, '?consistency=strong')).toBe(200)
    await raise(set)
    expect([await statusOf(), await statusOf(token, '?consistency=strong')]).toEqual([200, 401])
  })

  it('refuses a token of an organization that is not there', async () => {
    expect(await statusOf(await member({ org_id: newUuid() }), '?consistency=strong')).toBe(401)
  })

  it.each(['fails', 'hangs'] as const)('is 503 when the row cannot be read: the database %s', async (mode) => {
    await statusOf()
    database.mode = mode
    expect(await statusOf(token, '?consistency=strong')).toBe(503)
    expect(await statusOf()).toBe(200)
  })

  it('reads no row for a token without an organization', async () => {
    const plain = await member({ org_id: null, org_role: null, org_ver: null })
    await statusOf(plain)
    database.mode = 'fails'
    expect(await statusOf(plain, '?consistency=strong')).toBe(200)
  })

  it('names the end of the session before the organization', async () => {
    const { token: ended, claims } = await mintUser(app, { org_id: org, org_ver: 1 })
    world.sessions.set(claims.sid, { live: false, reason: 'ended' })
    await raise({ version: 2 })
    const answer = await app.fetch('/validate?consistency=strong', json({ token: ended }))
    expect(await answer.json()).toMatchObject({ errorMessage: 'Token has been revoked' })
  })
})

describe('a feed that is away', () => {
  beforeEach(async () => {
    expect(await statusOf()).toBe(200)
    world.now += 30_000
    world.feedMode = 'fails'
  })

  it('makes the row be read in every check', async () => {
    expect(await statusOf()).toBe(200)
    await raise({ version: 2 })
    expect(await statusOf()).toBe(401)
    expect(await statusOf(await member({ org_ver: 2 }))).toBe(200)
    await raise({ version: 3, deletedAt: 1 })
    expect(await statusOf(await member({ org_ver: 2 }))).toBe(401)
  })

  it('makes the row count though the object does not answer', async () => {
    world.objectMode = 'fails'
    await raise({ version: 2 })
    expect(await statusOf()).toBe(401)
  })

  it.each(['fails', 'hangs'] as const)('and a row that cannot be read leave the outdated view: %s', async (mode) => {
    database.mode = mode
    expect((await ask(app, token)).headers.get('x-auth-freshness')).toBe('30')
    world.now += 30_001
    expect(await statusOf()).toBe(503)
  })
})

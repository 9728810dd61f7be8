import { eq } from 'drizzle-orm'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { UserClaims } from '../../../src/features/keys/types.ts'
import { PLATFORM } from '../../../src/features/memberships/types.ts'
import { isGranted } from '../../../src/features/rbac/rules/permissions.ts'
import { isPermitted } from '../../../src/features/rbac/service/permissions.ts'
import { roles } from '../../../src/features/rbac/tables.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { bearer, type TestApp } from '../../support/app.ts'
import { type WatchedDatabase, watchDatabase } from '../../support/database.ts'
import { insertOrganization, insertRole, readsOf, setVersion } from '../rbac/support.ts'
import { ask, createWorld, mintUser, userClaims, type World } from './support.ts'

let world: World
let database: WatchedDatabase
let app: TestApp
let org: string

beforeEach(async () => {
  world = createWorld()
  database = watchDatabase()
  app = world.isolate({ DB: database.binding })
  org = await insertOrganization(app)
  await define(['pages:read'])
})

/** Changes what the role `editor` of the organization allows, without telling the feed. */
async function define(permissions: string[], version = 1, scope = org): Promise<void> {
  await insertRole(app, { scope, key: 'editor', permissions })
  await setVersion(app, scope, version)
}

const member = (given: Partial<UserClaims> = {}): Promise<string> =>
  mintUser(app, { org_id: org, org_role: 'viewer', org_ver: 1, org_roles: ['editor'], ...given }).then(
    ({ token }) => token,
  )

const statusOf = async (token: string, permission: string, isolate = app): Promise<number> =>
  (await ask(isolate, token, `?permission=${permission}`)).status

const tell = (below: number, scope = org) => world.feed.append([{ kind: 'roles', id: scope, below }])

describe('a permission', () => {
  it('is granted by what the token says was granted directly', async () => {
    const token = await member({ org_roles: [], permissions: ['reports:*', 'users:update'] })
    const asked = ['reports:read', 'reports:read:self', 'users:update:self', 'users:update', 'users:delete', 'report']
    expect(await Promise.all(asked.map((one) => statusOf(token, one)))).toEqual([200, 200, 200, 200, 403, 403])
    expect(readsOf(database)).toBe(0)
  })

  it('is granted directly without an organization, too', async () => {
    const { token } = await mintUser(app, { permissions: ['reports:read'] })
    expect([await statusOf(token, 'reports:read'), await statusOf(token, 'org:read')]).toEqual([200, 403])
  })

  it('is granted by a custom role of the organization, wildcards included', async () => {
    await define(['pages:*', 'files:read:self'])
    const token = await member()
    const asked = ['pages:read', 'pages:write:self', 'files:read:self', 'files:read', 'users:read', '*']
    expect(await Promise.all(asked.map((one) => statusOf(token, one)))).toEqual([200, 200, 200, 403, 403, 403])
    expect(readsOf(database)).toBe(1)
  })

  it('is granted when one of several is', async () => {
    const token = await member()
    const queries = ['?permission=x:y|pages:read', '?permission=x:y&permission=pages:read', '?permission=x:y|x:z']
    const statuses = await Promise.all(queries.map(async (query) => (await ask(app, token, query)).status))
    expect(statuses).toEqual([200, 200, 403])
  })

  it('holds together with the other conditions', async () => {
    const token = await member()
    const query = `?permission=pages:read&org=${org}&role=user`
    expect((await ask(app, token, query)).status).toBe(200)
    expect((await ask(app, token, `?permission=pages:read&org=${newUuid()}`)).status).toBe(403)
    expect((await ask(app, token, '?permission=pages:read&role=editor')).status).toBe(403)
  })

  it('is asked for by X-Auth-Require, too', async () => {
    const { headers } = bearer(await member())
    const check = (required: string) =>
      app.fetch('/validate/x', { headers: { ...headers, 'x-auth-require': required } })
    expect((await check('permission=pages:read')).status).toBe(200)
    expect((await check('permission=pages:write, strong')).status).toBe(403)
  })

  it('is granted by a platform-wide role, which stands in `roles`', async () => {
    const key = `support-${newUuid()}`
    await insertRole(app, { scope: PLATFORM, key, permissions: ['tickets:*'] })
    const { token } = await mintUser(app, { roles: ['user', key] })
    expect([await statusOf(token, 'tickets:close'), await statusOf(token, 'users:read')]).toEqual([200, 403])
    const both = await member({ roles: ['user', key] })
    expect([await statusOf(both, 'tickets:close'), await statusOf(both, 'pages:read')]).toEqual([200, 200])
  })

  it('is never granted by a role of another scope', async () => {
    const key = `writer-${newUuid()}`
    const other = newUuid()
    await insertRole(app, { scope: other, key, permissions: ['*'] })
    await insertRole(app, { scope: PLATFORM, key: `${key}-p`, permissions: ['*'] })
    const tokens = await Promise.all([
      member({ org_roles: [key] }),
      // The keys of one place are not those of the other.
      member({ org_roles: [`${key}-p`] }),
      member({ org_roles: [], roles: ['user', key, 'editor'] }),
      // Without an organization its roles count for nothing.
      member({ org_id: null, org_role: null, org_ver: null }),
    ])
    expect(await Promise.all(tokens.map((token) => statusOf(token, 'pages:read')))).toEqual([403, 403, 403, 403])
  })

  it('is not granted by a role that is called as one of the service is', async () => {
    const id = await insertRole(app, { scope: PLATFORM, key: 'user', permissions: ['*'] })
    const { token } = await mintUser(app)
    expect(await statusOf(token, 'pages:read')).toBe(403)
    expect(readsOf(database)).toBe(0)
    const { db } = await app.ctx()
    await db.delete(roles).where(eq(roles.id, id))
  })

  it.each(['__proto__', 'constructor', 'has'])('is not granted by a role called %s', async (key) => {
    const token = await member({ org_roles: [key], roles: ['user', key] })
    expect(await statusOf(token, 'pages:read')).toBe(403)
  })

  it('costs no look-up where the token or its role grants it, or it has no custom role', async () => {
    const owner = await member({ org_role: 'owner' })
    const admin = await member({ roles: ['admin', 'user'] })
    const plain = await member({ org_roles: [] })
    database.mode = 'fails'
    expect(await Promise.all([owner, admin].map((token) => statusOf(token, 'pages:read')))).toEqual([200, 200])
    expect(await statusOf(plain, 'users:read:self')).toBe(200)
    expect(await statusOf(plain, 'pages:read')).toBe(403)
  })

  it('that is granted contains what is let pass', async () => {
    const ctx = await app.ctx()
    const part = fc.constantFrom('*', 'pages', 'users')
    const permission = fc
      .tuple(part, part, fc.boolean())
      .map(([resource, action, self]) => `${resource}:${action}${self ? ':self' : ''}`)
    const claims = await userClaims(app)
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(permission, { maxLength: 3 }), permission, async (permissions, asked) => {
        const isContained = isGranted(asked, (held) => permissions.includes(held))
        expect(await isPermitted(ctx, { ...claims, permissions }, [asked], 'view')).toBe(isContained)
      }),
    )
  })
})

describe('a role that was edited', () => {
  it('refuses no token, and counts within 5 seconds where the feed is read', async () => {
    const token = await member()
    const other = world.isolate()
    expect([await statusOf(token, 'pages:read'), await statusOf(token, 'pages:read', other)]).toEqual([200, 200])
    await define(['pages:write'], 2)
    await tell(2)
    expect(await statusOf(token, 'pages:read', other)).toBe(200)
    world.now += 5001
    expect([await statusOf(token, 'pages:read'), await statusOf(token, 'pages:write')]).toEqual([403, 200])
    expect([await statusOf(token, 'pages:read', other), await statusOf(token, 'pages:write', other)]).toEqual([
      403, 200,
    ])
    expect((await ask(app, token)).status).toBe(200)
  })

  it('causes no read where nobody of its scope is asked about', async () => {
    await tell(2)
    const { token } = await mintUser(app)
    expect((await ask(app, token)).status).toBe(200)
    expect(readsOf(database)).toBe(0)
  })

  it('counts in an isolate that slept until the feed had forgotten the edit', async () => {
    expect(await statusOf(await member(), 'pages:read')).toBe(200)
    await define(['pages:write'], 2)
    world.now += 661_000
    world.alter = (page) => ({ ...page, entries: [] })
    const token = await member()
    expect([await statusOf(token, 'pages:read'), await statusOf(token, 'pages:write')]).toEqual([403, 200])
  })

  it('counts while the feed is longer than a view', async () => {
    world.alter = (page) => ({
      ...page,
      overflow: true,
      entries: page.entries.filter(({ entry }) => entry.kind !== 'session' && entry.kind !== 'claims'),
    })
    const token = await member()
    expect(await statusOf(token, 'pages:read')).toBe(200)
    await define([], 2)
    await tell(2)
    world.now += 5001
    expect(await statusOf(token, 'pages:read')).toBe(403)
    expect(readsOf(database)).toBe(2)
  })

  it('counts at once with strong, and in every check while the feed is away', async () => {
    const token = await member()
    expect(await statusOf(token, 'pages:read')).toBe(200)
    await define(['pages:write'], 2)
    expect(await statusOf(token, 'pages:read')).toBe(200)
    expect(await statusOf(token, 'pages:read&consistency=strong')).toBe(403)
    world.now += 5001
    world.feedMode = 'fails'
    await define(['pages:read'], 3)
    expect(await statusOf(token, 'pages:read')).toBe(200)
    await define([], 4)
    expect(await statusOf(token, 'pages:read')).toBe(403)
  })
})

describe('definitions that cannot be read', () => {
  it.each(['fails', 'hangs'] as const)('make the answer 503 when the database %s', async (mode) => {
    const token = await member()
    expect((await ask(app, token)).status).toBe(200)
    database.mode = mode
    const answer = await ask(app, token, '?permission=pages:read')
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
  })

  it('make it 503 however the rest may be answered: kept ones do not count while the feed is away', async () => {
    app = world.isolate({ DB: database.binding, VALIDATE_FAIL_OPEN: 'true' })
    const token = await member()
    expect(await statusOf(token, 'pages:read')).toBe(200)
    world.now += 30_000
    world.feedMode = 'fails'
    world.objectMode = 'fails'
    database.mode = 'fails'
    expect((await ask(app, token)).status).toBe(200)
    expect(await statusOf(token, 'pages:read')).toBe(503)
    expect(await statusOf(token, 'users:read:self')).toBe(200)
  })

  it('do not matter while kept ones are good', async () => {
    const token = await member()
    expect(await statusOf(token, 'pages:read')).toBe(200)
    database.mode = 'fails'
    expect(await statusOf(token, 'pages:read')).toBe(200)
  })
})

import { and, eq, sql } from 'drizzle-orm'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import { events } from '../../../src/db/tables.ts'
import { definitionsOf, keptRules } from '../../../src/features/rbac/service/definitions.ts'
import { changeDefinitions } from '../../../src/features/rbac/service/roles.ts'
import { roles } from '../../../src/features/rbac/tables.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { applyToOwnView, viewOf } from '../../../src/revocation/freshness.ts'
import { floorOf, packId } from '../../../src/revocation/view.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'
import { type WatchedDatabase, watchDatabase } from '../../support/database.ts'
import { createWorld, type World } from '../validation/support.ts'
import { insertRole, readsOf, setVersion } from './support.ts'

const LIFETIME_MS = 600_000

let world: World
let database: WatchedDatabase
let app: TestApp
let ctx: Ctx
let scope: string

beforeEach(async () => {
  world = createWorld()
  database = watchDatabase()
  app = world.isolate({ DB: database.binding })
  ctx = await app.ctx()
  scope = newUuid()
  await insertRole(app, { scope, key: 'editor', permissions: ['pages:read'] })
  renewView()
})

/** As a pull that was sent now and found nothing. */
function renewView(): void {
  viewOf(ctx).asOf = world.now
}

const permissionsOf = async (consistency: 'view' | 'strong' = 'view'): Promise<string[]> => [
  ...((await definitionsOf(await app.ctx(), scope, consistency)).get('editor') ?? []),
]

async function edit(version: number, permissions: string[]): Promise<void> {
  await insertRole(app, { scope, key: 'editor', permissions })
  await setVersion(app, scope, version)
}

const tell = (below: number) => applyToOwnView(ctx, [{ kind: 'roles', id: scope, below }])

describe('definitions of custom roles', () => {
  it('are read once', async () => {
    expect([await permissionsOf(), await permissionsOf()]).toEqual([['pages:read'], ['pages:read']])
    expect(readsOf(database)).toBe(1)
  })

  it('are those of their scope alone', async () => {
    const other = newUuid()
    await insertRole(app, { scope: other, key: 'editor', permissions: ['*'] })
    expect(await permissionsOf()).toEqual(['pages:read'])
    expect([...(await definitionsOf(ctx, newUuid(), 'view'))]).toEqual([])
  })

  it('are read again when the feed names a newer version, and only then', async () => {
    await edit(3, ['pages:read'])
    await permissionsOf()
    tell(2)
    tell(3)
    await permissionsOf()
    expect(readsOf(database)).toBe(1)
    await edit(4, ['pages:write'])
    expect(await permissionsOf()).toEqual(['pages:read'])
    tell(4)
    expect(await permissionsOf()).toEqual(['pages:write'])
    expect(readsOf(database)).toBe(2)
  })

  it('are kept one access-token lifetime at most, counted from the start of the read', async () => {
    database.hold = async () => {
      world.now += 1000
    }
    await permissionsOf()
    database.hold = () => Promise.resolve()
    world.now += LIFETIME_MS - 1000
    renewView()
    await permissionsOf()
    expect(readsOf(database)).toBe(1)
    world.now += 1
    await permissionsOf()
    expect(readsOf(database)).toBe(2)
  })

  it('are read again when the clock was set back', async () => {
    await permissionsOf()
    world.now -= 1
    renewView()
    await permissionsOf()
    expect(readsOf(database)).toBe(2)
  })

  it('are read for every strong question, and while the view is too old', async () => {
    await permissionsOf()
    await edit(2, ['pages:write'])
    expect(await permissionsOf('strong')).toEqual(['pages:write'])
    world.now += 5001
    await edit(3, [])
    expect(await permissionsOf()).toEqual([])
    expect(readsOf(database)).toBe(3)
  })
})

describe('a database that is away', () => {
  it.each(['fails', 'hangs'] as const)('makes an isolate without definitions say so when it %s', async (mode) => {
    database.mode = mode
    await expect(permissionsOf()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
    database.mode = 'answers'
    expect(await permissionsOf()).toEqual(['pages:read'])
  })

  it('changes nothing while definitions are kept and the view is fresh', async () => {
    await permissionsOf()
    database.mode = 'fails'
    expect(await permissionsOf()).toEqual(['pages:read'])
    await expect(permissionsOf('strong')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
    tell(2)
    await expect(permissionsOf()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
  })

  it('is one whose definitions cannot be parsed, too', async () => {
    await ctx.db.run(sql`update roles set permissions = '[' where scope = ${scope}`)
    await expect(permissionsOf()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
  })
})

describe('many questions at once', () => {
  it('cause one read, also when the feed has just named a newer version', async () => {
    await permissionsOf()
    await edit(2, ['pages:write'])
    tell(2)
    const all = await Promise.all(Array.from({ length: 20 }, () => permissionsOf()))
    expect(new Set(all.flat())).toEqual(new Set(['pages:write']))
    expect(readsOf(database)).toBe(2)
  })

  it('do not wait for a read that never ends, as that of a cancelled request', async () => {
    database.mode = 'hangs'
    const cancelled = permissionsOf().catch(() => undefined)
    await vi.waitFor(() => expect(readsOf(database)).toBe(1))
    database.mode = 'answers'
    const began = performance.now()
    expect(await permissionsOf()).toEqual(['pages:read'])
    expect(performance.now() - began).toBeLessThan(1900)
    await cancelled
  })

  it('each read themselves when the first read fails', async () => {
    database.mode = 'fails'
    const all = await Promise.allSettled(Array.from({ length: 5 }, () => permissionsOf()))
    expect(all.filter(({ status }) => status === 'fulfilled')).toEqual([])
  })

  it('keep the newer answer when the older one comes last', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    database.hold = () => held
    const older = permissionsOf('strong')
    await vi.waitFor(() => expect(readsOf(database)).toBe(1))
    database.hold = () => Promise.resolve()
    world.now += 10
    await edit(2, ['pages:write'])
    expect(await permissionsOf('strong')).toEqual(['pages:write'])
    release()
    expect(await older).toEqual(['pages:read'])
    expect(await permissionsOf()).toEqual(['pages:write'])
    expect(readsOf(database)).toBe(2)
  })
})

describe('memory', () => {
  it('has 8 MiB of definitions at most, the least recently used go first', async () => {
    const scopes = [scope, ...Array.from({ length: 24 }, () => newUuid())]
    // 50 roles of 100 permissions of 100 characters: more than an organization may have.
    for (const one of scopes) {
      await ctx.db.run(sql`
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 50),
          p(i) as (select 1 union all select i + 1 from p where i < 100)
        insert into roles (id, scope, key, name, name_key, permissions, created_at, updated_at)
        select ${one} || n.i, ${one}, 'r' || n.i, 'r' || n.i, 'r' || n.i,
          (select json_group_array(printf('%s%095d:%d', 'r', n.i, p.i)) from p), 1, 1 from n`)
    }
    for (const one of scopes) {
      await definitionsOf(await app.ctx(), one, 'view')
      expect(keptRules(ctx).bytes).toBeLessThanOrEqual(8 * 1024 * 1024)
    }
    expect(keptRules(ctx).bytes).toBeGreaterThan(7 * 1024 * 1024)
    const before = readsOf(database)
    await definitionsOf(await app.ctx(), scopes.at(-1) ?? '', 'view')
    expect(readsOf(database)).toBe(before)
    await definitionsOf(await app.ctx(), scopes[0] ?? '', 'view')
    expect(readsOf(database)).toBe(before + 1)
  })

  it('of 1,000 organizations with small roles is kept whole', async () => {
    const kept = keptRules(ctx).of<string>('roles')
    const definitions = Array.from({ length: 1000 }, () => newUuid())
    for (const one of definitions) kept.set(one, one, 4096)
    expect(definitions.filter((one) => kept.get(one) !== one)).toEqual([])
    expect(keptRules(ctx).bytes).toBe(1000 * 4096)
  })
})

describe('a change of definitions', () => {
  const event = () =>
    ({
      type: 'role.updated',
      subject: scope,
      userId: null,
      organizationId: scope,
      actor: { type: 'system', id: 'test' },
    }) as const

  const update = (key: string, permissions: string[]) =>
    ctx.db
      .update(roles)
      .set({ permissions })
      .where(and(eq(roles.scope, scope), eq(roles.key, key)))

  const entries = async () =>
    (await ctx.db.select().from(events).where(eq(events.subject, scope)).orderBy(events.position)).map(
      ({ feedEntry }) => JSON.parse(feedEntry ?? 'null') as unknown,
    )

  it('raises their version, tells the feed of it, and is seen by this isolate at once', async () => {
    await permissionsOf()
    expect(await changeDefinitions(ctx, scope, [update('editor', ['pages:write'])], event())).toEqual({
      changed: true,
      propagated: true,
    })
    expect(await permissionsOf()).toEqual(['pages:write'])
    await changeDefinitions(ctx, scope, [update('editor', [])], event())
    expect(await entries()).toEqual([1, 2].map((below) => ({ kind: 'roles', id: scope, below })))
    const page = await (await createTestApp().ctx()).objects.feed().pull(null)
    expect(page.entries.map(({ entry }) => entry)).toContainEqual({ kind: 'roles', id: scope, below: 2 })
  })

  it('that changes no row raises nothing and is no event', async () => {
    expect(await changeDefinitions(ctx, scope, [update('nobody', ['*'])], event())).toMatchObject({ changed: false })
    expect(await entries()).toEqual([])
    expect(floorOf(viewOf(ctx), 'roles', packId(scope))).toBe(0)
  })

  it('has a version of its own when many race', async () => {
    const many = Array.from({ length: 8 }, (_, index) =>
      changeDefinitions(ctx, scope, [update('editor', [`pages:a${index}`])], event()),
    )
    await Promise.all(many)
    const versions = (await entries()).map((entry) => (entry as { below: number }).below)
    expect(versions).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(floorOf(viewOf(ctx), 'roles', packId(scope))).toBe(8)
  })
})

import { eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { commit, commitAll, commitAndPropagate, record, versionEntry } from '../../src/db/commit.ts'
import { events } from '../../src/db/tables.ts'
import { clients } from '../../src/features/clients/tables.ts'
import { organizations } from '../../src/features/memberships/tables.ts'
import type { EventName } from '../../src/lib/event.ts'
import { createTestApp } from '../support/app.ts'
import { createWatchedApp } from '../support/objects.ts'

const draft = (subject: string, type: EventName) => ({
  type,
  subject,
  userId: null,
  actor: { type: 'system', id: 'test' } as const,
  data: { after: { name: 'x' } },
})

const clientRow = (id: string) => ({ id, name: 'x', secretHash: 'x', scopes: [], createdAt: 1 })

async function setUp() {
  const app = createTestApp()
  const ctx = await app.ctx()
  const recorded = (subject: string) =>
    ctx.db.select().from(events).where(eq(events.subject, subject)).orderBy(events.position)
  return { ctx, recorded, settled: app.settled }
}

describe('commit', () => {
  it('writes the change and its events, in order', async () => {
    const { ctx, recorded } = await setUp()
    const id = ctx.newId()
    const rows = await commit(
      ctx,
      ctx.db.insert(clients).values(clientRow(id)).returning(),
      draft(id, 'client.created'),
      draft(id, 'client.disabled'),
    )
    expect(rows.map((row) => row.id)).toEqual([id])
    const written = await recorded(id)
    expect(written.map((row) => row.type)).toEqual(['client.created', 'client.disabled'])
    expect(written[0]).toMatchObject({
      actorType: 'system',
      actorId: 'test',
      data: { after: { name: 'x' } },
      claimsVersion: null,
    })
  })

  it('writes no event when the change changed nothing', async () => {
    const { ctx, recorded } = await setUp()
    const id = ctx.newId()
    const insert = () => ctx.db.insert(clients).values(clientRow(id)).onConflictDoNothing().returning()
    const both = await Promise.all([
      commit(ctx, insert(), draft(id, 'client.created')),
      commit(ctx, insert(), draft(id, 'client.created')),
    ])
    expect(both.map((rows) => rows.length).sort()).toEqual([0, 1])
    expect(await recorded(id)).toHaveLength(1)
  })

  it('writes nothing at all when the batch fails', async () => {
    const { ctx, recorded } = await setUp()
    const id = ctx.newId()
    const insert = () => ctx.db.insert(clients).values(clientRow(id)).returning()
    await expect(commitAll(ctx, [insert(), insert()], draft(id, 'client.created'))).rejects.toThrow()
    expect(await recorded(id)).toEqual([])
    expect(await ctx.db.select().from(clients).where(eq(clients.id, id))).toEqual([])
  })
})

describe('a statement that changed nothing', () => {
  it('nudges no object, so that a stranger cannot create one', async () => {
    const { app, woken } = createWatchedApp()
    const ctx = await app.ctx()
    const id = ctx.newId()
    const update = ctx.db.update(clients).set({ name: 'y' }).where(eq(clients.id, id))
    await commit(ctx, update, { ...draft(id, 'client.created'), userId: id })
    await app.settled()
    expect(woken).toEqual([])
  })
})

describe('a feed entry that is computed in the batch', () => {
  it('names the version after the change, and reaches the feed', async () => {
    const { ctx, recorded } = await setUp()
    const id = ctx.newId()
    const row = { id, name: 'x', slug: id, version: 7, createdAt: 1, updatedAt: 1 }
    await ctx.db.insert(organizations).values(row)
    const change = ctx.db.update(organizations).set({ version: sql`version + 1` }).where(eq(organizations.id, id))
    const version = sql`(select version from organizations where id = ${id})`
    const event = { ...draft(id, 'organization.deleted'), computedFeedEntry: versionEntry('organization', id, version) }
    const { propagated } = await commitAndPropagate(ctx, [change], event)
    expect(propagated).toBe(true)
    const entry = { kind: 'organization', id, below: 8 }
    expect((await recorded(id)).map(({ feedEntry }) => JSON.parse(feedEntry ?? 'null'))).toEqual([entry])
    const { entries } = await ctx.objects.feed().pull(null)
    expect(entries.map((told) => told.entry)).toContainEqual(entry)
  })
})

describe('commitAll', () => {
  it('writes the events only if the last statement changed a row', async () => {
    const { ctx, recorded } = await setUp()
    const id = ctx.newId()
    const insert = ctx.db.insert(clients).values(clientRow(id))
    const update = ctx.db.update(clients).set({ name: 'y' }).where(eq(clients.id, ctx.newId())).returning()
    expect(await commitAll(ctx, [insert, update], draft(id, 'client.created'))).toEqual([])
    expect(await recorded(id)).toEqual([])
  })
})

describe('record', () => {
  it('writes events in order without a change before them', async () => {
    const { ctx, recorded } = await setUp()
    const id = ctx.newId()
    await ctx.db.update(clients).set({ name: 'x' }).where(eq(clients.id, id))
    await record(ctx, draft(id, 'client.created'), draft(id, 'client.disabled'))
    expect((await recorded(id)).map((row) => row.type)).toEqual(['client.created', 'client.disabled'])
  })

  it("delivers a user's event to that user's log", async () => {
    const { ctx, recorded, settled } = await setUp()
    const userId = ctx.newId()
    await record(ctx, { ...draft(userId, 'user.updated'), userId })
    await settled()
    expect((await recorded(userId))[0]?.deliveredAt).toBeTypeOf('number')
  })

  it('writes nothing for no events', async () => {
    const { ctx } = await setUp()
    await expect(record(ctx)).resolves.toBeUndefined()
  })
})

import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { eq } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import type { Ctx, EarlyCtx } from '../../../src/context.ts'
import { commit, commitAndPropagate } from '../../../src/db/commit.ts'
import { readUndelivered } from '../../../src/db/delivery.ts'
import { sweepUndelivered } from '../../../src/features/events/service.ts'
import { selectOwnersOfUndelivered } from '../../../src/features/events/store.ts'
import { organizations } from '../../../src/features/memberships/tables.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { freshUser, hubStub, insertRows, killObject, runAlarmsAt, testEvent } from '../../features/events/support.ts'
import { freshOrganization } from '../../features/sockets/organization-support.ts'
import { createTestApp, env } from '../../support/app.ts'
import { createAppWithObjects } from '../../support/objects.ts'
import { scansIn, watchPlans } from '../../support/plans.ts'

const app = createTestApp()

const touch = ({ db }: Pick<Ctx, 'db'>, id: string) =>
  db.update(organizations).set({ updatedAt: Date.now() }).where(eq(organizations.id, id))

function freshTopic() {
  const organizationId = newUuid()
  const topic = `organization:${organizationId}`
  return {
    organizationId,
    topic,
    hub: () => hubStub(topic),
    /** Undelivered rows of the record. */
    insert: (count: number, feedEntry?: unknown) => insertRows(null, count, { organizationId, feedEntry }),
    nudge: () => hubStub(topic).nudgeOrganization({ organizationId }),
  }
}

const readLog = (topic: string): Promise<{ id: string; seq: number }[]> =>
  runInDurableObject(hubStub(topic), (_, state) =>
    state.storage.sql.exec<{ id: string; seq: number }>('select id, seq from event_log_ids order by seq').toArray(),
  )

/** The ids in a hub's log, by seq. */
const logged = async (topic: string): Promise<string[]> => (await readLog(topic)).map(({ id }) => id)

const inPlatform = async (ids: readonly string[]): Promise<string[]> =>
  (await logged('platform')).filter((id) => ids.includes(id))

const undelivered = async (ids: readonly string[]): Promise<number> => {
  const sql =
    'select count(*) as count from events where delivered_at is null and id in (select value from json_each(?))'
  return (await env.DB.prepare(sql).bind(JSON.stringify(ids)).first<{ count: number }>())?.count ?? -1
}

/** What a hub asks of others is changed, until the returned function is called. */
const cutOff = (topic: string, objects: Partial<EarlyCtx['objects']>): Promise<() => Promise<void>> =>
  runInDurableObject(hubStub(topic), (hub) => {
    const real = hub.context
    hub.context = () => {
      const ctx = real()
      return { ...ctx, objects: { ...ctx.objects, ...objects } }
    }
    return () =>
      runInDurableObject(hubStub(topic), (again) => {
        again.context = real
      })
  })

const down = (): never => {
  throw new Error('down')
}

const feedEntries = async () => (await (await app.ctx()).objects.feed().pull(null)).entries.map(({ entry }) => entry)

describe('events of an organization without a user', () => {
  it('are numbered by its hub, in commit order, and reach `platform` in that order', async () => {
    const { topic, insert, nudge } = freshTopic()
    const other = freshTopic()
    const [foreign, ofNobody] = [await other.insert(1), await insertRows(null, 1)]
    const ids = await insert(230)
    expect(await nudge()).toEqual({ propagated: true })
    expect(await logged(topic)).toEqual(ids)
    expect((await readLog(topic)).map(({ seq }) => seq)).toEqual(ids.map((_, index) => index + 1))
    expect(await undelivered(ids)).toBe(0)
    await vi.waitFor(async () => expect(await inPlatform(ids)).toEqual(ids), 10_000)
    expect(await undelivered([...foreign, ...ofNobody])).toBe(2)
    await hubStub('platform').nudge({ topic: 'platform' })
    expect(await undelivered(ofNobody)).toBe(0)
    expect(await undelivered(foreign)).toBe(1)
  })

  it('keep their numbers and are passed on once when a crash repeats their delivery', async () => {
    const { topic, hub, insert, nudge } = freshTopic()
    const ids = await insert(3)
    await nudge()
    await env.DB.prepare(`update events set delivered_at = null where id in (?, ?)`).bind(ids[0], ids[2]).run()
    await killObject(hub())
    const later = await insert(1)
    await nudge()
    expect(await logged(topic)).toEqual([...ids, ...later])
    expect(await undelivered(ids)).toBe(0)
    await vi.waitFor(async () => expect(await inPlatform([...ids, ...later])).toEqual([...ids, ...later]), 10_000)
  })

  it('wait in order while `platform` is away; the hub itself has them at once', async () => {
    const { topic, hub, insert, nudge } = freshTopic()
    const mend = await cutOff(topic, { hub: down })
    const first = await insert(60)
    expect(await nudge()).toEqual({ propagated: true })
    const second = await insert(2)
    expect(await nudge()).toEqual({ propagated: true })
    expect(await logged(topic)).toEqual([...first, ...second])
    expect(await inPlatform([...first, ...second])).toEqual([])
    await mend()
    await runAlarmsAt(hub(), Date.now() + 120_000)
    await vi.waitFor(async () => {
      await runDurableObjectAlarm(hub())
      expect(await inPlatform([...first, ...second])).toEqual([...first, ...second])
    }, 10_000)
  })

  it('reach `platform` although the hub was killed right after it took them', async () => {
    const { topic, hub, insert, nudge } = freshTopic()
    await cutOff(topic, { hub: down })
    const ids = await insert(2)
    await nudge()
    await killObject(hub())
    await runAlarmsAt(hub(), Date.now() + 120_000)
    await vi.waitFor(async () => {
      await runDurableObjectAlarm(hub())
      expect(await inPlatform(ids)).toEqual(ids)
    }, 10_000)
  })

  it('give their entry to the feed before the nudge answers, or say that they did not', async () => {
    const { organizationId, topic, hub, insert, nudge } = freshTopic()
    const entry = { kind: 'organization', id: organizationId, below: 2 }
    await insert(1, entry)
    expect(await nudge()).toEqual({ propagated: true })
    expect(await feedEntries()).toContainEqual(entry)
    const mend = await cutOff(topic, { feed: down })
    const [id = ''] = await insert(1, { ...entry, below: 3 })
    expect(await nudge()).toEqual({ propagated: false })
    expect(await logged(topic)).toContain(id)
    expect(await feedEntries()).toContainEqual(entry)
    await mend()
    await runAlarmsAt(hub(), Date.now() + 120_000)
    await vi.waitFor(async () => {
      await runDurableObjectAlarm(hub())
      expect(await feedEntries()).toContainEqual({ ...entry, below: 3 })
    }, 10_000)
  })

  it('are not passed on when a user passed them to both hubs', async () => {
    const { topic, hub, organizationId } = freshTopic()
    const event = testEvent({ organizationId, userId: newUuid() })
    await hub().append({ topic, events: [event] })
    const waiting = await runInDurableObject(hub(), (_, state) =>
      state.storage.sql.exec('select 1 from outbox').toArray(),
    )
    expect(waiting).toEqual([])
    expect(await inPlatform([event.id])).toEqual([])
  })
})

describe('a change of an organization', () => {
  it('is in its hub and in `platform`; `propagated` is the word of the feed', async () => {
    const organization = await freshOrganization(app)
    expect(await organization.publish('organization.updated', 'role.created')).toBe(true)
    const ids = await logged(organization.channel)
    expect(ids).toHaveLength(2)
    expect(await undelivered(ids)).toBe(0)
    await vi.waitFor(async () => expect(await inPlatform(ids)).toEqual(ids), 10_000)
    const mend = await cutOff(organization.channel, { feed: down })
    expect(await organization.requireTwoFactors()).toBe(false)
    await mend()
  })

  it('of several organizations and a user nudges each owner once, and no `platform`', async () => {
    const [a, b, user] = await Promise.all([freshOrganization(app), freshOrganization(app), freshUser(app)])
    const asked: string[] = []
    const watched = createAppWithObjects((objects) => ({
      hub: (topic) => {
        asked.push(topic)
        return objects.hub(topic)
      },
      user: (id) => {
        asked.push(`user:${id}`)
        return objects.user(id)
      },
    }))
    const ctx = await watched.ctx()
    const event = { type: 'role.assigned', subject: user.id, actor: { type: 'system', id: 'test' } } as const
    const { propagated } = await commitAndPropagate(
      ctx,
      [touch(ctx, a.id)],
      { ...event, userId: null, organizationId: a.id },
      { ...event, userId: null, organizationId: b.id },
      { ...event, userId: null, organizationId: a.id },
      { ...event, userId: user.id, organizationId: a.id },
      { ...event, userId: user.id },
    )
    expect(propagated).toBe(true)
    expect(asked.sort()).toEqual([a.channel, b.channel, user.channel].sort())
    await vi.waitFor(async () => expect(await logged(a.channel)).toHaveLength(3), 10_000)
    expect(await logged(b.channel)).toHaveLength(1)
  })

  it('answers `propagated: false` when its hub does not answer; cron delivers it', async () => {
    const organization = await freshOrganization(app)
    const cut = createAppWithObjects(() => ({ hub: down }))
    const ctx = await cut.ctx()
    const event = {
      type: 'role.created',
      subject: newUuid(),
      userId: null,
      actor: { type: 'system', id: 'test' },
    } as const
    const { propagated } = await commitAndPropagate(ctx, [touch(ctx, organization.id)], {
      ...event,
      organizationId: organization.id,
    })
    expect(propagated).toBe(false)
    await commit(ctx, touch(ctx, organization.id), { ...event, organizationId: organization.id })
    await cut.settled()
    expect(await logged(organization.channel)).toEqual([])
    const later = await app.ctx()
    await sweepUndelivered({ ...later, now: () => Date.now() + 60_000 })
    expect(await logged(organization.channel)).toHaveLength(2)
  })
})

describe('what is undelivered', () => {
  it('is found by hub, without a scan and without a sort', async () => {
    const { into, plans } = watchPlans()
    const { db } = into(await app.ctx())
    for (const organizationId of [newUuid(), null]) {
      await readUndelivered(db, { userId: null, organizationId }, 10)
      expect(await plans()).toEqual(['SEARCH events USING INDEX events_undelivered_of_hubs (organization_id=?)'])
    }
    await selectOwnersOfUndelivered({ db }, Date.now(), 10)
    expect(scansIn(await plans()).filter((step) => !step.includes('events_undelivered'))).toEqual([])
  })
})

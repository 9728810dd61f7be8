import { runDurableObjectAlarm } from 'cloudflare:test'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Ctx, Objects } from '../../../src/context.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { env } from '../../support/app.ts'
import { type Authority, callerAt, freshAuthority, HOME } from './support.ts'

const down = async (): Promise<never> => {
  throw new Error('down')
}
const hanging = () => new Promise<never>(() => undefined)

type Failure = () => Promise<never>

const withObjects = (changes: (real: Objects) => Partial<Objects>) => (ctx: Ctx) => ({
  ...ctx,
  objects: { ...ctx.objects, ...changes(ctx.objects) },
})

const failing: Record<string, (fail: Failure) => (ctx: Ctx) => Ctx> = {
  feed: (fail) => withObjects(({ feed }) => ({ feed: () => ({ ...feed(), append: fail }) })),
  'hub:platform': (fail) => withObjects(({ hub }) => ({ hub: (topic) => ({ ...hub(topic), append: fail }) })),
  kv: (fail) => (ctx) => ({ ...ctx, kv: { ...ctx.kv, put: fail } as unknown as KVNamespace }),
  record: (fail) => (ctx) => ({
    ...ctx,
    queues: { ...ctx.queues, objectEvents: { send: fail, sendBatch: fail } as unknown as Queue<unknown> },
  }),
}

const feedHas = async (id: string): Promise<boolean> => {
  const feed = env.REVOCATION_FEED.getByName('feed') as unknown as {
    pull(after: number | null): Promise<{ entries: { entry: { id?: string; userId?: string; below?: number } }[] }>
  }
  return (await feed.pull(null)).entries.some(({ entry }) => entry.id === id || entry.userId === id)
}

const kvRecord = (sessionId: string) =>
  env.KV.get<{ state: string; reason: string | null }>(`session:${sessionId}`, 'json')

/** Runs the object's alarm, advancing the clock each time, until nothing is left to deliver. */
async function recover(user: Authority): Promise<void> {
  await vi.waitFor(
    async () => {
      user.clock.now += 61_000
      await runDurableObjectAlarm(user.stub)
      expect(await user.outbox()).toEqual([])
    },
    { timeout: 20_000, interval: 20 },
  )
}

describe.each(Object.entries(failing))('while %s is down', (destination, breaking) => {
  let user: Authority
  beforeEach(async () => {
    user = await freshAuthority()
    await user.breakReceivers(breaking(down))
  })

  it('opens, refreshes and ends sessions as usual, and loses no delivery', async () => {
    const grant = await user.open()
    expect((await user.rotate(grant)).outcome).toBe('rotated')
    const { ended, propagated } = await user.end(grant.session.id)
    expect({ ended, propagated }).toEqual({ ended: [grant.session.id], propagated: destination !== 'feed' })
    expect(await user.rotate(grant)).toMatchObject({ outcome: 'refused' })
    await vi.waitFor(async () => {
      const waiting = await user.outbox()
      expect(new Set(waiting.map((row) => row.destination))).toEqual(new Set([destination]))
    }, 10_000)
    await user.restoreReceivers()
    await recover(user)
    expect(await feedHas(grant.session.id)).toBe(true)
    expect(await kvRecord(grant.session.id)).toMatchObject({ state: 'ended', reason: 'revoked' })
  })
})

describe('while the feed does not answer', () => {
  it('answers the end of a session in bounded time with `propagated: false`, and delivers later', async () => {
    const user = await freshAuthority()
    const { session } = await user.open()
    await vi.waitFor(async () => expect(await user.outbox()).toEqual([]), 10_000)
    await user.breakReceivers(failing.feed?.(hanging) ?? ((ctx) => ctx))
    const started = Date.now()
    expect(await user.end(session.id)).toEqual({ ended: [session.id], propagated: false })
    expect(Date.now() - started).toBeLessThan(4000)
    await user.restoreReceivers()
    await recover(user)
    expect(await feedHas(session.id)).toBe(true)
  })

  it('answers `propagated: true` to a second call once the feed has accepted the entry', async () => {
    const user = await freshAuthority()
    const { session } = await user.open()
    await user.breakReceivers(failing.feed?.(down) ?? ((ctx) => ctx))
    expect(await user.end(session.id)).toEqual({ ended: [session.id], propagated: false })
    expect(await user.end(session.id)).toEqual({ ended: [], propagated: false })
    await user.restoreReceivers()
    expect(await user.end(session.id)).toEqual({ ended: [], propagated: true })
  })
})

it('writes a KV record only when a session opens and ends, in this order', async () => {
  const user = await freshAuthority()
  const grant = await user.open()
  await vi.waitFor(async () => expect(await kvRecord(grant.session.id)).toMatchObject({ state: 'live' }), 10_000)
  await user.rotate(grant)
  expect((await user.outbox()).filter(({ destination }) => destination === 'kv')).toEqual([])
  await user.end(grant.session.id)
  await vi.waitFor(async () => expect(await kvRecord(grant.session.id)).toMatchObject({ state: 'ended' }), 10_000)
})

it('has its events in D1 within seconds', async () => {
  const user = await freshAuthority()
  await user.open()
  const ids = (await user.events()).map(({ id }) => id)
  const recorded = async () => {
    const { results } = await env.DB.prepare('select id from events where user_id = ? order by position')
      .bind(user.userId)
      .all<{ id: string }>()
    return results.map(({ id }) => id)
  }
  await vi.waitFor(async () => expect(await recorded()).toEqual(ids), { timeout: 15_000, interval: 100 })
})

describe('a nudge', () => {
  async function insertRow(userId: string, claimsVersion: number | null) {
    const id = newUuid()
    await env.DB.prepare('insert or ignore into users (id, email, created_at, updated_at) values (?, ?, 0, 0)')
      .bind(userId, `${userId}@example.test`)
      .run()
    await env.DB.prepare(
      `insert into events (id, type, time, subject, user_id, actor_type, actor_id, data, claims_version)
       values (?, 'user.updated', ?, ?, ?, 'user', ?, '{}', ?)`,
    )
      .bind(id, Date.now(), userId, userId, userId, claimsVersion)
      .run()
    return id
  }

  const undelivered = async (userId: string) =>
    (await env.DB.prepare('select id from events where user_id = ? and delivered_at is null').bind(userId).all())
      .results

  it("reads the user's rows once and in order, and sends the stale claims to the feed", async () => {
    const user = await freshAuthority()
    const { session } = await user.open()
    const ids = [await insertRow(user.userId, 2), await insertRow(user.userId, null), await insertRow(user.userId, 3)]
    const nudges = [1, 2, 3].map(() => user.stub.nudge({ userId: user.userId }))
    expect(await Promise.all(nudges)).toEqual([{ propagated: true }, { propagated: true }, { propagated: true }])
    expect((await user.events()).slice(2).map(({ id }) => id)).toEqual(ids)
    expect(await undelivered(user.userId)).toEqual([])
    expect(await feedHas(user.userId)).toBe(true)
    const check = (claimsVersion: number) =>
      user.stub.check({ userId: user.userId, sessionId: session.id, claimsVersion })
    expect(await check(2)).toEqual({ live: false, reason: 'stale_claims' })
    expect(await check(3)).toEqual({ live: true })
  })

  it('is not propagated while the feed is down, and the outbox keeps retrying', async () => {
    const user = await freshAuthority()
    await insertRow(user.userId, 2)
    await user.breakReceivers(failing.feed?.(down) ?? ((ctx) => ctx))
    expect(await user.stub.nudge({ userId: user.userId })).toEqual({ propagated: false })
    await user.restoreReceivers()
    await recover(user)
    expect(await feedHas(user.userId)).toBe(true)
  })

  it('does not write events that it read from D1 to D1 again', async () => {
    const user = await freshAuthority()
    await insertRow(user.userId, null)
    await user.breakReceivers(failing.record?.(down) ?? ((ctx) => ctx))
    await user.stub.nudge({ userId: user.userId })
    expect((await user.outbox()).filter(({ destination }) => destination === 'record')).toEqual([])
  })
})

it('keeps its sessions after a restart, and delivers the remaining rows', async () => {
  const user = await freshAuthority()
  await user.breakReceivers(failing.feed?.(down) ?? ((ctx) => ctx))
  const [kept, ended] = [await user.open(), await user.open()]
  await user.end(ended.session.id)
  await user.restart()
  expect((await user.rotate(kept, { caller: callerAt(HOME) })).outcome).toBe('rotated')
  await recover(user)
  expect(await feedHas(ended.session.id)).toBe(true)
})

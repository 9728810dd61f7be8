import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import type { RevocationFeed } from '../../src/durable/revocation-feed/revocation-feed.ts'
import type { FeedEntry } from '../../src/lib/event.ts'
import { newUuid } from '../../src/lib/ids.ts'
import { env } from '../support/app.ts'

const LIFETIME = 660_000

const session = (id = newUuid()): FeedEntry => ({ kind: 'session', id })

function freshFeed(at = 1_000_000) {
  const clock = { now: at }
  const stub = env.REVOCATION_FEED.getByName(`test-${newUuid()}`) as unknown as DurableObjectStub<RevocationFeed>
  const inside = <T>(work: (feed: RevocationFeed, state: DurableObjectState) => Promise<T> | T): Promise<T> =>
    runInDurableObject(stub, (feed, state) => {
      feed.clock = () => clock.now
      return work(feed, state)
    })
  return { clock, stub, inside }
}

describe('the revocation feed', () => {
  it('returns the entries above a cursor, in the order they were added', async () => {
    const { inside } = freshFeed()
    const [a, b, c] = [session(), session(), session()]
    const { head } = await inside((feed) => feed.append([a, b]))
    await inside((feed) => feed.append([c]))
    expect(head).toBe(2)
    const all = await inside((feed) => feed.pull(null))
    expect(all).toMatchObject({ head: 3, after: 0, overflow: false })
    expect(all.entries.map(({ entry }) => entry)).toEqual([a, b, c])
    const rest = await inside((feed) => feed.pull(2))
    expect(rest.entries.map(({ seq, entry }) => [seq, entry])).toEqual([[3, c]])
  })

  it('keeps the position of an entry that is appended again', async () => {
    const { inside } = freshFeed()
    const [a, b] = [session(), session()]
    await inside((feed) => feed.append([a, b]))
    expect(await inside((feed) => feed.append([b, a, a]))).toEqual({ head: 2 })
    const { entries } = await inside((feed) => feed.pull(null))
    expect(entries.map(({ entry }) => entry)).toEqual([a, b])
  })

  it.each<[string, (below: number) => FeedEntry]>([
    ['claims', (below) => ({ kind: 'claims', userId: 'an-id', below })],
    ['an organization', (below) => ({ kind: 'organization', id: 'an-id', below })],
    ['roles', (below) => ({ kind: 'roles', id: 'an-id', below })],
  ])('moves %s to the end only when the version increases', async (_, at) => {
    const { inside } = freshFeed()
    await inside((feed) => feed.append([at(3), session()]))
    await inside((feed) => feed.append([at(2)]))
    expect((await inside((feed) => feed.pull(2))).entries).toEqual([])
    await inside((feed) => feed.append([at(4)]))
    const { entries, head } = await inside((feed) => feed.pull(2))
    expect(head).toBe(3)
    expect(entries.map(({ entry }) => entry)).toEqual([at(4)])
    expect((await inside((feed) => feed.pull(null))).entries).toHaveLength(2)
  })

  it('has one position for each kind of an id', async () => {
    const { inside } = freshFeed()
    const id = newUuid()
    const entries: FeedEntry[] = [
      { kind: 'organization', id, below: 2 },
      { kind: 'roles', id, below: 9 },
    ]
    await inside((feed) => feed.append(entries))
    expect((await inside((feed) => feed.pull(null))).entries.map(({ entry }) => entry)).toEqual(entries)
  })

  it('returns every kind of entry unchanged', async () => {
    const { inside } = freshFeed()
    const entries: FeedEntry[] = [
      session(),
      { kind: 'claims', userId: newUuid(), below: 9 },
      { kind: 'key', id: 'a-kid' },
      { kind: 'client', id: newUuid() },
      { kind: 'token', id: newUuid() },
      { kind: 'organization', id: newUuid(), below: 2 },
      { kind: 'roles', id: newUuid(), below: 3 },
      { kind: 'roles', id: 'platform', below: 4 },
    ]
    await inside((feed) => feed.append(entries))
    expect((await inside((feed) => feed.pull(null))).entries.map(({ entry }) => entry)).toEqual(entries)
  })

  it('returns the seq from which its last minute is complete', async () => {
    const { inside, clock } = freshFeed()
    await inside((feed) => feed.append([session(), session()]))
    clock.now += 61_000
    expect(await inside((feed) => feed.pullRecent(60_000))).toMatchObject({ head: 2, after: 2, entries: [] })
    const late = session()
    await inside((feed) => feed.append([late]))
    const page = await inside((feed) => feed.pullRecent(60_000))
    expect(page).toMatchObject({ head: 3, after: 2 })
    expect(page.entries.map(({ entry }) => entry)).toEqual([late])
  })

  it('never decreases the time when the clock is set back', async () => {
    const { inside, clock } = freshFeed()
    await inside((feed) => feed.append([session()]))
    clock.now -= 500_000
    await inside((feed) => feed.append([session()]))
    const { entries } = await inside((feed) => feed.pull(null))
    expect(entries.map(({ at }) => at)).toEqual([1_000_000, 1_000_000])
  })

  it('deletes an entry one token lifetime and a minute after it was added, and keeps its head', async () => {
    const { inside, clock, stub } = freshFeed()
    await inside((feed) => feed.append([session()]))
    clock.now += 300_000
    const younger = session()
    await inside((feed) => feed.append([younger]))
    clock.now += LIFETIME - 300_000 + 10_001
    await inside((feed) => feed.alarm())
    const page = await inside((feed) => feed.pull(null))
    expect(page.entries.map(({ entry }) => entry)).toEqual([younger])
    clock.now += 300_000
    await inside((feed) => feed.alarm())
    expect(await inside((feed) => feed.pull(null))).toMatchObject({ head: 2, entries: [] })
    expect(await runDurableObjectAlarm(stub)).toBe(false)
  })

  it('keeps its epoch, its entries and its alarm when it is evicted', async () => {
    const { inside, stub } = freshFeed()
    await inside((feed) => feed.append([session()]))
    const before = await inside((feed) => feed.pull(null))
    await evictDurableObject(stub)
    expect(await inside((feed) => feed.pull(null))).toEqual(before)
    expect(await inside((_, state) => state.storage.getAlarm())).not.toBeNull()
  })

  it('has its own epoch in every storage', async () => {
    const [a, b] = [freshFeed(), freshFeed()]
    const pages = await Promise.all([a, b].map(({ inside }) => inside((feed) => feed.pull(null))))
    expect(pages[0]?.epoch).not.toBe(pages[1]?.epoch)
  })

  it('reports an overflow when it is longer than a view, and then returns only what no object knows', async () => {
    const { inside } = freshFeed()
    const told: FeedEntry[] = [
      { kind: 'key', id: 'retired' },
      { kind: 'organization', id: newUuid(), below: 2 },
      { kind: 'roles', id: newUuid(), below: 2 },
    ]
    const [page, recent] = await inside(async (feed) => {
      feed.maxEntries = 5
      await feed.append([session(), { kind: 'claims', userId: newUuid(), below: 2 }, ...told])
      expect((await feed.pull(null)).overflow).toBe(false)
      await feed.append([session()])
      return [await feed.pull(null), await feed.pullRecent(60_000)]
    })
    expect(page).toMatchObject({ overflow: true, head: 6, after: 0 })
    expect(page.entries.map(({ entry }) => entry)).toEqual(told)
    expect(recent.entries).toEqual(page.entries)
  })

  it('accepts a hundred racing appends without losing or duplicating one', async () => {
    const { inside } = freshFeed()
    const entries = Array.from({ length: 50 }, () => session())
    await inside((feed) => Promise.all([...entries, ...entries].map((entry) => feed.append([entry]))))
    const page = await inside((feed) => feed.pull(null))
    expect(page.entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
  })
})

import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import { runQueue } from '../../../src/jobs.ts'
import type { RecordedEvent } from '../../../src/lib/event.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { DAY, HOUR } from '../../../src/lib/time.ts'
import { callerAt, freshAuthority, HOME } from '../../durable/user-authority/support.ts'
import { createTestApp } from '../../support/app.ts'
import { countsDatabase, emptyCountsDatabase, onCountsDatabase, readCounts } from '../../support/counts-database.ts'
import { testEvent } from './support.ts'

const app = createTestApp({ override: onCountsDatabase })
const T = 1_800_000_000_000

beforeEach(emptyCountsDatabase)

const run = (statement: string, ...values: unknown[]) =>
  countsDatabase
    .prepare(statement)
    .bind(...values)
    .run()

async function newUser(): Promise<string> {
  const id = newUuid()
  await run('insert into users (id, email, created_at, updated_at) values (?, ?, 0, 0)', id, `${id}@example.test`)
  return id
}

/** Delivers one queue batch: each list of events is a message of an object. */
async function deliver(...messages: (readonly RecordedEvent[])[]): Promise<void> {
  const batch = createMessageBatch(
    'postern-object-events',
    messages.map((events) => ({ id: newUuid(), timestamp: new Date(), attempts: 1, body: { events } })),
  )
  await runQueue(await app.ctx(), batch)
  expect((await getQueueResult(batch, createExecutionContext())).explicitAcks).toHaveLength(messages.length)
}

const session = (userId: string, type: string, time = T) => testEvent({ type, userId, time, subject: newUuid() })

describe('the count of open sessions', () => {
  it('ignores a message that is delivered again', async () => {
    const userId = await newUser()
    const events = ['session.created', 'session.created', 'session.revoked'].map((type) => session(userId, type))
    await deliver(events)
    await deliver(events, events.slice(1))
    const [first = testEvent()] = events
    await deliver([first, session(userId, 'session.created')])
    expect(await readCounts()).toEqual({
      'sessions.opened': 3,
      'sessions.open': 2,
      [`sessions.open:${userId}`]: 2,
      [`sessions.opened@${T / HOUR}`]: 3,
    })
  })

  it('is right again after an end that arrived before its beginning', async () => {
    const userId = await newUser()
    await deliver([session(userId, 'session.revoked')])
    expect(await readCounts()).toMatchObject({ 'sessions.open': -1, [`sessions.open:${userId}`]: -1 })
    await deliver([session(userId, 'session.created')])
    expect(await readCounts()).toEqual({ 'sessions.opened': 1, [`sessions.opened@${T / HOUR}`]: 1 })
  })

  it('decreases by an expiry or a revocation, and by nothing else', async () => {
    const userId = await newUser()
    await deliver(['session.created', 'session.created', 'session.created'].map((type) => session(userId, type)))
    await deliver([session(userId, 'session.expired'), session(userId, 'session.revoked')])
    const others = ['session.reuse_detected', 'session.refresh_replayed', 'session.stepped_up', 'user.signed_out']
    await deliver(others.map((type) => session(userId, type)))
    expect(await readCounts()).toMatchObject({ 'sessions.open': 1, [`sessions.open:${userId}`]: 1 })
  })

  it('counts an opening in its own hour, however late it arrives', async () => {
    const userId = await newUser()
    await deliver([T, T + HOUR - 1, T + HOUR].map((time) => session(userId, 'session.created', time)))
    expect(await readCounts()).toMatchObject({
      [`sessions.opened@${T / HOUR}`]: 2,
      [`sessions.opened@${T / HOUR + 1}`]: 1,
    })
  })

  it('is not changed by the pruning of old events', async () => {
    const userId = await newUser()
    await deliver([session(userId, 'session.created')])
    const before = await readCounts()
    await run('delete from events')
    expect(await readCounts()).toEqual(before)
  })

  it('stays right in total when the end of a session arrives after its user was erased', async () => {
    const [erased, other] = [await newUser(), await newUser()]
    await deliver([session(erased, 'session.created'), session(other, 'session.created')])
    await run('delete from counts where name = ?', `sessions.open:${erased}`)
    await run('delete from users where id = ?', erased)
    await deliver([session(erased, 'session.revoked')])
    expect(await readCounts()).toEqual({
      'sessions.opened': 2,
      'sessions.open': 1,
      [`sessions.open:${other}`]: 1,
      [`sessions.opened@${T / HOUR}`]: 2,
    })
  })
})

/** A user's object whose queue messages the test delivers itself. */
async function withMessages() {
  const authority = await freshAuthority(T)
  const messages: RecordedEvent[][] = []
  await authority.breakReceivers((ctx: Ctx) => ({
    ...ctx,
    queues: {
      ...ctx.queues,
      objectEvents: {
        send: async (body: { events: RecordedEvent[] }) => void messages.push(structuredClone(body.events)),
      } as unknown as Ctx['queues']['objectEvents'],
    },
  }))
  await run(
    'insert into users (id, email, created_at, updated_at) values (?, ?, 0, 0)',
    authority.userId,
    `${authority.userId}@example.test`,
  )
  const drained = () => expect.poll(() => authority.outbox().then((rows) => rows.length), { timeout: 10_000 }).toBe(0)
  const truth = async () =>
    authority.inside((_, { storage: { sql } }) =>
      sql
        .exec<{ opened: number; open: number }>(
          'select count(*) as opened, coalesce(sum(ended_at is null), 0) as open from sessions',
        )
        .one(),
    )
  return { authority, messages, drained, truth }
}

type Step = 'open' | 'end' | 'end all' | 'wait' | 'expire'

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Step>('open') },
  { weight: 3, arbitrary: fc.constant<Step>('end') },
  { weight: 1, arbitrary: fc.constantFrom<Step>('end all', 'wait', 'expire') },
)

describe("a user's object and the counts", () => {
  it('agree after any sequence of sessions, in whatever order and however often its messages arrive', async () => {
    const course = fc.record({ steps: fc.array(step, { minLength: 5, maxLength: 30 }), seed: fc.nat() })
    await fc.assert(
      fc.asyncProperty(course, async ({ steps, seed }) => {
        await emptyCountsDatabase()
        const { authority, messages, drained, truth } = await withMessages()
        for (const kind of steps) await take(authority, kind)
        await drained()
        const twice = [...messages, ...messages.filter((_, index) => (seed >> (index % 30)) & 1)]
        const shuffled = twice
          .map((message, index) => ({ message, rank: ((index + 1) * (seed + 7919)) % 104_729 }))
          .toSorted((a, b) => a.rank - b.rank)
          .map(({ message }) => message)
        for (let start = 0; start < shuffled.length; start += 5) await deliver(...shuffled.slice(start, start + 5))
        const { opened, open } = await truth()
        const counts = await readCounts()
        const own = counts[`sessions.open:${authority.userId}`] ?? 0
        expect([counts['sessions.opened'] ?? 0, counts['sessions.open'] ?? 0, own]).toEqual([opened, open, open])
      }),
      { numRuns: 12 },
    )
  }, 60_000)

  it('agree about the cap', async () => {
    const { authority, messages, drained, truth } = await withMessages()
    for (let count = 0; count < 14; count += 1) await authority.open()
    await drained()
    await deliver(...messages)
    expect(await truth()).toEqual({ opened: 14, open: 10 })
    expect(await readCounts()).toMatchObject({ 'sessions.opened': 14, 'sessions.open': 10 })
  })
})

async function take({ stub, userId, clock, open, end }: Awaited<ReturnType<typeof freshAuthority>>, kind: Step) {
  if (kind === 'open') await open()
  if (kind === 'wait') clock.now += DAY
  if (kind === 'expire') {
    clock.now += 8 * DAY
    await stub.touchSession({ userId, sessionId: newUuid() })
  }
  if (kind === 'end') {
    const [oldest] = (await stub.listSessions({ userId, withEnded: false })).toReversed()
    if (oldest) await end(oldest.id)
  }
  if (kind === 'end all') {
    const actor = { type: 'system', id: 'test' } as const
    await stub.endSessions({ userId, except: null, reason: 'locked', actor, caller: callerAt(HOME), authVersion: null })
  }
}

interface Kind {
  readonly bucket: number
  readonly status: string
  readonly role: string
  readonly mfa_enabled: number
  readonly count: number
}

const allOf = async (statement: string): Promise<Kind[]> =>
  (await countsDatabase.prepare(statement).all<Kind>()).results

describe('the counts of users', () => {
  const status = fc.constantFrom('active', 'pending', 'inactive', 'suspended', 'locked', 'deleted')
  const role = fc.constantFrom('user', 'admin', 'vendor')
  const flag = fc.constantFrom(0, 1)
  const who = fc.nat({ max: 99 })
  const operation = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(fc.constant('insert'), fc.integer({ min: 1, max: 4096 }), status, role, flag) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('status'), who, status, role, flag) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('role'), who, status, role, flag) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('mfa'), who, status, role, flag) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('everybody'), who, status, role, flag) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('rename'), who, status, role, flag) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('delete'), who, status, role, flag) },
  )

  const nth =
    'number = (select number from users order by number limit 1 offset ? % max(1, (select count(*) from users)))'
  const statementOf = ([kind, number, toStatus, toRole, mfa]: [string, number, string, string, number]) => {
    const id = newUuid()
    const prepare = (text: string, ...values: unknown[]) => countsDatabase.prepare(text).bind(...values)
    switch (kind) {
      case 'insert':
        return prepare(
          `insert or ignore into users (number, id, email, username, status, role, mfa_enabled, created_at, updated_at)
           values (?, ?, ?, ?, ?, ?, ?, 0, 0)`,
          number,
          id,
          `${id}@example.test`,
          `name ${id}`,
          toStatus,
          toRole,
          mfa,
        )
      case 'status':
        return prepare(`update users set status = ? where ${nth}`, toStatus, number)
      case 'role':
        return prepare(`update users set role = ? where ${nth}`, toRole, number)
      case 'mfa':
        return prepare(`update users set mfa_enabled = ? where ${nth}`, mfa, number)
      case 'everybody':
        return prepare('update users set status = ?, role = ? where number % 2 = ?', toStatus, toRole, mfa)
      case 'rename':
        return prepare(`update users set username = ?, first_name = ? where ${nth}`, id, toRole, number)
      default:
        return prepare(`delete from users where ${nth}`, number)
    }
  }

  it('equal a group-by, in all and by bucket, after any inserts, changes and deletions', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 60 }), async (operations) => {
        await emptyCountsDatabase()
        await countsDatabase.batch(
          operations.map((one) => statementOf(one as [string, number, string, string, number])),
        )
        const kept = await allOf(
          'select * from user_counts where count <> 0 order by bucket, status, role, mfa_enabled',
        )
        const counted = await allOf(
          `select * from (
             select -1 as bucket, status, role, mfa_enabled, count(*) as count from users group by 2, 3, 4
             union all
             select number >> 10, status, role, mfa_enabled, count(*) from users group by 1, 2, 3, 4)
           order by bucket, status, role, mfa_enabled`,
        )
        expect(kept).toEqual(counted)
        // Throws when the search index differs from the rows.
        await run("insert into user_search (user_search, rank) values ('integrity-check', 1)")
      }),
      { numRuns: 25 },
    )
  }, 60_000)
})

describe('the count of linked identities', () => {
  it('follows the rows', async () => {
    const add = (id: string) =>
      run(
        `insert into identities (id, user_id, provider, issuer, subject, created_at)
         values (?, ?, 'google', 'https://accounts.google.com', ?, 0)`,
        id,
        id,
        id,
      )
    for (const id of ['a', 'b', 'c']) await add(id)
    await run("delete from identities where id in ('a', 'b')")
    expect(await readCounts()).toMatchObject({ identities: 1 })
  })
})

describe('the count of passkeys', () => {
  it('follows the rows', async () => {
    const add = (id: string) =>
      run(
        `insert into passkeys (id, user_id, credential_id, public_key, sign_count, transports, device_type, backed_up, aaguid, rp_id, created_at)
         values (?, 'somebody', ?, '', 0, '[]', 'singleDevice', 0, '', '', 0)`,
        id,
        id,
      )
    for (const id of ['a', 'b', 'c']) await add(id)
    await run("delete from passkeys where id in ('a', 'b')")
    expect(await readCounts()).toEqual({ passkeys: 1 })
  })
})

import { createExecutionContext, createMessageBatch, getQueueResult, runInDurableObject } from 'cloudflare:test'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import { commit } from '../../../src/db/commit.ts'
import { pruneEvents, sweepUndelivered } from '../../../src/features/events/service.ts'
import { runQueue } from '../../../src/jobs.ts'
import type { RecordedEvent } from '../../../src/lib/event.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env } from '../../support/app.ts'
import { emptyRecord } from '../../support/audit.ts'
import { connect } from '../../support/sockets.ts'
import { freshUser, hubStub, insertRows, testEvent } from './support.ts'

const app = createTestApp()
const DAY = 86_400_000

interface Row {
  readonly id: string
  readonly delivered_at: number | null
  readonly type: string
}

async function rowsOf(ids: readonly string[]): Promise<Row[]> {
  const marks = ids.map(() => '?').join(', ')
  const { results } = await env.DB.prepare(
    `select id, type, delivered_at from events where id in (${marks}) order by position`,
  )
    .bind(...ids)
    .all<Row>()
  return results
}

const hubHolds = (id: string): Promise<boolean> =>
  runInDurableObject(
    hubStub('platform'),
    (_, state) => state.storage.sql.exec('select 1 from event_log_ids where id = ?', id).toArray().length > 0,
  )

describe('events whose nudge was lost in a crash', () => {
  // The job takes the oldest first, and so many a run: those that other files left come before.
  beforeAll(() => env.DB.prepare('update events set delivered_at = 0 where delivered_at is null').run())

  it('are delivered by the cron job, in commit order, with their ids', async () => {
    const user = await freshUser(app)
    const socket = await connect(app, { token: user.token })
    const ids = await insertRows(user.id, 3, { time: Date.now() - 60_000 })
    await sweepUndelivered(await app.ctx())
    await socket.count('test.happened', 3)
    expect(socket.events().map(({ id }) => id)).toEqual(ids)
    for (const row of await rowsOf(ids)) expect(row.delivered_at).not.toBeNull()
    await sweepUndelivered(await app.ctx())
    await user.nudge()
    expect(await user.logged()).toEqual([...(await user.logged()).slice(0, -3), ...ids])
    expect(socket.events()).toHaveLength(3)
  })

  it('without a user go to `platform`', async () => {
    const [id = ''] = await insertRows(null, 1, { time: Date.now() - 60_000 })
    await sweepUndelivered(await app.ctx())
    expect(await hubHolds(id)).toBe(true)
    expect(await rowsOf([id])).toMatchObject([{ delivered_at: expect.any(Number) }])
  })

  it('are delivered although the object of another user fails', async () => {
    const [broken, fine] = await Promise.all([freshUser(app), freshUser(app)])
    const time = Date.now() - 60_000
    const [lost = ''] = await insertRows(broken.id, 1, { time })
    const [kept = ''] = await insertRows(fine.id, 1, { time })
    const ctx = await app.ctx()
    const objects: Ctx['objects'] = {
      ...ctx.objects,
      user: (userId) => {
        if (userId === broken.id) throw new Error('unreachable')
        return ctx.objects.user(userId)
      },
    }
    await sweepUndelivered({ ...ctx, objects })
    expect(await rowsOf([lost])).toMatchObject([{ delivered_at: null }])
    expect(await rowsOf([kept])).toMatchObject([{ delivered_at: expect.any(Number) }])
    await sweepUndelivered(ctx)
    expect(await broken.logged()).toContain(lost)
  })

  it('are left to their own nudge for the first seconds', async () => {
    const user = await freshUser(app)
    const [id = ''] = await insertRows(user.id, 1)
    await sweepUndelivered(await app.ctx())
    expect(await rowsOf([id])).toMatchObject([{ delivered_at: null }])
  })

  it('keep their number when the object was stopped before it marked them', async () => {
    const user = await freshUser(app)
    const ids = await user.publish(2)
    const before = await user.logged()
    await env.DB.prepare('update events set delivered_at = null where user_id = ?').bind(user.id).run()
    await user.nudge()
    expect(await user.logged()).toEqual(before)
    expect(await rowsOf(ids)).toMatchObject([
      { delivered_at: expect.any(Number) },
      { delivered_at: expect.any(Number) },
    ])
  })
})

describe('a change', () => {
  it("reaches the user's sockets and `platform` by its nudge", async () => {
    const user = await freshUser(app)
    const socket = await connect(app, { token: user.token })
    const ctx = await app.ctx()
    const touch = ctx.db.run(`update users set updated_at = updated_at + 1 where id = '${user.id}'`)
    await commit(ctx, touch, {
      type: 'user.updated',
      subject: user.id,
      userId: user.id,
      actor: { type: 'user', id: user.id },
      data: { before: { bio: null }, after: { bio: 'x' } },
    })
    const event = await socket.first('user.updated')
    expect(event).toMatchObject({ data: { before: { bio: null }, after: { bio: 'x' } } })
    await app.settled()
    expect(await hubHolds(String(event.id))).toBe(true)
  })
})

describe('the queue of object events', () => {
  const consume = async (...bodies: unknown[]) => {
    const execution = createExecutionContext()
    const batch = createMessageBatch(
      'postern-object-events',
      bodies.map((body) => ({ id: newUuid(), timestamp: new Date(), attempts: 1, body })),
    )
    await runQueue(await app.ctx(), batch)
    const ids = batch.messages.map(({ id }) => id)
    return { ids, result: await getQueueResult(batch, execution) }
  }

  it('writes an event once however often it is delivered, marked as delivered', async () => {
    const events = Array.from({ length: 20 }, () => testEvent())
    const message = { events }
    for (let delivery = 0; delivery < 3; delivery += 1) {
      const { ids, result } = await consume(message, { events: events.slice(3) })
      expect(result.explicitAcks).toEqual(ids)
      expect(result.retryMessages).toEqual([])
    }
    const rows = await rowsOf(events.map(({ id }) => id))
    expect(rows.map(({ id }) => id)).toEqual(events.map(({ id }) => id))
    for (const row of rows) expect(row.delivered_at).not.toBeNull()
  })

  it('keeps IP address and user agent for audit', async () => {
    const event: RecordedEvent = testEvent({ data: { reason: 'revoked' } })
    await consume({ events: [event] })
    const row = await env.DB.prepare('select * from events where id = ?').bind(event.id).first()
    expect(row).toMatchObject({ ip: '192.0.2.9', user_agent: 'secret agent', data: '{"reason":"revoked"}' })
  })

  it('retries a malformed message, and accepts the others', async () => {
    const event = testEvent()
    const bodies = [null, { events: [{ id: 1 }] }, { events: [event] }, 'x', {}]
    const { ids, result } = await consume(...bodies)
    expect(result.explicitAcks).toEqual([ids[2]])
    expect(result.retryMessages.map(({ msgId }) => msgId)).toEqual([ids[0], ids[1], ids[3], ids[4]])
    expect(await rowsOf([event.id])).toHaveLength(1)
  })

  it('retries each message when D1 is down', async () => {
    const batch = createMessageBatch('postern-object-events', [
      { id: 'a', timestamp: new Date(), attempts: 3, body: { events: [testEvent()] } },
    ])
    const ctx = await app.ctx()
    const db = new Proxy(ctx.db, {
      get(target, name) {
        if (name === 'batch') return () => Promise.reject(new Error('down'))
        return Reflect.get(target, name)
      },
    })
    await runQueue({ ...ctx, db }, batch)
    const result = await getQueueResult(batch, createExecutionContext())
    expect(result).toMatchObject({ explicitAcks: [], retryMessages: [{ msgId: 'a' }] })
  })

  it('writes the events of an object to D1', async () => {
    const user = await freshUser(app)
    const find = env.DB.prepare("select type, subject from events where user_id = ? and type = 'session.created'")
    const found = async () =>
      expect((await find.bind(user.id).all()).results).toEqual([{ type: 'session.created', subject: user.sessionId }])
    await vi.waitFor(found, { timeout: 10_000, interval: 100 })
  })
})

describe('retention', () => {
  it('deletes events older than EVENT_RETENTION_DAYS that were delivered', async () => {
    const ctx = await app.ctx()
    await emptyRecord(ctx)
    const old = ctx.now() - ctx.config.EVENT_RETENTION_DAYS * DAY
    const delivered = testEvent({ time: old - 2 * DAY })
    const young = testEvent({ time: old + 60_000 })
    const batch = createMessageBatch('postern-object-events', [
      { id: newUuid(), timestamp: new Date(), attempts: 1, body: { events: [delivered, young] } },
    ])
    await runQueue(ctx, batch)
    const user = await freshUser(app)
    // Otherwise the delivery of the user's first events would include the row.
    await app.settled()
    const [waiting = ''] = await insertRows(user.id, 1, { time: old - 2 * DAY })
    await pruneEvents(ctx)
    expect((await rowsOf([delivered.id, young.id, waiting])).map(({ id }) => id)).toEqual([young.id, waiting])
  })
})

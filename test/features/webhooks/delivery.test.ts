import { runDurableObjectAlarm } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import { MAX_ATTEMPTS } from '../../../src/durable/webhook-endpoint/schedule.ts'
import { createTestApp, env } from '../../support/app.ts'
import { createTeam, type Team } from '../../support/organizations.ts'
import { testEvent } from '../events/support.ts'
import {
  answering,
  attach,
  type Endpoint,
  make,
  openEndpoint,
  requireSigned,
  WEBHOOKS,
  webhookStub,
} from './support.ts'

const [SECOND, MINUTE, HOUR, DAY] = [1000, 60_000, 3_600_000, 86_400_000]

const app = createTestApp()
let team: Team | null = null
/** An endpoint of its own for each test; a new organization after twenty. */
let made = 0
async function fresh(fields: object = {}): Promise<Endpoint> {
  if (!team || made % 20 === 0) team = await createTeam(app)
  made += 1
  return openEndpoint(team.owner, { organization_id: team.id, ...fields })
}
/** The event as the record has it: without its content, as after an erasure. */
const record = (endpoint: Endpoint, id: string) =>
  env.DB.prepare(
    `insert into events (id, type, time, subject, actor_type, actor_id, organization_id, data, delivered_at)
     values (?, 'user.updated', 5, 'x', 'system', 'test', ?, '{}', 1)`,
  )
    .bind(id, endpoint.webhook.organization_id)
    .run()
const attemptsOf = async (endpoint: Endpoint) =>
  (await endpoint.deliveries()).map(({ attempt, status, statusCode, error }) => [attempt, status, statusCode, error])

describe('a delivery', () => {
  it('comes from a change to the receiver, through the hub of its organization, signed in each way', async () => {
    const { owner, id } = await createTeam(app)
    const webhook = (
      await make(owner, {
        organization_id: id,
        events: ['organization.*'],
        headers: { 'X-Own': 'yes' },
        authorization: 'Bearer s3',
      })
    ).body
    const endpoint = await attach(webhook)
    expect((await owner.call('PATCH', `/api/v1/organizations/${id}`, { description: 'New' })).status).toBe(200)
    await app.settled()
    await vi.waitFor(async () => expect(await endpoint.waiting()).toHaveLength(1), { timeout: 10_000, interval: 20 })
    await endpoint.run()
    const [received] = endpoint.receiver.received
    if (!received) throw new Error('nothing was received')
    await requireSigned(received, [endpoint.secret])
    expect(received.url).toBe(webhook.url)
    expect(Object.fromEntries(received.headers)).toMatchObject({
      'x-own': 'yes',
      authorization: 'Bearer s3',
      'content-type': 'application/json',
      'x-webhook-event': 'organization.updated',
      'x-webhook-attempt': '1',
      'webhook-id': received.json.id,
      'x-webhook-id': received.json.id,
    })
    expect(received.json).toEqual({
      id: expect.any(String),
      seq: 1,
      cursor: null,
      type: 'organization.updated',
      event: 'organization.updated',
      channel: null,
      time: received.json.created_at,
      timestamp: Date.parse(received.json.created_at),
      created_at: expect.stringMatching(/Z$/),
      subject: id,
      actor: { type: 'user', id: owner.id },
      user_id: null,
      session_id: null,
      organization_id: id,
      data: { before: { description: null }, after: { description: 'New' } },
      object: 'event',
      api_version: 'v1',
    })
    expect(await endpoint.waiting()).toEqual([])
  })

  it('has both names where an alias was asked for, and only what was asked for', async () => {
    const endpoint = await fresh({ events: ['organization.member.added', 'security.mfa.enabled'] })
    await endpoint.hand(1, { type: 'organization.member_added' })
    await endpoint.hand(1, { type: 'organization.member_removed' })
    await endpoint.hand(1, { type: 'mfa.enabled' })
    await endpoint.run()
    const { received } = endpoint.receiver
    expect(
      received.map(({ json, headers }) => [json.seq, json.type, json.event, headers.get('x-webhook-event')]),
    ).toEqual([
      [1, 'organization.member_added', 'organization.member.added', 'organization.member.added'],
      [2, 'mfa.enabled', 'security.mfa.enabled', 'security.mfa.enabled'],
    ])
  })

  it('has address and user agent for endpoints of the platform that ask for it, and for no others', async () => {
    const endpoint = await fresh()
    await endpoint.hand(1)
    await endpoint.run()
    expect(endpoint.receiver.received[0]?.body).not.toMatch(/192\.0\.2\.9|secret agent/)
  })

  it.each([200, 201, 202, 204, 299])('counts when the receiver answers %i', async (status) => {
    const endpoint = await fresh()
    endpoint.receiver.answers = [answering(status)]
    await endpoint.hand(1)
    await endpoint.run()
    expect(await attemptsOf(endpoint)).toEqual([[1, 'delivered', status, null]])
    expect(await endpoint.waiting()).toEqual([])
  })

  it.each([301, 302, 304, 307, 400, 401, 404, 429, 500, 503])('is tried again after %i', async (status) => {
    const endpoint = await fresh()
    endpoint.receiver.answers = [answering(status, { location: 'http://127.0.0.1/' })]
    await endpoint.hand(1)
    await endpoint.run()
    expect(await attemptsOf(endpoint)).toEqual([[1, 'failed', status, `status ${status}`]])
    expect(endpoint.receiver.received).toHaveLength(1)
    const [waits] = await endpoint.waiting()
    expect([waits?.attempts, (waits?.next_at ?? 0) - endpoint.clock.now]).toEqual([1, 5 * SECOND])
  })

  it('is tried again when the connection breaks, and when the answer breaks off', async () => {
    const endpoint = await fresh()
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error('reset')) })
    endpoint.receiver.answers = [
      () => Promise.reject(new TypeError('connection refused')),
      () => new Response(broken),
      answering(200),
    ]
    const [id] = await endpoint.hand(1)
    await endpoint.run()
    await endpoint.run(5 * SECOND)
    await endpoint.run(5 * MINUTE)
    expect(await attemptsOf(endpoint)).toEqual([
      [3, 'delivered', 200, null],
      [2, 'failed', null, 'unreachable'],
      [1, 'failed', null, 'unreachable'],
    ])
    expect(endpoint.receiver.ids()).toEqual([id, id, id])
    expect(endpoint.receiver.received.map(({ headers }) => headers.get('webhook-id'))).toEqual([id, id, id])
    expect(endpoint.receiver.received.map(({ headers }) => headers.get('x-webhook-attempt'))).toEqual(['1', '2', '3'])
  })

  it('reads 4 KiB of an endless answer, cancels the rest and keeps 1,000 characters for an hour', async () => {
    const endpoint = await fresh()
    let [bytes, isCancelled] = [0, false]
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        bytes += 1024
        controller.enqueue(new TextEncoder().encode('x'.repeat(1024)))
      },
      cancel() {
        isCancelled = true
      },
    })
    endpoint.receiver.answers = [new Response(endless)]
    await endpoint.hand(1)
    await endpoint.run()
    expect(bytes).toBeLessThan(16 * 1024)
    expect(isCancelled).toBe(true)
    expect((await endpoint.deliveries())[0]).toMatchObject({ status: 'delivered', answer: 'x'.repeat(1000) })
    endpoint.clock.now += HOUR
    expect((await endpoint.deliveries())[0]?.answer).toBeNull()
    await endpoint.run(DAY - HOUR + MINUTE)
    expect(
      await endpoint.inside((_, { storage }) => storage.sql.exec('select answer from attempts').toArray()),
    ).toEqual([{ answer: null }])
    const contents = await endpoint.inside((_, { storage }) => storage.sql.exec('select event from events').toArray())
    expect(contents).toEqual([{ event: null }])
    await env.DB.exec("insert into retention_days (kind, days, changed_at) values ('attempts', 30, 1)")
    await endpoint.run(7 * DAY)
    expect(await endpoint.deliveries()).toHaveLength(1)
    await env.DB.exec('delete from retention_days')
    await endpoint.run(DAY)
    expect(await endpoint.deliveries()).toEqual([])
  })

  it('goes on after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 10 h, then has failed', async () => {
    const endpoint = await fresh()
    const [id = ''] = await endpoint.hand(1)
    await record(endpoint, id)
    const pauses: number[] = []
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      endpoint.receiver.answers = [answering(500)]
      await endpoint.run()
      const [waits] = await endpoint.waiting()
      if (!waits) break
      pauses.push(waits.next_at - endpoint.clock.now)
      endpoint.clock.now = waits.next_at
      // As after a success of another delivery.
      await endpoint.inside((_, { storage }) => void storage.sql.exec("delete from state where name = 'breaker'"))
    }
    expect(pauses).toEqual([5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR])
    expect(await endpoint.waiting()).toEqual([])
    expect(endpoint.receiver.received).toHaveLength(8)
  })

  it.each([
    ['120', 2 * MINUTE],
    ['999999', HOUR],
    ['1', 5 * SECOND],
    ['-5', 5 * SECOND],
    ['soon', 5 * SECOND],
  ])('waits as Retry-After: %s asks, an hour at most', async (value, pause) => {
    const endpoint = await fresh()
    endpoint.receiver.answers = [answering(429, { 'retry-after': value })]
    await endpoint.hand(1)
    await endpoint.run()
    expect(((await endpoint.waiting())[0]?.next_at ?? 0) - endpoint.clock.now).toBe(pause)
  })

  it('waits until the date in Retry-After', async () => {
    const endpoint = await fresh()
    endpoint.receiver.answers = [
      () => answering(503, { 'retry-after': new Date(endpoint.clock.now + 10 * MINUTE).toUTCString() })(),
    ]
    await endpoint.hand(1)
    await endpoint.run()
    const pause = ((await endpoint.waiting())[0]?.next_at ?? 0) - endpoint.clock.now
    expect(pause).toBeGreaterThan(9.9 * MINUTE)
    expect(pause).toBeLessThanOrEqual(10 * MINUTE)
  })

  it('is made to five at a time, begun in the order of seq', async () => {
    const endpoint = await fresh()
    let [now, most] = [0, 0]
    endpoint.receiver.meanwhile = async () => {
      now += 1
      most = Math.max(most, now)
      await new Promise((resolve) => setTimeout(resolve, 5))
      now -= 1
    }
    const ids = await endpoint.hand(60)
    await endpoint.run()
    expect(endpoint.receiver.ids()).toEqual(ids.slice(0, 50))
    await endpoint.run()
    expect(endpoint.receiver.ids()).toEqual(ids)
    expect(most).toBe(5)
  })
})

describe('an event that comes again', () => {
  it('is taken once, by its place in the log', async () => {
    const endpoint = await fresh()
    const events = [1, 2].map((seq) => ({
      seq: seq + 1_000_000,
      event: testEvent({ type: 'user.updated', organizationId: endpoint.webhook.organization_id }),
    }))
    const hand = () => endpoint.stub().takeEvents({ topic: endpoint.topic, events })
    await Promise.all([hand(), hand()])
    await hand()
    await endpoint.run()
    expect(endpoint.receiver.ids()).toEqual(events.map(({ event }) => event.id))
  })

  it('is refused when it is of another organization, of a user, or of another log', async () => {
    const endpoint = await fresh()
    const other = (await createTeam(app)).id
    await endpoint.hand(1, { organizationId: other })
    await endpoint.hand(1, { organizationId: null })
    for (const topic of ['platform', `organization:${other}`, `user:${endpoint.webhook.created_by}`])
      expect(await endpoint.stub().takeEvents({ topic, events: [] })).toEqual({ subscribed: false })
    await endpoint.run()
    expect(endpoint.receiver.received).toEqual([])
    expect(await endpoint.waiting()).toEqual([])
  })
})

describe('a log', () => {
  it('that hands over what was recovered from the record meanwhile delivers it once', async () => {
    const endpoint = await fresh()
    const event = testEvent({ type: 'user.updated', organizationId: endpoint.webhook.organization_id })
    expect(await endpoint.stub().recover({ events: [event] })).toEqual({ taken: 1 })
    const events = [{ seq: endpoint.log.head + 1, event }]
    expect(await endpoint.stub().takeEvents({ topic: endpoint.topic, events })).toEqual({ subscribed: true })
    await endpoint.run()
    expect(endpoint.receiver.ids()).toEqual([event.id])
  })

  it('that was lost and counts anew is followed from its head on, within a day', async () => {
    const endpoint = await fresh()
    await endpoint.hand(1)
    await endpoint.run()
    endpoint.log.head = 100
    await endpoint.run(DAY + MINUTE)
    const [id] = await endpoint.hand(1)
    await endpoint.run()
    expect(endpoint.receiver.ids().at(-1)).toBe(id)
    expect(endpoint.receiver.received).toHaveLength(2)
  })
})

describe('a crash', () => {
  it('in a round repeats it under the same ids, and loses nothing', async () => {
    const endpoint = await fresh()
    const ids = await endpoint.hand(3)
    // Killed between the calls and the write of what came of them.
    await endpoint
      .inside((object, state) => {
        const real = object.context
        object.context = () => {
          const ctx = real()
          return {
            ...ctx,
            fetch: (async (...args: Parameters<typeof fetch>) => {
              const answer = await ctx.fetch(...args)
              if (endpoint.receiver.received.length === 3) state.abort('killed by the test')
              return answer
            }) as typeof fetch,
          }
        }
      })
      .catch(() => undefined)
    await endpoint.run().catch(() => undefined)
    expect(endpoint.receiver.ids()).toEqual(ids)
    await endpoint.prepare()
    expect((await endpoint.waiting()).map(({ attempts }) => attempts)).toEqual([0, 0, 0])
    await endpoint.run(MINUTE)
    expect(endpoint.receiver.ids()).toEqual([...ids, ...ids])
    expect(await endpoint.waiting()).toEqual([])
  })

  it('before a round leaves an alarm that makes it', async () => {
    const endpoint = await fresh()
    const ids = await endpoint.hand(2)
    await endpoint.restart()
    await endpoint.run()
    expect(endpoint.receiver.ids()).toEqual(ids)
  })
})

describe('the breaker', () => {
  async function tripped(fields: object = {}): Promise<Endpoint> {
    const endpoint = await fresh(fields)
    endpoint.receiver.answers = [answering(500)]
    await endpoint.hand(40)
    await endpoint.run()
    return endpoint
  }

  it('ends a round after five failures running, tries one after 1, 5 and every 30 minutes, and opens by a success', async () => {
    const endpoint = await tripped()
    const calls = () => endpoint.receiver.received.length
    // Four more were in flight.
    expect(calls()).toBeLessThan(10)
    let before = calls()
    for (const pause of [MINUTE, 5 * MINUTE, 30 * MINUTE, 30 * MINUTE]) {
      await endpoint.run(pause - SECOND)
      expect(calls()).toBe(before)
      await endpoint.run(SECOND)
      expect(calls()).toBe(before + 1)
      before = calls()
    }
    endpoint.receiver.answers = [answering(200)]
    await endpoint.run(30 * MINUTE)
    expect(calls()).toBe(before + 1)
    await endpoint.run()
    expect(calls()).toBeGreaterThan(before + 20)
  })

  it('stays tripped over a crash', async () => {
    const endpoint = await tripped()
    const calls = endpoint.receiver.received.length
    await endpoint.restart()
    await endpoint.run(MINUTE - SECOND)
    expect(endpoint.receiver.received).toHaveLength(calls)
    await endpoint.run(SECOND)
    expect(endpoint.receiver.received).toHaveLength(calls + 1)
  })

  it('gives up after nothing but failures for five days: an event, and a mail to owners and admins', async () => {
    const endpoint = await tripped()
    for (let half = 0; half < 10; half += 1) {
      await endpoint.hand(1)
      await endpoint.run(DAY / 2)
    }
    const webhook = (await team?.owner.call('GET', `${WEBHOOKS}/${endpoint.id}`))?.body
    expect([webhook.is_active, webhook.disabled_reason]).toEqual([false, 'failing'])
    const { results } = await env.DB.prepare("select data from events where type = 'webhook.disabled' and subject = ?")
      .bind(endpoint.id)
      .all<{ data: string }>()
    expect(results.map(({ data }) => JSON.parse(data))).toEqual([{ reason: 'failing', host: '127.0.0.1:1' }])
    await vi.waitFor(async () => {
      const mails = await env.DB.prepare("select user_id from mails where kind = 'webhook_disabled' and user_id = ?")
        .bind(team?.owner.id)
        .all()
      expect(mails.results).toHaveLength(1)
    }, 10_000)
    const calls = endpoint.receiver.received.length
    await endpoint.hand(1)
    await endpoint.run(DAY)
    expect(endpoint.receiver.received).toHaveLength(calls)
  })
})

it('is disabled by 410, what came is kept, and goes on when it is turned on again', async () => {
  const endpoint = await fresh()
  endpoint.receiver.answers = [answering(410)]
  const ids = await endpoint.hand(1)
  await endpoint.run()
  ids.push(...(await endpoint.hand(1)))
  await endpoint.run(HOUR)
  expect(endpoint.receiver.received).toHaveLength(1)
  const path = `${WEBHOOKS}/${endpoint.id}`
  expect((await team?.owner.call('GET', path))?.body).toMatchObject({ is_active: false, disabled_reason: 'gone' })
  const changed = await team?.owner.call('PATCH', path, { is_active: true })
  expect(changed?.body).toMatchObject({ is_active: true, disabled_reason: null, propagated: true })
  endpoint.receiver.answers = [answering(200)]
  await endpoint.run()
  expect(endpoint.receiver.ids()).toEqual([ids[0], ...ids])
})

it('tells by mail once a day that it was disabled, however often it is turned on again', async () => {
  const endpoint = await fresh()
  endpoint.receiver.answers = [answering(410)]
  const mailed = async () =>
    (
      await env.DB.prepare("select count(*) as n from mails where kind = 'webhook_disabled' and user_id = ?")
        .bind(team?.owner.id)
        .first<{ n: number }>()
    )?.n ?? 0
  const before = await mailed()
  for (let time = 0; time < 3; time += 1) {
    await endpoint.hand(1)
    await endpoint.run(HOUR)
    await team?.owner.call('PATCH', `${WEBHOOKS}/${endpoint.id}`, { is_active: true })
  }
  const { results } = await env.DB.prepare("select 1 from events where type = 'webhook.disabled' and subject = ?")
    .bind(endpoint.id)
    .all()
  expect(results).toHaveLength(3)
  await vi.waitFor(async () => expect(await mailed()).toBe(before + 1), 10_000)
  await app.settled()
  expect(await mailed()).toBe(before + 1)
})

describe('an ordered endpoint', () => {
  it('sends the next when the one before was delivered or has failed', async () => {
    const endpoint = await fresh({ ordered: true })
    const ids = await endpoint.hand(3)
    endpoint.receiver.answers = [answering(500)]
    await endpoint.run()
    expect(endpoint.receiver.ids()).toEqual([ids[0]])
    await endpoint.run(SECOND)
    expect(endpoint.receiver.ids()).toEqual([ids[0]])
    endpoint.receiver.answers = [answering(200)]
    await endpoint.run(5 * SECOND)
    expect(endpoint.receiver.ids()).toEqual([ids[0], ...ids])
  })
})

describe('a batch', () => {
  it('has five seconds of events, or a hundred, and keeps its members and its id', async () => {
    const endpoint = await fresh({ batch: true })
    const first = await endpoint.hand(3)
    await endpoint.run()
    expect(endpoint.receiver.received).toHaveLength(0)
    endpoint.receiver.answers = [answering(500)]
    await endpoint.run(5 * SECOND)
    const second = await endpoint.hand(2)
    endpoint.receiver.answers = [answering(200)]
    await endpoint.run(5 * SECOND)
    const third = await endpoint.hand(100)
    await endpoint.run()
    const { received } = endpoint.receiver
    const bodies = received.map(({ json }) => json.events.map(({ id }: { id: string }) => id))
    expect(bodies).toEqual([first, first, second, third])
    expect(received.map(({ headers }) => headers.get('webhook-id'))).toEqual([first[0], first[0], second[0], third[0]])
    const delivered = (await endpoint.deliveries()).map(({ eventId, events, attempt, status }) => [
      eventId,
      events,
      attempt,
      status,
    ])
    expect(delivered).toEqual([
      [third[0], 100, 1, 'delivered'],
      [second[0], 2, 1, 'delivered'],
      [first[0], 3, 2, 'delivered'],
      [first[0], 3, 1, 'failed'],
    ])
    for (const one of received) await requireSigned(one, [endpoint.secret])
  })

  it('is delivered again as it was', async () => {
    const endpoint = await fresh({ batch: true })
    const ids = await endpoint.hand(3)
    await endpoint.run(5 * SECOND)
    const [delivery] = await endpoint.deliveries()
    await endpoint.hand(1)
    const answer = await team?.owner.call('POST', `${WEBHOOKS}/${endpoint.id}/deliveries/${delivery?.id}/redeliver`)
    expect(answer).toMatchObject({ status: 202, body: { status: 'pending', webhook_event_id: ids[0], events: 3 } })
    await endpoint.run()
    expect(endpoint.receiver.received[1]?.json.events).toEqual(endpoint.receiver.received[0]?.json.events)
  })
})

describe('a gap', () => {
  const gapsOf = (endpoint: Endpoint) =>
    env.DB.prepare("select data from events where type = 'webhook.gap' and subject = ?")
      .bind(endpoint.id)
      .all<{ data: string }>()
      .then(({ results }) => results.map(({ data }) => JSON.parse(data).events))

  it('is told when the log no longer had events: a hole in seq, and an event', async () => {
    const endpoint = await fresh({ events: ['user.updated'] })
    await endpoint.hand(1)
    await endpoint.hand(1, {}, 7)
    await endpoint.run()
    expect(endpoint.receiver.received.map(({ json }) => json.seq)).toEqual([1, 3])
    expect(await gapsOf(endpoint)).toEqual([7])
  })

  it('is told when too many wait, once an hour at most, and not of itself', async () => {
    const endpoint = await fresh({ is_active: false })
    await endpoint.inside((_, { storage }) => {
      storage.sql.exec(
        `with recursive n (i) as (select 1 union all select i + 1 from n where i < 10000)
         insert into waiting (seq, head, next_at) select i, i, 0 from n`,
      )
      storage.sql.exec("insert into state (name, value) values ('last_seq', 10000)")
    })
    await endpoint.hand(3)
    await endpoint.run()
    expect(await gapsOf(endpoint)).toEqual([3])
    await endpoint.hand(1, { type: 'webhook.gap', subject: endpoint.id })
    await endpoint.hand(2)
    await endpoint.run(MINUTE)
    expect(await gapsOf(endpoint)).toEqual([3])
    await endpoint.run(HOUR)
    expect(await gapsOf(endpoint)).toEqual([3, 2])
    expect(await endpoint.waiting()).toHaveLength(10_000)
  })
})

it('sends nothing after its deletion, and keeps nothing', async () => {
  const endpoint = await fresh()
  await endpoint.hand(3)
  const answer = await team?.owner.call('DELETE', `${WEBHOOKS}/${endpoint.id}`)
  expect(answer).toMatchObject({ status: 200, body: { propagated: true } })
  await runDurableObjectAlarm(webhookStub(endpoint.id))
  expect(endpoint.receiver.received).toEqual([])
  expect(await endpoint.stub().takeEvents({ topic: endpoint.topic, events: [] })).toEqual({ subscribed: false })
  expect(await endpoint.inside((_, { storage }) => storage.sql.databaseSize)).toBeLessThan(20_000)
})

it('is no longer called when it is deleted while a round runs, though its object was not told', async () => {
  const endpoint = await fresh({ ordered: true })
  const ids = await endpoint.hand(3)
  endpoint.receiver.meanwhile = async () => {
    await env.DB.prepare('delete from webhook_endpoints where id = ?').bind(endpoint.id).run()
    endpoint.clock.now += 5 * SECOND
  }
  await endpoint.run()
  expect(endpoint.receiver.ids()).toEqual([ids[0]])
  await endpoint.run(DAY)
  expect(await endpoint.stub().takeEvents({ topic: endpoint.topic, events: [] })).toEqual({ subscribed: false })
})

it('sends what waited for more than a day as the record has it by then', async () => {
  const endpoint = await fresh()
  const path = `${WEBHOOKS}/${endpoint.id}`
  await team?.owner.call('PATCH', path, { is_active: false })
  const [kept, lost] = await endpoint.hand(2, { data: { name: 'Ada' } })
  await record(endpoint, kept ?? '')
  await endpoint.run(DAY + MINUTE)
  await team?.owner.call('PATCH', path, { is_active: true })
  await endpoint.run()
  const mine = endpoint.receiver.received.filter(({ json }) => json.type === 'user.updated')
  expect(mine.map(({ json }) => [json.id, json.data])).toEqual([[kept, {}]])
  expect((await endpoint.waiting()).filter(({ seq }) => seq <= 2)).toEqual([])
  expect(lost).toBeDefined()
})

describe('an event whose user is erased after its first attempt', () => {
  const redeliver = async ({ id, deliveries }: Endpoint) => {
    const [made] = await deliveries()
    await team?.owner.call('POST', `${WEBHOOKS}/${id}/deliveries/${made?.id}/redeliver`)
  }
  const turn = (isActive: boolean) => (endpoint: Endpoint) =>
    team?.owner.call('PATCH', `${WEBHOOKS}/${endpoint.id}`, { is_active: isActive })

  it.each<[string, number, (endpoint: Endpoint) => unknown, (endpoint: Endpoint) => unknown, number]>([
    ['a repeat', 200, () => undefined, redeliver, 0],
    ['a further attempt', 500, () => undefined, () => undefined, 5 * SECOND],
    ['an endpoint that is turned on again', 200, turn(false), turn(true), MINUTE + 1],
  ])('comes without its contents: %s', async (_, status, before, after, ms) => {
    const endpoint = await fresh()
    endpoint.receiver.answers = [answering(status), answering(200)]
    await before(endpoint)
    const [id = ''] = await endpoint.hand(1, { data: { name: 'Ada' } })
    await endpoint.run()
    await record(endpoint, id)
    await after(endpoint)
    await endpoint.run(ms)
    expect(endpoint.receiver.received.at(-1)?.json).toMatchObject({ id, data: {} })
    expect(await endpoint.waiting()).toEqual([])
  })
})

it('a batch whose first event the record has lost goes on with the next at its head', async () => {
  const endpoint = await fresh({ batch: true, ordered: true })
  endpoint.receiver.answers = [answering(500), answering(500), answering(200)]
  const [lost, ...kept] = await endpoint.hand(3)
  await endpoint.run(5 * SECOND)
  for (const id of kept) await record(endpoint, id)
  await endpoint.inside((_, { storage }) => storage.sql.exec('update events set event = null').toArray())
  await endpoint.run(5 * SECOND)
  expect((await endpoint.waiting()).map(({ seq, head, attempts }) => [seq, head, attempts])).toEqual([
    [2, 2, 2],
    [3, 2, 2],
  ])
  await endpoint.run(5 * MINUTE)
  expect(endpoint.receiver.ids().slice(3)).toEqual([...kept, ...kept])
  expect(endpoint.receiver.received.at(-1)?.headers.get('webhook-id')).toBe(kept[0])
  expect(await endpoint.waiting()).toEqual([])
  // Nothing is due for ever, and an attempt of before can be repeated.
  const oldest = (await endpoint.deliveries()).at(-1)
  await team?.owner.call('POST', `${WEBHOOKS}/${endpoint.id}/deliveries/${oldest?.id}/redeliver`)
  await endpoint.run()
  expect(endpoint.receiver.ids().slice(7)).toEqual(kept)
  expect(endpoint.receiver.ids().filter((id) => id === lost)).toHaveLength(1)
})

import { beforeAll, describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env } from '../../support/app.ts'
import { createTeam, openPerson, type Team } from '../../support/organizations.ts'
import { answering, type Endpoint, make, openEndpoint, requireSigned, WEBHOOKS } from './support.ts'

const app = createTestApp()
const SECOND = 1000
const codeOf = ({ status, body }: { status: number; body: { code?: string } }) => [status, body.code]
let team: Team
beforeAll(async () => {
  team = await createTeam(app)
})

const fresh = (fields: object = {}) => openEndpoint(team.owner, { organization_id: team.id, ...fields })
const at = ({ id }: Pick<Endpoint, 'id'>, rest = '') => `${WEBHOOKS}/${id}${rest}`
const iso = (time: number) => new Date(time).toISOString()

interface Recorded {
  readonly type?: string
  readonly time: number
  readonly organizationId?: string | null
  readonly userId?: string | null
  readonly data?: object
}

/** Rows of the record, as delivered. Returns their ids. */
async function record(...rows: Recorded[]): Promise<string[]> {
  const ids = rows.map(() => newUuid())
  const insert = env.DB.prepare(
    `insert into events (id, type, time, subject, user_id, actor_type, actor_id, organization_id, data, ip, user_agent, delivered_at)
     values (?, ?, ?, 'subject', ?, 'system', 'test', ?, ?, '192.0.2.9', 'secret agent', 1)`,
  )
  await env.DB.batch(
    rows.map(({ type = 'user.updated', time, userId = null, organizationId = team.id, data = {} }, index) =>
      insert.bind(ids[index], type, time, userId, organizationId, JSON.stringify(data)),
    ),
  )
  return ids
}

describe('deliveries', () => {
  it('are a bare list, the newest first, in pages', async () => {
    const endpoint = await fresh()
    endpoint.receiver.answers = [answering(500), answering(200)]
    const [id] = await endpoint.hand(1)
    await endpoint.run()
    await endpoint.run(5 * SECOND)
    const { status, body } = await team.owner.call('GET', at(endpoint, '/deliveries'))
    expect(status).toBe(200)
    const common = { webhook_endpoint_id: endpoint.id, webhook_event_id: id, event_type: 'user.updated', events: 1 }
    expect(body).toEqual([
      {
        ...common,
        id: expect.any(String),
        status: 'delivered',
        status_code: 200,
        response_body: 'status 200',
        error: null,
        attempt: 2,
        duration_ms: expect.any(Number),
        delivered_at: body[0].created_at,
        created_at: iso(endpoint.clock.now),
      },
      expect.objectContaining({
        ...common,
        status: 'failed',
        status_code: 500,
        error: 'status 500',
        attempt: 1,
        delivered_at: null,
      }),
    ])
    const paged = await team.owner.call('GET', at(endpoint, '/deliveries?limit=1&offset=1'))
    expect(paged.body).toEqual([body[1]])
    expect((await team.owner.call('GET', at(endpoint, '/deliveries?limit=1001'))).status).toBe(422)
  })

  it('are repeated under the same id, and the repeat has the id that was answered', async () => {
    const endpoint = await fresh()
    const [id] = await endpoint.hand(1)
    await endpoint.run()
    const [first] = (await team.owner.call('GET', at(endpoint, '/deliveries'))).body
    const again = await team.owner.call('POST', at(endpoint, `/deliveries/${first.id}/redeliver`))
    expect(again).toMatchObject({ status: 202, body: { webhook_event_id: id, status: 'pending', attempt: 1 } })
    await endpoint.run()
    expect(endpoint.receiver.ids()).toEqual([id, id])
    expect((await team.owner.call('GET', at(endpoint, '/deliveries'))).body[0]).toMatchObject({
      id: again.body.id,
      status: 'delivered',
    })
    const [one, two] = endpoint.receiver.received
    expect(one?.body).toBe(two?.body)
  })

  it('of another endpoint, and unknown ones, are 404', async () => {
    const [endpoint, other] = [await fresh(), await fresh()]
    await other.hand(1)
    await other.run()
    const [foreign] = (await team.owner.call('GET', at(other, '/deliveries'))).body
    for (const id of [foreign.id, newUuid()])
      expect(codeOf(await team.owner.call('POST', at(endpoint, `/deliveries/${id}/redeliver`)))).toEqual([
        404,
        'DELIVERY_NOT_FOUND',
      ])
    expect((await team.owner.call('POST', at(endpoint, '/deliveries/x/redeliver'))).status).toBe(400)
  })

  it('repeated by two at once are made once more', async () => {
    const endpoint = await fresh()
    await endpoint.hand(1)
    await endpoint.run()
    const [{ id }] = (await team.owner.call('GET', at(endpoint, '/deliveries'))).body
    const path = at(endpoint, `/deliveries/${id}/redeliver`)
    const both = await Promise.all([team.owner.call('POST', path), team.owner.call('POST', path)])
    expect(both.map(({ status }) => status)).toEqual([202, 202])
    await endpoint.run()
    expect(endpoint.receiver.received).toHaveLength(2)
  })

  it('are counted by the day', async () => {
    const endpoint = await fresh()
    endpoint.receiver.answers = [answering(500), answering(200)]
    await endpoint.hand(2)
    await endpoint.run()
    const { body } = await team.owner.call('GET', at(endpoint, '/stats?days=1'))
    expect(body).toEqual({
      total_deliveries: 2,
      successful: 1,
      failed: 1,
      success_rate: 50,
      average_delivery_time: expect.any(Number),
      period_days: 1,
      waiting: 1,
      paused_until: null,
    })
    await endpoint.run(2 * 86_400_000)
    expect((await team.owner.call('GET', at(endpoint, '/stats?days=1'))).body.failed).toBeLessThan(2)
    expect((await team.owner.call('GET', at(endpoint, '/stats?days=0'))).status).toBe(422)
  })
})

it('lists the events that it knows, as the record has them now', async () => {
  const endpoint = await fresh()
  const [kept, erased] = await endpoint.hand(2, { data: { name: 'Ada' } })
  await env.DB.prepare(
    `insert into events (id, type, time, subject, actor_type, actor_id, organization_id, data, delivered_at)
     values (?, 'user.updated', 5, 'x', 'system', 'test', ?, '{}', 1)`,
  )
    .bind(erased, team.id)
    .run()
  const { body } = await team.owner.call('GET', at(endpoint, '/events'))
  expect(body).toEqual({
    events: [
      { id: erased, type: 'user.updated', data: {}, created_at: iso(5) },
      { id: kept, type: 'user.updated', data: { name: 'Ada' }, created_at: expect.any(String) },
    ],
    total: 2,
  })
  expect((await team.owner.call('GET', at(endpoint, '/events?limit=1&offset=1'))).body).toMatchObject({
    events: [{ id: kept }],
    total: 2,
  })
})

describe('recovery', () => {
  it('delivers what the endpoint wants of a time, in its order and scope, once', async () => {
    const endpoint = await fresh({ events: ['user.updated', 'session.*'] })
    const other = (await createTeam(app)).id
    const T = Date.UTC(2020, 0, 1)
    const [before, first, unwanted, foreign, nobodys, second, after] = await record(
      { time: T - 1 },
      { time: T, data: { n: 1 } },
      { time: T + 1, type: 'passkey.renamed' },
      { time: T + 2, organizationId: other },
      { time: T + 3, organizationId: null },
      { time: T + 4, type: 'session.created', userId: newUuid() },
      { time: T + 5 },
    )
    const answer = await team.owner.call('POST', at(endpoint, '/recover'), { since: iso(T), until: iso(T + 5) })
    expect(answer).toEqual({ status: 202, body: { recovered: 2, has_more: false, next_since: null } })
    await endpoint.run()
    expect(endpoint.receiver.ids()).toEqual([first, second])
    expect(endpoint.receiver.received.map(({ json }) => json.seq)).toEqual([1, 2])
    expect(endpoint.receiver.received[0]?.body).not.toMatch(/192\.0\.2\.9|secret agent/)
    for (const id of [before, unwanted, foreign, nobodys, after]) expect(endpoint.receiver.ids()).not.toContain(id)
    // Again: under the numbers of before.
    await team.owner.call('POST', at(endpoint, '/recover'), { since: iso(T), until: iso(T + 5) })
    await endpoint.run()
    expect(endpoint.receiver.received.map(({ json }) => json.seq)).toEqual([1, 2, 1, 2])
  })

  it('delivers once what waits already', async () => {
    const endpoint = await fresh()
    const T = Date.UTC(2020, 1, 1)
    const ids = await record({ time: T }, { time: T })
    const body = { since: iso(T), until: iso(T + 1) }
    const both = await Promise.all([1, 2].map(() => team.owner.call('POST', at(endpoint, '/recover'), body)))
    expect(both.map((answer) => answer.body.recovered)).toEqual([2, 2])
    await endpoint.run()
    expect(endpoint.receiver.ids()).toEqual(ids)
  })

  it('goes on where a call ended, when 10,000 wait', async () => {
    const endpoint = await fresh({ is_active: false })
    const T = Date.UTC(2020, 2, 1)
    await record({ time: T }, { time: T + 1 }, { time: T + 2 })
    await endpoint.inside((_, { storage }) => {
      storage.sql.exec(
        `with recursive n (i) as (select 1 union all select i + 1 from n where i < 9998)
         insert into waiting (seq, head, next_at) select i, i, 0 from n`,
      )
      storage.sql.exec("insert into state (name, value) values ('last_seq', 9998)")
    })
    const { body } = await team.owner.call('POST', at(endpoint, '/recover'), { since: iso(T), until: iso(T + 9) })
    expect(body).toEqual({ recovered: 2, has_more: true, next_since: iso(T + 2) })
  })

  it('goes on at the first event that a call of 10,000 did not take', async () => {
    const endpoint = await fresh({ is_active: false })
    const T = Date.UTC(2020, 5, 1)
    // Every fourth is not wanted, so that the call ends within a page.
    await env.DB.prepare(
      `with recursive n (i) as (select 0 union all select i + 1 from n where i < 13499)
       insert into events (id, type, time, subject, actor_type, actor_id, organization_id, data, delivered_at)
       select ?1 || i, case i % 4 when 3 then 'passkey.renamed' else 'user.updated' end, ?2 + i, 's', 'system', 'test', ?3, '{}', 1 from n`,
    )
      .bind(newUuid(), T, team.id)
      .run()
    const recover = async (since: string) =>
      (await team.owner.call('POST', at(endpoint, '/recover'), { since, until: iso(T + 13_500) })).body
    expect(await recover(iso(T))).toEqual({ recovered: 10_000, has_more: true, next_since: iso(T + 13_333) })
    await endpoint.inside((_, { storage }) => storage.sql.exec('delete from waiting').toArray())
    expect(await recover(iso(T + 13_333))).toEqual({ recovered: 125, has_more: false, next_since: null })
  })

  it('is for ten calls an hour and endpoint, a repeat of a delivery for sixty a minute', async () => {
    const [endpoint, other] = [await fresh(), await fresh()]
    const body = { since: iso(Date.UTC(2019, 0, 1)), until: iso(Date.UTC(2019, 0, 2)) }
    const admin = await team.join('admin')
    const times = async (limit: number, call: (person: typeof admin) => Promise<{ status: number }>) => {
      const both = [team.owner, admin]
      const answers = await Promise.all(Array.from({ length: limit + 2 }, (_, n) => call(both[n % 2] ?? admin)))
      return answers.filter(({ status }) => status === 429).length
    }
    expect(await times(10, (person) => person.call('POST', at(endpoint, '/recover'), body))).toBe(2)
    const limited = await team.owner.call('POST', at(endpoint, '/recover'), body)
    expect(codeOf(limited)).toEqual([429, 'RATE_LIMIT_EXCEEDED'])
    const again = at(endpoint, `/deliveries/${newUuid()}/redeliver`)
    expect(await times(60, (person) => person.call('POST', again))).toBe(2)
    expect((await team.owner.call('POST', at(other, '/recover'), body)).status).toBe(202)
  })

  it('has pages of the record', async () => {
    const endpoint = await fresh()
    const T = Date.UTC(2020, 3, 1)
    await record(...Array.from({ length: 1001 }, (_, n) => ({ time: T + Math.floor(n / 3) })))
    const { body } = await team.owner.call('POST', at(endpoint, '/recover'), { since: iso(T), until: iso(T + 1000) })
    expect(body).toEqual({ recovered: 1001, has_more: false, next_since: null })
    expect(await endpoint.waiting()).toHaveLength(1001)
  })

  it('of a user has what is theirs alone', async () => {
    const ada = await openPerson(app)
    const endpoint = await openEndpoint(ada)
    const T = Date.UTC(2020, 4, 1)
    const [own] = await record(
      { time: T, userId: ada.id, organizationId: null },
      { time: T, userId: newUuid(), organizationId: null },
      { time: T },
    )
    await ada.call('POST', at(endpoint, '/recover'), { since: iso(T), until: iso(T + 1) })
    await endpoint.run()
    expect(endpoint.receiver.ids()).toEqual([own])
  })

  it('wants a time that begins before it ends', async () => {
    const { id } = (await make(team.owner, { organization_id: team.id })).body
    for (const body of [
      {},
      { since: 'yesterday' },
      { since: '2026-01-01T00:00:00Z', until: '2026-01-01T00:00:00Z' },
      { since: '2999-01-01T00:00:00Z' },
    ])
      expect(codeOf(await team.owner.call('POST', at({ id }, '/recover'), body))).toEqual([422, 'VALIDATION_ERROR'])
  })
})

describe('a test', () => {
  it('is posted at once, signed, and says what came of it', async () => {
    const { receiver, secret, id } = await fresh()
    const posting = createTestApp({ override: (ctx) => ({ ...ctx, fetch: receiver.fetch }) })
    const test = async () => {
      const answer = await posting.fetch(at({ id }, '/test'), { method: 'POST', headers: team.owner.headers })
      return { status: answer.status, body: await answer.json() }
    }
    expect(await test()).toEqual({
      status: 200,
      body: {
        message: 'The test event was delivered',
        success: true,
        status_code: 200,
        response_time_ms: expect.any(Number),
        error: null,
      },
    })
    const [received] = receiver.received
    if (!received) throw new Error('nothing was received')
    await requireSigned(received, [secret])
    expect(received.json).toMatchObject({
      type: 'system.alert',
      event: 'system.alert',
      seq: null,
      data: { test: true },
    })
    receiver.answers = [answering(302, { location: 'http://127.0.0.1/' })]
    expect((await test()).body).toMatchObject({ success: false, status_code: 302, error: 'status 302' })
    receiver.answers = [() => Promise.reject(new TypeError('no'))]
    expect((await test()).body).toMatchObject({ success: false, status_code: null, error: 'unreachable' })
  })
})

describe('a signature', () => {
  const secret = 'a'.repeat(64)
  const hmac = async (text: string) => {
    const bytes = new TextEncoder()
    const key = await crypto.subtle.importKey('raw', bytes.encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
      'sign',
    ])
    return new Uint8Array(await crypto.subtle.sign('HMAC', key, bytes.encode(text))).toHex()
  }
  const verify = (body: object, query: Record<string, string> = {}) =>
    team.owner.call('POST', `${WEBHOOKS}/verify-signature?${new URLSearchParams(query)}`, body)

  it('is checked from the body, else from the query, with or without a time', async () => {
    const payload = '{"a":1}'
    const [plain, timed] = [await hmac(payload), await hmac(`1700000000.${payload}`)]
    const checks: readonly (readonly [object, Record<string, string>, boolean])[] = [
      [{ secret, payload, signature: plain }, {}, true],
      [{ secret, payload, signature: `sha256=${plain}` }, {}, true],
      [{ secret, payload, signature: timed, timestamp: '1700000000' }, {}, true],
      [{}, { secret, payload, signature: plain }, true],
      [{ secret, payload, signature: timed }, {}, false],
      [{ secret, payload: `${payload} `, signature: plain }, {}, false],
      [{ secret: 'b'.repeat(64), payload, signature: plain }, {}, false],
      [{ secret, payload, signature: plain.slice(2) }, {}, false],
      [{ secret, payload, signature: 'zz' }, {}, false],
    ]
    for (const [body, query, valid] of checks)
      expect(await verify(body, query), JSON.stringify([body, query])).toEqual({ status: 200, body: { valid } })
  })

  it('is 422 without its parts', async () => {
    for (const body of [{}, { secret }, { secret, payload: 'x' }])
      expect(codeOf(await verify(body))).toEqual([422, 'VALIDATION_ERROR'])
  })
})

it('serves both forms of the list', async () => {
  for (const path of [WEBHOOKS, `${WEBHOOKS}/`]) expect((await team.owner.call('GET', path)).status).toBe(200)
  const active = (await team.owner.call('GET', `${WEBHOOKS}?is_active=false&organization_id=${team.id}`)).body
  expect(active.endpoints.every(({ is_active }: { is_active: boolean }) => !is_active)).toBe(true)
})

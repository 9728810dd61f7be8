import { describe, expect, it, vi } from 'vitest'
import { openSession } from '../../../src/features/sessions/service/opening.ts'
import { resealWebhooks } from '../../../src/features/webhooks/service/secrets.ts'
import { runScheduled } from '../../../src/jobs.ts'
import { createTestApp, env } from '../../support/app.ts'
import { createTeam, openPerson, type Person, withTwoFactors } from '../../support/organizations.ts'
import { PASSWORD } from '../../support/world.ts'
import { erase, rowsOf } from '../account/erasure-support.ts'
import { interfering } from '../rbac/support.ts'
import { answering, attach, make, NEW, openEndpoint, requireSigned, URL_OF_NOBODY, WEBHOOKS } from './support.ts'

const app = createTestApp()
const [SECOND, MINUTE, DAY] = [1000, 60_000, 86_400_000]
const codeOf = ({ status, body }: { status: number; body: { code?: string } }) => [status, body.code]
const openAdmin = () => openPerson(app, { role: 'admin' })

const eventsOf = async (subject: string) =>
  (
    await rowsOf<{ type: string; user_id: string | null; organization_id: string | null; data: string }>(
      'select type, user_id, organization_id, data from events where subject = ? order by position',
      subject,
    )
  ).map(({ data, ...row }) => ({ ...row, data: JSON.parse(data) }))

/** The person in a session whose factor was proved eleven minutes ago, as a thief has it. */
async function stale(person: Person): Promise<Person> {
  const ctx = await app.ctx()
  const { tokens } = await openSession(
    { ...ctx, now: () => Date.now() - 11 * MINUTE },
    { user: person.user, amr: ['pwd'] },
  )
  return person.withToken(tokens.accessToken)
}

describe('an endpoint', () => {
  it('of an organization is made by its admins; the secret is answered once, in two forms', async () => {
    const team = await createTeam(app)
    const admin = await team.join('admin')
    const { status, body } = await make(admin, {
      organization_id: team.id,
      events: ['user.*', '*'],
      description: 'To us',
    })
    expect(status).toBe(201)
    expect(body).toEqual({
      id: expect.any(String),
      organization_id: team.id,
      user_id: null,
      url: URL_OF_NOBODY,
      events: ['user.*', '*'],
      description: 'To us',
      headers: {},
      has_authorization: false,
      ordered: false,
      batch: false,
      audit: false,
      is_active: true,
      disabled_reason: null,
      version: 1,
      former_secret_until: null,
      created_by: admin.id,
      created_at: expect.stringMatching(/Z$/),
      updated_at: body.created_at,
      propagated: true,
      secret: expect.stringMatching(/^[0-9a-f]{64}$/),
      whsec: `whsec_${btoa(body.secret)}`,
    })
    const { secret: _, whsec: __, propagated: ___, ...shown } = body
    const owner = team.owner
    expect((await owner.call('GET', `${WEBHOOKS}/${body.id}`)).body).toEqual(shown)
    expect((await owner.call('GET', `${WEBHOOKS}/?organization_id=${team.id}`)).body).toEqual({
      endpoints: [shown],
      webhooks: [shown],
      total: 1,
    })
    const [row] = await rowsOf<Record<string, unknown>>('select * from webhook_endpoints where id = ?', body.id)
    expect(JSON.stringify(row)).not.toContain(body.secret)
    expect(await eventsOf(body.id)).toEqual([
      {
        type: 'webhook.created',
        user_id: null,
        organization_id: team.id,
        data: {
          after: {
            host: '127.0.0.1:1',
            events: ['user.*', '*'],
            description: 'To us',
            ordered: false,
            batch: false,
            audit: false,
            is_active: true,
            disabled_reason: null,
            headers: [],
          },
        },
      },
    ])
  })

  it('is changed field by field, deleted with everything, and both are events without its address', async () => {
    const team = await createTeam(app)
    const { id } = (await make(team.owner, { organization_id: team.id })).body
    const path = `${WEBHOOKS}/${id}`
    const changed = await team.owner.call('PATCH', path, {
      url: 'https://hooks.example.test/T0/B0/secret?token=s',
      headers: { 'X-Key': 'hidden' },
      authorization: 'Bearer hidden',
    })
    expect(changed).toMatchObject({
      status: 200,
      body: { has_authorization: true, headers: { 'X-Key': 'hidden' }, version: 2 },
    })
    expect(JSON.stringify(changed.body)).not.toContain('Bearer')
    expect((await team.owner.call('PUT', path, { authorization: null, description: 'x' })).body).toMatchObject({
      has_authorization: false,
      description: 'x',
      events: ['user.*'],
    })
    expect(await team.owner.call('DELETE', path)).toMatchObject({ status: 200, body: { propagated: true } })
    expect(codeOf(await team.owner.call('GET', path))).toEqual([404, 'WEBHOOK_NOT_FOUND'])
    expect(codeOf(await team.owner.call('DELETE', path))).toEqual([404, 'WEBHOOK_NOT_FOUND'])
    const events = await eventsOf(id)
    expect(events.map(({ type }) => type)).toEqual([
      'webhook.created',
      'webhook.updated',
      'webhook.updated',
      'webhook.deleted',
    ])
    expect(events[1]?.data.after).toMatchObject({ host: 'hooks.example.test', headers: ['X-Key'] })
    expect(JSON.stringify(events)).not.toMatch(/secret\?|T0|hidden/)
  })

  it('of a user gets what happens to that user, and is nobody else’s', async () => {
    const [ada, eve, admin] = await Promise.all([openPerson(app), openPerson(app), openAdmin()])
    const endpoint = await attach((await make(ada, { events: ['user.updated'] })).body)
    expect(endpoint.webhook).toMatchObject({ user_id: ada.id, organization_id: null })
    await ada.call('PATCH', '/api/v1/users/me', { first_name: 'Ada' })
    await eve.call('PATCH', '/api/v1/users/me', { first_name: 'Eve' })
    await app.settled()
    await vi.waitFor(async () => expect(await endpoint.waiting()).toHaveLength(1), { timeout: 10_000, interval: 20 })
    await endpoint.run()
    expect(endpoint.receiver.received.map(({ json }) => [json.type, json.user_id])).toEqual([['user.updated', ada.id]])
    for (const other of [eve, admin]) {
      expect(codeOf(await other.call('GET', `${WEBHOOKS}/${endpoint.id}`))).toEqual([404, 'WEBHOOK_NOT_FOUND'])
      expect((await other.call('GET', WEBHOOKS)).body.endpoints.map(({ id }: { id: string }) => id)).not.toContain(
        endpoint.id,
      )
    }
  })

  it('of a user is mailed to them, that of an organization to nobody', async () => {
    const team = await createTeam(app)
    await make(team.owner, { organization_id: team.id })
    const ada = await openPerson(app)
    await make(ada)
    await app.settled()
    const told = await rowsOf<{ user_id: string }>(
      "select user_id from mails where kind = 'webhook_created' and user_id in (?, ?)",
      team.owner.id,
      ada.id,
    )
    expect(told).toEqual([{ user_id: ada.id }])
  })

  it('of a user gets nothing while they may not sign in', async () => {
    const ada = await openPerson(app)
    const endpoint = await openEndpoint(ada)
    const [waits] = await endpoint.hand(1)
    await env.DB.prepare("update users set status = 'suspended' where id = ?").bind(ada.id).run()
    endpoint.clock.now += 5 * SECOND
    await endpoint.hand(1)
    await endpoint.run()
    expect(endpoint.receiver.received).toEqual([])
    await env.DB.prepare("update users set status = 'active' where id = ?").bind(ada.id).run()
    endpoint.clock.now += 5 * SECOND
    const [later] = await endpoint.hand(1)
    await endpoint.run()
    expect(endpoint.receiver.ids()).toEqual([waits, later])
  })

  it('of the platform gets everything, with address and user agent where that is asked for', async () => {
    const admin = await openAdmin()
    const endpoint = await openEndpoint(admin, { audit: true })
    expect(endpoint.webhook).toMatchObject({ user_id: null, organization_id: null, audit: true })
    await endpoint.hand(1, { organizationId: 'any', userId: 'anybody' })
    await endpoint.run()
    expect(endpoint.receiver.received[0]?.json).toMatchObject({ ip: '192.0.2.9', user_agent: 'secret agent' })
    // A receiver may echo what it got.
    expect((await endpoint.deliveries())[0]).toMatchObject({ status: 'delivered', answer: null })
    const other = await openAdmin()
    expect((await other.call('GET', `${WEBHOOKS}/${endpoint.id}`)).status).toBe(200)
    await other.call('DELETE', `${WEBHOOKS}/${endpoint.id}`)
  })

  it('ends with its organization', async () => {
    const team = await createTeam(app)
    const endpoint = await openEndpoint(team.owner, { organization_id: team.id })
    await endpoint.hand(1)
    await env.DB.prepare('update organizations set deleted_at = 1 where id = ?').bind(team.id).run()
    await endpoint.run(5 * SECOND)
    expect(endpoint.receiver.received).toEqual([])
    expect(await endpoint.stub().takeEvents({ topic: endpoint.topic, events: [] })).toEqual({ subscribed: false })
  })
})

describe('bad input', () => {
  const faults: readonly (readonly [name: string, fields: object])[] = [
    ['no events', { events: [] }],
    ['an unknown event', { events: ['user.exploded'] }],
    ['an unknown pattern', { events: ['nothing.*'] }],
    ['a pattern in the middle', { events: ['user*'] }],
    ['too many events', { events: Array.from({ length: 101 }, () => '*') }],
    ['audit for an organization', { audit: true }],
    ['21 headers', { headers: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`x-${i}`, 'v'])) }],
    ['a header twice', { headers: { 'X-A': '1', 'x-a': '2' } }],
    ['a header in two spellings', { headers: { 'X-A': '1', X_A: '2' } }],
    ['a name that is none', { headers: { 'x y': '1' } }],
    ['a line break in a value', { headers: { 'x-a': 'a\r\nhost: b' } }],
    ['a line break in authorization', { authorization: 'a\r\nx: y' }],
    ['a long value', { headers: { 'x-a': 'a'.repeat(1025) } }],
    ['a long address', { url: `https://hooks.example.test/${'a'.repeat(2048)}` }],
    ...[
      'Authorization',
      'cookie',
      'Host',
      'content-type',
      'Content-Length',
      'webhook-id',
      'X-Webhook-Signature',
      'x-janua-signature',
      'X-Forwarded-For',
      'CF-Connecting-IP',
      'connection',
      'Transfer-Encoding',
      'upgrade',
      'te',
      'proxy-authorization',
      'user-agent',
      'svix-id',
      'Svix_Signature',
      'True-Client-IP',
      'X_Forwarded_For',
      'webhook_id',
      'x-janua_signature',
    ].map((name) => [`the header ${name}`, { headers: { [name]: 'x' } }] as const),
  ]

  it('is 422, at creation and at a change', async () => {
    const team = await createTeam(app)
    const { id } = (await make(team.owner, { organization_id: team.id })).body
    for (const [name, fields] of faults) {
      const answers = [
        await make(team.owner, { organization_id: team.id, ...fields }),
        await team.owner.call('PATCH', `${WEBHOOKS}/${id}`, fields),
      ]
      expect(answers.map(codeOf), name).toEqual(Array.from({ length: 2 }, () => [422, 'VALIDATION_ERROR']))
    }
    const kept = await rowsOf('select id from webhook_endpoints where organization_id = ?', team.id)
    expect(kept).toHaveLength(1)
  })

  it('names every event of ours and of Janua’s, and takes each', async () => {
    const team = await createTeam(app)
    const names: string[] = (await team.owner.call('GET', `${WEBHOOKS}/events/types`)).body
    expect(names).toEqual(
      expect.arrayContaining(['user.created', 'webhook.gap', 'organization.member.added', 'system.alert']),
    )
    const extra = ['*', 'organization.*', 'security.*', 'payment.*', 'subscription.*', 'organization.member.*']
    for (const events of [names.slice(0, 60), [...names.slice(60), ...extra]])
      expect((await make(team.owner, { organization_id: team.id, events })).status).toBe(201)
  })
})

it('loses its authorization with another origin, unless it is given anew: a new receiver must not read it', async () => {
  const team = await createTeam(app)
  const { id } = (await make(team.owner, { organization_id: team.id, authorization: 'Bearer s3' })).body
  const change = async (fields: object) =>
    (await team.owner.call('PATCH', `${WEBHOOKS}/${id}`, fields)).body.has_authorization
  const origin = new URL(URL_OF_NOBODY).origin
  expect(await change({ url: `${origin}/other`, description: 'x' })).toBe(true)
  expect(await change({ url: 'https://hooks.example.test/in', authorization: 'Bearer s4' })).toBe(true)
  expect(await change({ url: 'https://hooks.example.test:8443/in' })).toBe(false)
  const [row] = await rowsOf('select authorization_sealed from webhook_endpoints where id = ?', id)
  expect(row).toEqual({ authorization_sealed: null })
})

describe('who may', () => {
  it('members may not, strangers find nothing, whoever lost the right may no longer', async () => {
    const team = await createTeam(app)
    const [member, admin, stranger] = [await team.join('member'), await team.join('admin'), await openPerson(app)]
    const { id } = (await make(team.owner, { organization_id: team.id })).body
    const path = `${WEBHOOKS}/${id}`
    const paths = [
      ['GET', path],
      ['PATCH', path, { description: 'x' }],
      ['DELETE', path],
      ['POST', `${path}/test`],
      ['GET', `${path}/deliveries`],
      ['GET', `${path}/events`],
      ['GET', `${path}/stats`],
      ['POST', `${path}/regenerate-secret`],
      ['POST', `${path}/recover`, { since: '2026-01-01T00:00:00Z' }],
      ['POST', `${path}/deliveries/${id}/redeliver`],
    ] as const
    for (const [method, at, body] of paths) {
      expect(codeOf(await member.call(method, at, body)), `${method} ${at}`).toEqual([403, 'INSUFFICIENT_PERMISSIONS'])
      expect(codeOf(await stranger.call(method, at, body)), `${method} ${at}`).toEqual([404, 'WEBHOOK_NOT_FOUND'])
    }
    expect(codeOf(await make(member, { organization_id: team.id }))).toEqual([403, 'INSUFFICIENT_PERMISSIONS'])
    expect(codeOf(await make(stranger, { organization_id: team.id }))).toEqual([403, 'NOT_A_MEMBER'])
    expect((await member.call('GET', WEBHOOKS)).body.total).toBe(0)
    expect((await admin.call('GET', WEBHOOKS)).body.total).toBe(1)
    await env.DB.prepare("update memberships set role = 'member' where user_id = ?").bind(admin.id).run()
    expect(codeOf(await admin.call('PATCH', path, { description: 'x' }))).toEqual([403, 'INSUFFICIENT_PERMISSIONS'])
    expect((await admin.call('GET', WEBHOOKS)).body.total).toBe(0)
  })

  it('nobody makes one in an account that the holder of its address has not confirmed', async () => {
    const team = await createTeam(app)
    for (const state of ['email_verified_at = null', 'email_unanswered_since = 1']) {
      const [planted, admin] = [await openPerson(app), await team.join('admin')]
      await env.DB.prepare(`update users set ${state} where id in (?, ?)`).bind(planted.id, admin.id).run()
      expect(codeOf(await make(planted))).toEqual([403, 'VERIFIED_ADDRESS_REQUIRED'])
      expect(codeOf(await make(admin, { organization_id: team.id }))).toEqual([403, 'VERIFIED_ADDRESS_REQUIRED'])
    }
    expect((await team.owner.call('GET', WEBHOOKS)).body.total).toBe(0)
  })

  it('another address or filter, a new endpoint and a new secret want a fresh factor; other changes do not', async () => {
    const team = await createTeam(app)
    const endpoint = await openEndpoint(team.owner, { organization_id: team.id })
    const thief = await stale(team.owner)
    const path = `${WEBHOOKS}/${endpoint.id}`
    const wanting = [
      ['POST', WEBHOOKS, { url: URL_OF_NOBODY, events: ['*'], organization_id: team.id }],
      ['PATCH', path, { url: 'https://thief.example.test/' }],
      ['PUT', path, { events: ['*'] }],
      ['POST', `${path}/regenerate-secret`, {}],
    ] as const
    for (const [method, at, body] of wanting)
      expect(codeOf(await thief.call(method, at, body)), `${method} ${at}`).toEqual([403, 'STEP_UP_REQUIRED'])
    expect((await thief.call('PATCH', path, { description: 'x', is_active: false, url: URL_OF_NOBODY })).status).toBe(
      200,
    )
    const proved = await thief.call('PATCH', path, { events: ['*'], password: PASSWORD })
    expect(proved).toMatchObject({ status: 200, body: { events: ['*'] } })
  })

  it.each<[string, (id: string) => Promise<unknown>]>([
    ['leaves', (id) => env.DB.prepare('update memberships set removed_at = 1 where user_id = ?').bind(id).run()],
    ['is erased', erase],
  ])('the author %s: the endpoint goes on, and the others are told once', async (_, end) => {
    const team = await createTeam(app)
    const author = await team.join('admin')
    const endpoint = await openEndpoint(author, { organization_id: team.id })
    await end(author.id)
    for (let run = 0; run < 2; run += 1) {
      await runScheduled(await app.ctx())
      await app.settled()
    }
    const told = await rowsOf<{ user_id: string }>(
      "select user_id from mails where kind = 'webhook_author_left' and user_id in (?, ?)",
      team.owner.id,
      author.id,
    )
    expect(told).toEqual([{ user_id: team.owner.id }])
    const ids = await endpoint.hand(1)
    await endpoint.run()
    expect(endpoint.receiver.ids()).toEqual(ids)
  })
})

describe('a right that is lost between check and write', () => {
  const WRITES = /^(insert into|update|delete from) "webhook_endpoints"/
  const late = async (
    person: Person,
    meanwhile: () => Promise<unknown>,
    method: string,
    path: string,
    body: object,
  ) => {
    const answer = await interfering(meanwhile, 9, WRITES).fetch(path, {
      method,
      headers: { 'content-type': 'application/json', ...person.headers },
      body: JSON.stringify(body),
    })
    return { status: answer.status, body: await answer.json<{ code?: string }>() }
  }

  it.each(['POST', 'PATCH', 'DELETE'])('does not count any more: %s', async (method) => {
    const team = await createTeam(app)
    const admin = await team.join('admin')
    const { id } = (await make(team.owner, { organization_id: team.id })).body
    const demote = () => env.DB.prepare("update memberships set role = 'member' where user_id = ?").bind(admin.id).run()
    const path = method === 'POST' ? WEBHOOKS : `${WEBHOOKS}/${id}`
    const body = method === 'POST' ? { ...NEW, organization_id: team.id } : { description: 'mine' }
    const refused = await late(admin, demote, method, path, body)
    expect(codeOf(refused)).toEqual(
      method === 'DELETE' ? [404, 'WEBHOOK_NOT_FOUND'] : [403, 'INSUFFICIENT_PERMISSIONS'],
    )
    const kept = await rowsOf('select description from webhook_endpoints where organization_id = ?', team.id)
    expect(kept).toEqual([{ description: null }])
  })

  it('of a user whose account is no longer confirmed makes no endpoint', async () => {
    const ada = await openPerson(app)
    const unconfirm = () =>
      env.DB.prepare('update users set email_unanswered_since = 1 where id = ?').bind(ada.id).run()
    expect(codeOf(await late(ada, unconfirm, 'POST', WEBHOOKS, NEW))).toEqual([403, 'VERIFIED_ADDRESS_REQUIRED'])
    expect(await rowsOf('select id from webhook_endpoints where user_id = ?', ada.id)).toEqual([])
  })

  it('of a user whose account is closed meanwhile makes no endpoint', async () => {
    const ada = await openPerson(app)
    const close = () => env.DB.prepare("update users set status = 'suspended' where id = ?").bind(ada.id).run()
    expect((await late(ada, close, 'POST', WEBHOOKS, NEW)).status).toBe(429)
    expect(await rowsOf('select id from webhook_endpoints where user_id = ?', ada.id)).toEqual([])
  })

  it('a change that others always come before is 409', async () => {
    const team = await createTeam(app)
    const { id } = (await make(team.owner, { organization_id: team.id })).body
    const touch = () => env.DB.prepare('update webhook_endpoints set version = version + 1 where id = ?').bind(id).run()
    const refused = await late(team.owner, touch, 'PATCH', `${WEBHOOKS}/${id}`, { description: 'x' })
    expect(codeOf(refused)).toEqual([409, 'WEBHOOK_MOVED'])
  })
})

describe('an organization that requires two factors', () => {
  it('shows its endpoints to sessions of two factors alone', async () => {
    const team = await createTeam(app)
    const { id } = (await make(team.owner, { organization_id: team.id })).body
    await env.DB.prepare('update organizations set require_two_factors = 1 where id = ?').bind(team.id).run()
    expect((await team.owner.call('GET', WEBHOOKS)).body.total).toBe(0)
    expect(codeOf(await team.owner.call('GET', `${WEBHOOKS}/${id}`))).toEqual([403, 'STEP_UP_REQUIRED'])
    const strong = await withTwoFactors(team.owner)
    expect((await strong.call('GET', WEBHOOKS)).body.total).toBe(1)
  })
})

describe('erasure', () => {
  it('of a user takes their endpoint, and its object forgets within a day', async () => {
    const ada = await openPerson(app)
    const endpoint = await openEndpoint(ada)
    await endpoint.hand(2, { data: { name: 'Ada' } })
    expect(await erase(ada.id)).toMatchObject({ erased: true })
    expect(await rowsOf('select id from webhook_endpoints where id = ?', endpoint.id)).toEqual([])
    await endpoint.run(DAY + MINUTE)
    expect(endpoint.receiver.received).toEqual([])
    // Whoever asks again makes empty tables.
    const left = await endpoint.inside((_, { storage }) =>
      ['events', 'waiting', 'attempts', 'state', 'days'].flatMap((table) => {
        const isThere = storage.sql.exec('select 1 from sqlite_master where name = ?', table).toArray().length > 0
        return isThere ? storage.sql.exec(`select * from ${table}`).toArray() : []
      }),
    )
    expect(left).toEqual([])
  })

  it('of somebody else leaves no content of theirs in an endpoint after a day', async () => {
    const team = await createTeam(app)
    const endpoint = await openEndpoint(team.owner, { organization_id: team.id })
    await endpoint.hand(1, { data: { name: 'Ada Lovelace' } })
    await endpoint.run()
    await endpoint.run(DAY + MINUTE)
    const stored = await endpoint.inside((_, { storage }) => storage.sql.exec('select * from events').toArray())
    expect(JSON.stringify(stored)).not.toContain('Lovelace')
  })
})

describe('limits', () => {
  it('20 endpoints an organization, 5 a user, also when they are made at once', async () => {
    const team = await createTeam(app)
    const insert = (id: string, scope: string, value: string) =>
      env.DB.prepare(
        `insert into webhook_endpoints (id, ${scope}, url, events, secret_sealed, ordered, batch, audit, told_version, created_at, updated_at)
         values (?, ?, 'https://x.example.test/', '[]', 'x', 0, 0, 0, 1, 0, 0)`,
      ).bind(id, value)
    const ada = await openPerson(app)
    await env.DB.batch([
      ...Array.from({ length: 18 }, (_, n) => insert(`${team.id}-${n}`, 'organization_id', team.id)),
      ...Array.from({ length: 4 }, (_, n) => insert(`${ada.id}-${n}`, 'user_id', ada.id)),
    ])
    const many = await Promise.all(Array.from({ length: 4 }, () => make(team.owner, { organization_id: team.id })))
    expect(many.map(({ status }) => status).toSorted()).toEqual([201, 201, 429, 429])
    const own = await Promise.all(Array.from({ length: 3 }, () => make(ada)))
    expect(own.map(codeOf).toSorted()).toEqual([
      [201, undefined],
      [429, 'LIMIT_REACHED'],
      [429, 'LIMIT_REACHED'],
    ])
    await env.DB.prepare("delete from webhook_endpoints where secret_sealed = 'x'").run()
  })

  it('ten tests a minute', async () => {
    const team = await createTeam(app)
    const { id } = (await make(team.owner, { organization_id: team.id })).body
    const statuses = []
    for (let n = 0; n < 11; n += 1) statuses.push((await team.owner.call('POST', `${WEBHOOKS}/${id}/test`)).status)
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 200), 429])
  })
})

describe('a rotation', () => {
  it('signs by both secrets until the grace is over, at each attempt anew', async () => {
    const team = await createTeam(app)
    const endpoint = await openEndpoint(team.owner, { organization_id: team.id })
    const [old, path] = [endpoint.secret, `${WEBHOOKS}/${endpoint.id}/regenerate-secret`]
    const graced = await team.owner.call('POST', path, { grace_seconds: 7200 })
    expect(graced).toMatchObject({
      status: 200,
      body: { propagated: true, secret: expect.stringMatching(/^[0-9a-f]{64}$/) },
    })
    const next = graced.body.secret
    expect(next).not.toBe(old)
    endpoint.receiver.answers = [answering(500), answering(200)]
    await endpoint.hand(1)
    await endpoint.run()
    const ended = await team.owner.call('POST', path, { grace_seconds: 0 })
    await endpoint.run(5 * SECOND)
    const [first, second] = endpoint.receiver.received
    if (!first || !second) throw new Error('nothing was received')
    await requireSigned(first, [next, old])
    await requireSigned(second, [ended.body.secret])
    expect(second.headers.get('webhook-signature')).not.toBe(first.headers.get('webhook-signature'))
    expect((await eventsOf(endpoint.id)).map(({ type, data }) => [type, data.grace_seconds]).slice(1)).toEqual([
      ['webhook.secret_regenerated', 7200],
      ['webhook.secret_regenerated', 0],
    ])
  })

  it('is a day of grace when nothing is said, and 422 beyond seven', async () => {
    const team = await createTeam(app)
    const { id } = (await make(team.owner, { organization_id: team.id })).body
    const path = `${WEBHOOKS}/${id}/regenerate-secret`
    const { body } = await team.owner.call('POST', path)
    // Another would end the first one's grace: the receivers' secret would sign no more.
    expect(codeOf(await team.owner.call('POST', path))).toEqual([409, 'WEBHOOK_IN_GRACE'])
    expect((await team.owner.call('GET', `${WEBHOOKS}/${id}`)).body.version).toBe(body.version)
    expect(Date.parse(body.former_secret_until) - Date.parse(body.updated_at)).toBe(DAY)
    for (const grace_seconds of [-1, 604_801, 1.5])
      expect(codeOf(await team.owner.call('POST', path, { grace_seconds }))).toEqual([422, 'VALIDATION_ERROR'])
  })

  it('at once by two is made once, and its secret and the former one sign', async () => {
    const team = await createTeam(app)
    const endpoint = await openEndpoint(team.owner, { organization_id: team.id })
    const path = `${WEBHOOKS}/${endpoint.id}/regenerate-secret`
    const both = await Promise.all([team.owner.call('POST', path), team.owner.call('POST', path)])
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409])
    const refused = both.find(({ status }) => status === 409)
    expect(['WEBHOOK_MOVED', 'WEBHOOK_IN_GRACE']).toContain(refused?.body.code)
    await endpoint.hand(1)
    await endpoint.run()
    const [received] = endpoint.receiver.received
    if (!received) throw new Error('nothing was received')
    await requireSigned(received, [both.find(({ status }) => status === 200)?.body.secret, endpoint.secret])
  })
})

it('two changes at once both count', async () => {
  const team = await createTeam(app)
  const { id } = (await make(team.owner, { organization_id: team.id })).body
  const path = `${WEBHOOKS}/${id}`
  const both = await Promise.all([
    team.owner.call('PATCH', path, { description: 'x' }),
    team.owner.call('PATCH', path, { batch: true }),
  ])
  expect(both.map(({ status }) => status)).toEqual([200, 200])
  expect((await team.owner.call('GET', path)).body).toMatchObject({ description: 'x', batch: true, version: 3 })
})

it('a new root secret opens what the previous one sealed, and cron seals it anew', async () => {
  const secrets = {
    ROOT_SECRET: 'another-root-secret-0123456789-0123456789-0123456789',
    ROOT_SECRET_PREVIOUS: 'test-root-secret-0123456789-0123456789-0123456789',
  }
  const team = await createTeam(app)
  const endpoint = await openEndpoint(team.owner, { organization_id: team.id, authorization: 'Bearer s3' })
  await team.owner.call('POST', `${WEBHOOKS}/${endpoint.id}/regenerate-secret`)
  const seals = () =>
    env.DB.prepare(
      'select secret_sealed, former_secret_sealed, authorization_sealed from webhook_endpoints where id = ?',
    )
      .bind(endpoint.id)
      .first<Record<string, string>>()
  const before = await seals()
  const both = await createTestApp({ env: secrets }).ctx()
  await resealWebhooks(both)
  const after = await seals()
  const current = both.config.rootKeys.current.id
  for (const [name, sealed] of Object.entries(after ?? {})) {
    expect(sealed.startsWith(`${current}.`), name).toBe(true)
    expect(sealed).not.toBe(before?.[name])
  }
  // Back again: the suite's objects have its own secret.
  const { ROOT_SECRET, ROOT_SECRET_PREVIOUS } = secrets
  const back = createTestApp({ env: { ROOT_SECRET: ROOT_SECRET_PREVIOUS, ROOT_SECRET_PREVIOUS: ROOT_SECRET } })
  await resealWebhooks(await back.ctx())
  endpoint.clock.now += 5 * SECOND
  await endpoint.hand(1)
  await endpoint.run()
  expect(endpoint.receiver.received[0]?.headers.get('authorization')).toBe('Bearer s3')
  expect(endpoint.receiver.received[0]?.headers.get('webhook-signature')?.split(' ')).toHaveLength(2)
})

import { runInDurableObject } from 'cloudflare:test'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runScheduled } from '../../../src/jobs.ts'
import { serviceUnavailable } from '../../../src/lib/errors.ts'
import { delay } from '../../../src/lib/time.ts'
import { createTestApp, env } from '../../support/app.ts'
import { createAppWithObjects, withMethods } from '../../support/objects.ts'
import { createTeam, openPerson, type Person } from '../../support/organizations.ts'
import { hubStub } from '../events/support.ts'
import { answering, attach, type Endpoint, make, openEndpoint, WEBHOOKS } from './support.ts'

const [SECOND, MINUTE, HOUR] = [1000, 60_000, 3_600_000]
const app = createTestApp()

const down = () => Promise.reject(serviceUnavailable())

/** The person at an isolate whose endpoint objects do not answer. */
const withoutObjects = (person: Person): Person => {
  const broken = createAppWithObjects((objects) => ({
    webhook: (id) =>
      withMethods(objects.webhook(id), {
        refresh: down,
        redeliver: down,
        recover: down,
        stats: down,
        listDeliveries: down,
        listEvents: down,
      }),
  }))
  const call: Person['call'] = async (method, path, body) => {
    const answer = await broken.fetch(path, {
      method,
      headers: { 'content-type': 'application/json', ...person.headers },
      body: method === 'GET' ? null : JSON.stringify(body ?? {}),
    })
    return { status: answer.status, body: await answer.json() }
  }
  return { ...person, call }
}

/** The endpoint's object cannot read its row. */
const withoutDatabase = (endpoint: Endpoint) =>
  endpoint.inside((object) => {
    const real = object.context
    const select = () => {
      throw serviceUnavailable()
    }
    object.context = () => ({ ...real(), db: { select } as never })
    return () => {
      object.context = real
    }
  })

/** A receiver that answers when the test says so. It waits in the object that calls it: no promise is shared. */
function hanging() {
  const state = { isReleased: false }
  const answer = async () => {
    while (!state.isReleased) await delay(5)
    return new Response()
  }
  const release = () => {
    state.isReleased = true
  }
  return { answer, release }
}

describe('an object that does not answer', () => {
  it('lets changes count, says so, and is told by cron', async () => {
    const team = await createTeam(app)
    const owner = withoutObjects(team.owner)
    const made = await make(owner, { organization_id: team.id })
    expect(made).toMatchObject({ status: 201, body: { propagated: false } })
    const path = `${WEBHOOKS}/${made.body.id}`
    expect(await owner.call('PATCH', path, { description: 'x' })).toMatchObject({
      status: 200,
      body: { propagated: false },
    })
    for (const rest of ['/deliveries', '/events', '/stats'])
      expect((await owner.call('GET', path + rest)).status, rest).toBe(503)
    expect((await owner.call('POST', `${path}/deliveries/${made.body.id}/redeliver`)).status).toBe(503)
    const registered = async () =>
      (await hubStub(`organization:${team.id}`).ping()) === 'ok' &&
      (await env.DB.prepare('select version, told_version from webhook_endpoints where id = ?')
        .bind(made.body.id)
        .first())
    expect(await registered()).toEqual({ version: 2, told_version: 0 })
    await runScheduled(await app.ctx())
    expect(await registered()).toEqual({ version: 2, told_version: 2 })
    const endpoint = await attach(made.body)
    const hub = hubStub(`organization:${team.id}`)
    endpoint.log.head = await runInDurableObject(
      hub,
      async (it) => (await it.read({ topic: '', after: 0, limit: 1 })).head,
    )
    const ids = await endpoint.hand(1)
    await endpoint.run()
    expect(endpoint.receiver.ids()).toEqual(ids)
    expect(await owner.call('DELETE', path)).toMatchObject({ status: 200, body: { propagated: false } })
    // Within five seconds nothing more is sent, though nobody told it.
    await endpoint.hand(1).catch(() => undefined)
    await endpoint.run(5 * SECOND)
    expect(endpoint.receiver.ids()).toEqual(ids)
  })
})

describe('a database that does not answer', () => {
  it('is waited for: the log keeps what it could not hand over, and nothing is sent by an old copy', async () => {
    const team = await createTeam(app)
    const endpoint = await openEndpoint(team.owner, { organization_id: team.id })
    const ids = await endpoint.hand(1)
    const heal = await withoutDatabase(endpoint)
    endpoint.clock.now += 5 * SECOND
    await expect(endpoint.hand(1)).rejects.toThrow()
    await endpoint.run()
    expect(endpoint.receiver.received).toEqual([])
    heal()
    await endpoint.run(30 * SECOND)
    expect(endpoint.receiver.ids()).toEqual(ids)
  })
})

describe('a change', () => {
  it('is not held up by a receiver that hangs, or by an object that fails', async () => {
    const team = await createTeam(app)
    const endpoint = await openEndpoint(team.owner, { organization_id: team.id, events: ['*'] })
    const { answer: hangs, release } = hanging()
    endpoint.receiver.answers = [hangs]
    await endpoint.hand(1, { type: 'organization.updated' })
    const round = endpoint.run()
    const began = Date.now()
    const answer = await team.owner.call('PATCH', `/api/v1/organizations/${team.id}`, { description: 'x' })
    expect(answer.status).toBe(200)
    expect(Date.now() - began).toBeLessThan(2000)
    // While it hangs, more is taken.
    await endpoint.hand(1, { type: 'organization.updated' })
    expect((await endpoint.waiting()).length).toBeGreaterThanOrEqual(2)
    release()
    await round
  })
})

describe('whatever happens in between', () => {
  type Step =
    | { readonly do: 'events'; readonly count: number }
    | { readonly do: 'foreign' | 'repeat' | 'pause' | 'resume' | 'rotate' | 'restart' | 'refresh' }
    | { readonly do: 'answer'; readonly status: number }
    | { readonly do: 'time'; readonly ms: number }

  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('events' as const), count: fc.integer({ min: 1, max: 8 }) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('time' as const),
        ms: fc.constantFrom(SECOND, 6 * SECOND, 6 * MINUTE, HOUR),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('answer' as const),
        status: fc.constantFrom(200, 200, 204, 301, 500, 503),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constantFrom('foreign', 'repeat', 'pause', 'resume', 'rotate', 'restart', 'refresh' as const),
      }),
    },
  )

  async function play(steps: readonly Step[], fields: object): Promise<void> {
    const team = await createTeam(app)
    const endpoint = await openEndpoint(team.owner, { organization_id: team.id, ...fields })
    const path = `${WEBHOOKS}/${endpoint.id}`
    const sent: string[] = []
    const foreign: string[] = []
    const acts: Record<Step['do'], (now: Step) => unknown> = {
      events: async (now) => {
        if (now.do === 'events') sent.push(...(await endpoint.hand(now.count)))
      },
      foreign: async () => foreign.push(...(await endpoint.hand(1, { organizationId: 'another' }))),
      repeat: () => endpoint.handAgain(),
      pause: () => team.owner.call('PATCH', path, { is_active: false }),
      resume: () => team.owner.call('PATCH', path, { is_active: true }),
      rotate: () => team.owner.call('POST', `${path}/regenerate-secret`),
      restart: () => endpoint.restart(),
      refresh: () => endpoint.stub().refresh(),
      answer: (now) => {
        if (now.do === 'answer') endpoint.receiver.answers = [answering(now.status)]
      },
      time: (now) => (now.do === 'time' ? endpoint.run(now.ms) : undefined),
    }
    for (const now of steps) {
      await acts[now.do](now)
      await endpoint.run()
    }
    await acts.resume({ do: 'resume' })
    endpoint.receiver.answers = [answering(200)]
    for (let n = 0; n < 40 && (await endpoint.waiting()).length > 0; n += 1) await endpoint.run(HOUR)
    const ids = endpoint.receiver.ids()
    expect(new Set(ids)).toEqual(new Set(sent))
    for (const id of foreign) expect(ids).not.toContain(id)
    await team.owner.call('DELETE', path)
    const before = endpoint.receiver.received.length
    await endpoint.run(HOUR)
    expect(endpoint.receiver.received).toHaveLength(before)
    if ('ordered' in fields) expect([...new Set(ids)]).toEqual(sent)
  }

  it.each([
    ['one by one', {}],
    ['in order', { ordered: true }],
    ['in batches', { batch: true }],
    ['in batches, in order', { batch: true, ordered: true }],
  ])('each event comes at least once, none of another scope, none after the deletion: %s', async (_, fields) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), (steps) => play(steps, fields)),
      { numRuns: 4, endOnFailure: true },
    )
  })
})

it('a receiver that hangs holds up no other endpoint', async () => {
  const ada = await openPerson(app)
  const [slow, quick] = [await openEndpoint(ada), await openEndpoint(ada)]
  const { answer, release } = hanging()
  slow.receiver.answers = [answer]
  await Promise.all([slow.hand(5), quick.hand(5)])
  const round = slow.run()
  await quick.run()
  expect(quick.receiver.received).toHaveLength(5)
  expect(await quick.waiting()).toEqual([])
  expect(await slow.waiting()).toHaveLength(5)
  release()
  await round
  expect(await slow.waiting()).toEqual([])
})

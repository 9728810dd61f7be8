import { beforeAll, describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env } from '../../support/app.ts'
import { emptyRecord } from '../../support/audit.ts'
import { scansIn, watchPlans } from '../../support/plans.ts'
import { makeAdmin, type SignedInUser, signUpUser } from '../../support/users.ts'
import { asking } from '../admin/support.ts'

const app = createTestApp()
let admin: SignedInUser
let ask: ReturnType<typeof asking>
// What other files write here by hand need not be as a record is.
beforeAll(async () => {
  await emptyRecord(await app.ctx())
  admin = await makeAdmin(app)
  ask = asking(app, admin)
})

interface Entry {
  readonly id: string
  readonly action: string
  readonly [name: string]: unknown
}

const list = async (query = ''): Promise<Entry[]> => {
  const answer = await ask('GET', `/activity-logs?${query}`)
  expect(answer.status).toBe(200)
  return answer.json()
}

/** Rows of a user as a change leaves them, oldest first. Returns their ids. */
async function insertEvents(userId: string, types: readonly string[]): Promise<string[]> {
  const insert = env.DB.prepare(
    "insert into events (id, type, time, subject, user_id, actor_type, actor_id, data, ip, user_agent, delivered_at) values (?, ?, 1000, ?, ?, 'user', ?, '{}', '192.0.2.7', 'a browser', 1)",
  )
  const ids = types.map(() => newUuid())
  await env.DB.batch(types.map((type, index) => insert.bind(ids[index], type, userId, userId, admin.user.id)))
  return ids
}

describe('GET /api/v1/admin/activity-logs', () => {
  it('is a bare array with who did what to whom, from where', async () => {
    const { user, email } = await signUpUser(app)
    const [id] = await insertEvents(user.id, ['user.suspended'])
    const [entry] = await list(`user_id=${user.id}&action=user.suspended`)
    expect(entry).toEqual({
      id,
      action: 'user.suspended',
      user_id: user.id,
      user_email: email,
      actor_id: admin.user.id,
      actor_type: 'user',
      actor_email: admin.email,
      resource_type: 'user',
      resource_id: user.id,
      details: {},
      ip_address: '192.0.2.7',
      user_agent: 'a browser',
      timestamp: '1970-01-01T00:00:01.000Z',
      created_at: '1970-01-01T00:00:01.000Z',
    })
  })

  it('is newest first, 50 a page unless asked otherwise', async () => {
    const { user } = await signUpUser(app)
    const ids = await insertEvents(
      user.id,
      Array.from({ length: 60 }, () => 'test.logged'),
    )
    const newest = ids.toReversed()
    expect((await list()).length).toBe(50)
    expect((await list('per_page=200')).length).toBeGreaterThanOrEqual(60)
    const mine = async (query: string) =>
      (await list(`user_id=${user.id}&action=test.logged&${query}`)).map((it) => it.id)
    expect(await mine('per_page=25')).toEqual(newest.slice(0, 25))
    expect(await mine('per_page=25&page=3')).toEqual(newest.slice(50))
    expect(await mine(`per_page=10&before=${newest[9]}`)).toEqual(newest.slice(10, 20))
    expect(await mine(`before=${newUuid()}`)).toEqual([])
    expect((await list(`user_id=${user.number}&action=test.logged&per_page=1`))[0]?.id).toBe(newest[0])
  })

  it('continues after an entry without a filter too, and misses none', async () => {
    const { user } = await signUpUser(app)
    const ids = await insertEvents(
      user.id,
      Array.from({ length: 30 }, () => 'test.logged'),
    )
    const seen = new Set<string>()
    for (let page = 1; page <= 4; page += 1) for (const { id } of await list(`per_page=20&page=${page}`)) seen.add(id)
    expect(ids.filter((id) => !seen.has(id))).toEqual([])
    const below = await list(`before=${ids[10]}&per_page=3`)
    expect(below.map(({ id }) => id)).toEqual([ids[9], ids[8], ids[7]])
    expect(await list('page=1000000&per_page=200')).toEqual([])
  })

  it('takes filters that a form left empty for none', async () => {
    expect((await list('user_id=&action=&start_date=&end_date=&before=&per_page=1')).length).toBe(1)
  })

  it('filters by time, whoever it was about and in whatever order it came', async () => {
    const { user } = await signUpUser(app)
    const type = `test.timed-${newUuid()}`
    const ids = await insertEvents(
      user.id,
      Array.from({ length: 5 }, () => type),
    )
    const times = ['2001-01-05', '2001-01-01', '2001-01-03', '2001-01-02', '2001-01-04']
    const set = env.DB.prepare('update events set time = ? where id = ?')
    await env.DB.batch(ids.map((id, index) => set.bind(Date.parse(times[index] ?? ''), id)))
    const days = async (query: string) => (await list(query)).map(({ timestamp }) => String(timestamp).slice(8, 10))
    const range = 'start_date=2001-01-02&end_date=2001-01-04T00:00:00.000Z'
    expect(await days(range)).toEqual(['04', '03', '02'])
    expect(await days(`${range}&action=${type}&per_page=2`)).toEqual(['04', '03'])
    expect(await days(`${range}&action=${type}&per_page=2&page=2`)).toEqual(['02'])
    expect(await days(`${range}&before=${ids[4]}`)).toEqual(['03', '02'])
    expect((await days(`${range}&user_id=${user.id}`)).sort()).toEqual(['02', '03', '04'])
    expect(await days(`end_date=2001-01-02&action=${type}`)).toEqual(['02', '01'])
    expect(await days(`start_date=2001-01-04&end_date=2001-01-01`)).toEqual([])
  })

  it('filters by who did it, alone or beside a time, a type or a user', async () => {
    const other = await makeAdmin(app)
    const { user } = await signUpUser(app)
    const type = `test.acted-${newUuid()}`
    const [first, second] = await insertEvents(user.id, [type, type])
    await env.DB.prepare('update events set actor_id = ? where id = ?').bind(other.user.id, second).run()
    const found = async (query: string) => (await list(`actor_id=${other.user.id}&${query}`)).map(({ id }) => id)
    for (const query of [`user_id=${user.id}`, `action=${type}`, 'start_date=1970-01-01&end_date=1970-01-01'])
      expect(await found(query), query).toEqual([second])
    expect((await list(`actor_id=${admin.user.id}&action=${type}`)).map(({ id }) => id)).toEqual([first])
    expect((await list(`actor_id=${other.user.id}&per_page=1`)).map(({ id }) => id)).toEqual([second])
  })

  it('has the whole day of an end_date without a time, in UTC', async () => {
    const { user } = await signUpUser(app)
    const type = `test.day-${newUuid()}`
    const ids = await insertEvents(user.id, [type, type])
    const set = env.DB.prepare('update events set time = ? where id = ?')
    const times = ['2002-05-05T23:59:59.999Z', '2002-05-06T00:00:00.000Z']
    await env.DB.batch(ids.map((id, index) => set.bind(Date.parse(times[index] ?? ''), id)))
    const found = async (query: string) => (await list(`action=${type}&${query}`)).map(({ id }) => id)
    expect(await found('start_date=2002-05-05&end_date=2002-05-05')).toEqual([ids[0]])
    expect(await found('end_date=2002-05-05T12:00:00Z')).toEqual([])
    expect(await found('start_date=2002-05-06&end_date=2002-05-06')).toEqual([ids[1]])
  })

  it.each([
    ['page=0', 422],
    ['page=-3', 422],
    ['per_page=201', 422],
    ['page=99999999999999999999', 422],
    ['user_id=x', 422],
    ['before=1', 422],
    ['start_date=yesterday', 422],
    ['start_date=2026-01-01&page=1000', 422],
    ['action=user.updated&page=2001', 422],
    ['user_id=999999999', 404],
  ])('refuses %s with %i', async (query, status) => {
    expect((await ask('GET', `/activity-logs?${query}`)).status).toBe(status)
  })

  it.each([
    ['user_id=x', 'must be a UUID or an integer'],
    ['start_date=yesterday', 'must be a time, ISO 8601'],
    ['start_date=5', 'must be a time, ISO 8601'],
    ['end_date=2026-02-30T25:00Z', 'must be a time, ISO 8601'],
  ])('says what is wrong with %s', async (query, message) => {
    const body = await (await ask('GET', `/activity-logs?${query}`)).json()
    expect(body).toMatchObject({ details: { validation_errors: [{ message }] } })
  })

  it('has nothing for hostile text', async () => {
    expect(await list("action=' or 1=1--")).toEqual([])
  })

  it.each([
    ['', 'INTEGER PRIMARY KEY'],
    ['page=50&per_page=200', 'INTEGER PRIMARY KEY'],
    ['action=user.updated', 'events_by_type'],
    ['user_id=USER', 'events_by_user'],
    ['user_id=USER&action=user.updated', 'events_by_user'],
    ['user_id=USER&before=EVENT', 'events_by_user'],
    ['action=user.updated&before=EVENT', 'events_by_type'],
    ['before=EVENT', 'INTEGER PRIMARY KEY'],
    ['start_date=1970-01-01&end_date=1970-01-02', 'events_by_time'],
    ['start_date=1970-01-01&action=test.logged', 'events_by_time'],
    ['end_date=1970-01-02&before=EVENT', 'events_by_time'],
    ['start_date=1970-01-01&user_id=USER', 'events_by_user'],
    ['actor_id=x&user_id=USER', 'events_by_user'],
    ['actor_id=x', 'events_by_actor'],
    ['actor_id=x&action=user.updated', 'events_by_actor'],
    ['actor_id=x&start_date=1970-01-01', 'events_by_actor'],
  ])('%s is found by an index, and sorts nothing', async (query, index) => {
    const { user } = await signUpUser(app)
    const [event] = await insertEvents(user.id, ['test.logged'])
    const watched = watchPlans()
    const other = asking(createTestApp({ override: watched.into }), admin)
    await other('GET', '/config')
    await watched.plans()
    const named = query.replace('USER', user.id).replace('EVENT', event ?? '')
    expect((await other('GET', `/activity-logs?${named}`)).status).toBe(200)
    const steps = await watched.plans()
    expect(scansIn(steps)).toEqual([])
    expect(steps.filter((step) => /TEMP B-TREE/.test(step))).toEqual([])
    expect(steps.some((step) => step.startsWith('SEARCH events') && step.includes(index))).toBe(true)
  })
})

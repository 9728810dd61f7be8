import { beforeAll, describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp } from '../../support/app.ts'
import { createTeam, openPerson, type Person, type Team, withTwoFactors } from '../../support/organizations.ts'
import { scansIn, watchPlans } from '../../support/plans.ts'
import { AUDIT, idsOf, insertRows, read, rowsOf, run, walk } from './support.ts'

const app = createTestApp()
let admin: Person
let anna: Person
let stranger: Person
let team: Team
let chief: Person
let member: Person
/** The ids of one row of each kind. */
let rows: Record<keyof typeof KINDS, string>

const ADMINS_ADDRESS = '198.51.100.99'
const STRANGERS_ADDRESS = '198.51.100.44'

const KINDS = {
  /** What Anna did, outside of any organization. */
  own: () => ({ userId: anna.id, actorId: anna.id, data: { own: 1 }, ip: '192.0.2.1' }),
  /** What an admin of the platform did to her. */
  toAnna: () => ({ userId: anna.id, actorId: admin.id, data: { reason: 'r' }, ip: ADMINS_ADDRESS }),
  /** What the service did to her, in answer to somebody's request. */
  bySystem: () => ({ userId: anna.id, actorType: 'system' as const, actorId: 'guard', ip: STRANGERS_ADDRESS }),
  /** What Anna did to somebody else. */
  byAnna: () => ({ userId: stranger.id, actorId: anna.id, data: { secret: 'of the stranger' }, ip: '192.0.2.1' }),
  ofStranger: () => ({ userId: stranger.id, actorId: stranger.id, ip: STRANGERS_ADDRESS }),
  ofTeam: () => ({ organizationId: team.id, actorId: chief.id, data: { after: 1 }, ip: '192.0.2.50' }),
  memberInTeam: () => ({ organizationId: team.id, userId: member.id, actorId: member.id, ip: '192.0.2.60' }),
  memberElsewhere: () => ({ userId: member.id, actorId: member.id, ip: '192.0.2.60' }),
  adminInTeam: () => ({ organizationId: team.id, actorId: admin.id, ip: ADMINS_ADDRESS }),
  strangerInTeam: () => ({ organizationId: team.id, actorId: stranger.id, ip: STRANGERS_ADDRESS }),
}

beforeAll(async () => {
  admin = await openPerson(app, { role: 'admin' })
  ;[anna, stranger, team] = await Promise.all([openPerson(app), openPerson(app), createTeam(app)])
  chief = await team.join('admin')
  member = await team.join('member')
  await app.settled()
  const names = Object.keys(KINDS) as (keyof typeof KINDS)[]
  const ids = await insertRows(names.map((name) => KINDS[name]()))
  rows = Object.fromEntries(names.map((name, index) => [name, ids[index]])) as typeof rows
})

const seenBy = async (person: Person, path = '', query: Record<string, string> = {}) => {
  const found = new Set((await walk(person, path, { ...query, action: 'test.logged' })).map(({ id }) => id))
  return (Object.keys(rows) as (keyof typeof KINDS)[]).filter((name) => found.has(rows[name]))
}

describe('who sees whom', () => {
  it('shows the whole record to an admin of the platform', async () => {
    expect(await seenBy(admin)).toEqual(Object.keys(rows))
    const { body } = await read(admin, `/${rows.toAnna}`)
    expect(body).toMatchObject({
      id: rows.toAnna,
      action: 'test.logged',
      user_id: anna.id,
      user_email: anna.user.email,
      actor_id: admin.id,
      actor_email: admin.user.email,
      details: { reason: 'r' },
      ip_address: ADMINS_ADDRESS,
      user_agent: 'a browser',
    })
  })

  it('shows users their own log, and of what they did to others that they did it', async () => {
    expect(await seenBy(anna)).toEqual(['own', 'toAnna', 'bySystem', 'byAnna'])
    expect(await seenBy(anna, `/users/${anna.id}`)).toEqual(['own', 'toAnna', 'bySystem', 'byAnna'])
    const byId = new Map((await walk(anna)).map((log) => [log.id, log]))
    expect(byId.get(rows.own)).toMatchObject({ details: { own: 1 }, ip_address: '192.0.2.1' })
    expect(byId.get(rows.toAnna)).toMatchObject({
      details: { reason: 'r' },
      actor_id: admin.id,
      actor_email: null,
      ip_address: null,
      user_agent: null,
    })
    expect(byId.get(rows.bySystem)).toMatchObject({ ip_address: null, user_agent: null })
    expect(byId.get(rows.byAnna)).toMatchObject({ details: null, ip_address: '192.0.2.1', user_email: null })
  })

  it('shows owners and admins the rows of the organization, and nothing of the other life of a member', async () => {
    const ofTeam = ['ofTeam', 'memberInTeam', 'adminInTeam', 'strangerInTeam']
    for (const person of [chief, team.owner]) {
      expect(await seenBy(person, `/organizations/${team.id}`)).toEqual(ofTeam)
      expect(await seenBy(person, '', { organization_id: team.id })).toEqual(ofTeam)
    }
    expect(await seenBy(admin, `/organizations/${team.id}`)).toEqual(ofTeam)
    const byId = new Map((await walk(chief, `/organizations/${team.id}`)).map((log) => [log.id, log]))
    expect(byId.get(rows.memberInTeam)).toMatchObject({
      ip_address: '192.0.2.60',
      user_email: member.user.email,
      actor_email: member.user.email,
    })
    expect(byId.get(rows.adminInTeam)).toMatchObject({ ip_address: null, actor_email: null })
    expect(byId.get(rows.strangerInTeam)).toMatchObject({ ip_address: null, user_agent: null, actor_email: null })
  })

  it('keeps the address of a member who has left, and shows nothing to an admin who has', async () => {
    const other = await createTeam(app)
    const [leaving, gone] = [await other.join('member'), await other.join('admin')]
    const [id = ''] = await insertRows([{ organizationId: other.id, actorId: leaving.id, ip: '192.0.2.61' }])
    expect((await read(gone, `/${id}`)).body).toMatchObject({ ip_address: '192.0.2.61' })
    await run('update memberships set removed_at = 1 where user_id in (?, ?)', leaving.id, gone.id)
    expect((await read(other.owner, `/${id}`)).body).toMatchObject({ ip_address: '192.0.2.61' })
    expect((await read(gone, `/organizations/${other.id}`)).status).toBe(403)
    expect((await read(gone, '', { organization_id: other.id })).status).toBe(403)
    expect((await read(gone, `/${id}`)).status).toBe(404)
  })

  it('shows no address of today of a member who has left or deleted the account, in no format', async () => {
    const other = await createTeam(app)
    const people = [await other.join('member'), await other.join('member'), await other.join('member')]
    const [there, left, deleted] = people as [Person, Person, Person]
    const type = `test.left-${newUuid()}`
    await insertRows(
      people.map(({ id }) => ({ type, organizationId: other.id, userId: id, actorId: id, ip: '192.0.2.62' })),
    )
    await run('update memberships set removed_at = 1 where user_id = ?', left.id)
    await run("update users set status = 'deleted', email = ? where id = ?", `${newUuid()}@private.test`, deleted.id)
    await run('update users set email = ? where id = ?', `${newUuid()}@private.test`, left.id)
    const logs = await walk(other.owner, `/organizations/${other.id}`, { action: type })
    expect(logs.map(({ user_email, actor_email }) => [user_email, actor_email])).toEqual([
      [null, null],
      [null, null],
      [there.user.email, there.user.email],
    ])
    expect(logs.map(({ ip_address }) => ip_address)).toEqual(people.map(() => '192.0.2.62'))
    for (const format of ['json', 'csv', 'ndjson']) {
      const body = JSON.stringify({ format, organization_id: other.id })
      const headers = { ...other.owner.headers, 'content-type': 'application/json' }
      const answer = await app.fetch(`${AUDIT}/export`, { method: 'POST', body, headers })
      const text = await answer.text()
      expect([answer.status, text.includes(type), text.includes('@private.test')]).toEqual([200, true, false])
    }
    expect(JSON.stringify(await walk(admin, `/organizations/${other.id}`))).toContain('@private.test')
  })

  it('keeps two organizations of one user apart', async () => {
    const other = await createTeam(app)
    const [here = '', there = ''] = await insertRows([
      { organizationId: team.id, userId: member.id, actorId: member.id },
      { organizationId: other.id, userId: member.id, actorId: member.id },
    ])
    expect(idsOf(await read(chief, `/organizations/${team.id}`, { user_id: member.id }))).not.toContain(there)
    expect((await read(chief, `/${here}`)).status).toBe(200)
    expect((await read(chief, `/${there}`)).status).toBe(404)
  })

  it('says of an entry of somebody else what it says of none', async () => {
    for (const [person, hidden] of [
      [anna, ['ofStranger', 'ofTeam', 'memberElsewhere']],
      [chief, ['own', 'toAnna', 'memberElsewhere']],
      [member, ['ofTeam', 'adminInTeam']],
    ] as const) {
      const none = await read(person, `/${newUuid()}`)
      for (const name of hidden) {
        const { status, body } = await read(person, `/${rows[name]}`)
        expect([status, body.code, body.message], name).toEqual([404, none.body.code, none.body.message])
      }
    }
  })

  it('has no address of an admin in anything that a user gets, and none of a stranger', async () => {
    const texts = [
      await walk(anna),
      (await read(anna, `/${rows.toAnna}`)).body,
      (await read(anna, `/${rows.bySystem}`)).body,
      await walk(chief, `/organizations/${team.id}`),
      (await read(chief, `/${rows.adminInTeam}`)).body,
    ].map((value) => JSON.stringify(value))
    for (const text of texts) {
      expect(text).not.toContain(ADMINS_ADDRESS)
      expect(text).not.toContain(STRANGERS_ADDRESS)
      expect(text).not.toContain(admin.user.email)
    }
  })

  it('finds nothing by an address or a person that the caller does not see', async () => {
    expect(await seenBy(admin, '', { ip_address: ADMINS_ADDRESS })).toEqual(['toAnna', 'adminInTeam'])
    expect(await seenBy(anna, '', { ip_address: ADMINS_ADDRESS })).toEqual([])
    expect(await seenBy(anna, '', { ip_address: STRANGERS_ADDRESS })).toEqual([])
    expect(await seenBy(anna, '', { ip_address: '192.0.2.1' })).toEqual(['own', 'byAnna'])
    expect(await seenBy(chief, `/organizations/${team.id}`, { ip_address: ADMINS_ADDRESS })).toEqual([])
    expect(await seenBy(chief, `/organizations/${team.id}`, { ip_address: '192.0.2.60' })).toEqual(['memberInTeam'])
    expect(await seenBy(anna, '', { actor: stranger.id })).toEqual([])
    const { body } = await read(anna, '', { ip_address: ADMINS_ADDRESS })
    expect(body).toMatchObject({ logs: [], total: 0, has_more: false })
  })

  it('asks for a second factor where the organization requires one', async () => {
    const strict = await createTeam(app)
    const lower = await strict.join('member')
    const rowOf = (actorId: string) => ({ organizationId: strict.id, actorId, data: { after: 1 } })
    const [id = '', own = '', lowers = ''] = await insertRows([stranger.id, strict.owner.id, lower.id].map(rowOf))
    await run('update organizations set require_two_factors = 1 where id = ?', strict.id)
    for (const path of [`/organizations/${strict.id}`, `/${id}`])
      expect((await read(strict.owner, path)).body.code, path).toBe('STEP_UP_REQUIRED')
    const strong = await withTwoFactors(strict.owner)
    expect((await read(strong, `/${id}`)).status).toBe(200)
    // One's own row is read as in the list; below an admin, a row of others is as none.
    expect((await read(strong, `/${own}`)).body).toMatchObject({ id: own, details: { after: 1 } })
    expect((await read(strict.owner, `/${own}`)).body).toMatchObject({ id: own, details: null })
    expect((await read(lower, `/${lowers}`)).body).toMatchObject({ id: lowers, details: null })
    for (const person of [lower, stranger])
      expect((await read(person, `/${own}`)).body.code).toBe((await read(person, `/${newUuid()}`)).body.code)
  })

  it('asks admins of the platform for it, too, however they name the organization, and none of it once that is gone', async () => {
    const strict = await createTeam(app)
    const [id = ''] = await insertRows([{ organizationId: strict.id, actorId: strict.owner.id }])
    await run('update organizations set require_two_factors = 1 where id = ?', strict.id)
    const query = { organization_id: strict.id }
    const exported = (person: Person) => person.call('POST', `${AUDIT}/export`, query)
    for (const answer of [await read(admin, `/organizations/${strict.id}`), await read(admin, '', query)])
      expect([answer.status, answer.body.code]).toEqual([403, 'STEP_UP_REQUIRED'])
    expect((await exported(admin)).body.code).toBe('STEP_UP_REQUIRED')
    const strong = await withTwoFactors(admin)
    expect(idsOf(await read(strong, '', query))).toEqual([id])
    expect((await exported(strong)).body.logs).toMatchObject([{ id }])
    const [event] = await rowsOf<{ organization_id: null; data: string }>(
      "select organization_id, data from events where type = 'audit.exported' and actor_id = ?",
      admin.id,
    )
    expect([event?.organization_id, JSON.parse(event?.data ?? '').filters]).toEqual([null, query])
    await run('update organizations set deleted_at = 1 where id = ?', strict.id)
    expect(idsOf(await read(admin, '', query))).toEqual([id])
  })

  it('is forbidden to members below an admin, and to users for others', async () => {
    expect((await read(member, `/organizations/${team.id}`)).status).toBe(403)
    expect((await read(anna, `/organizations/${team.id}`)).status).toBe(403)
    expect((await read(anna, `/users/${stranger.id}`)).status).toBe(403)
    expect((await read(anna, `/users/${stranger.user.number}`)).status).toBe(403)
  })
})

describe('filters and pages', () => {
  it('combines filters', async () => {
    const [subject, type] = [newUuid(), `test.filtered-${newUuid()}`]
    const wanted = { type, subject, userId: anna.id, actorId: admin.id, time: Date.parse('2003-04-05T06:07:08Z') }
    const [id] = await insertRows([
      wanted,
      { ...wanted, subject: newUuid() },
      { ...wanted, userId: stranger.id },
      { ...wanted, actorId: stranger.id },
      { ...wanted, time: Date.parse('2003-04-06') },
    ])
    const all = {
      action: type,
      resource: subject,
      user_id: anna.id,
      actor: admin.id,
      start_date: '2003-04-05',
      end_date: '2003-04-05',
    }
    expect(idsOf(await read(admin, '', all))).toEqual([id])
    const { user_id: _, ...ofAnna } = all
    expect(idsOf(await read(admin, `/users/${anna.id}`, ofAnna))).toEqual([id])
    expect(idsOf(await read(anna, '', ofAnna))).toEqual([id])
  })

  it("takes Janua's names of actions, and kinds of resources", async () => {
    const types = ['policy.created', 'user.signed_in', 'client.disabled', 'key.revoked']
    const ids = await insertRows(types.map((type) => ({ type, userId: stranger.id, actorId: anna.id })))
    const found = async (query: Record<string, string>) => idsOf(await read(admin, `/users/${stranger.id}`, query))
    expect(await found({ action: 'policy.create' })).toEqual([ids[0]])
    expect(await found({ action: 'auth.signin' })).toEqual([ids[1]])
    expect(await found({ action: 'api.key_revoke' })).toEqual([ids[3], ids[2]])
    expect(await found({ resource_type: 'policy' })).toEqual([ids[0]])
    expect(await found({ resource_type: 'policy', action: 'auth.signin' })).toEqual([])
    expect(await found({ action: '__proto__' })).toEqual([])
  })

  it('walks through all pages once while entries are written', async () => {
    const type = `test.paged-${newUuid()}`
    const ids = await insertRows(Array.from({ length: 25 }, () => ({ type, actorId: anna.id, userId: anna.id })))
    const seen: string[] = []
    let query: Record<string, string | number> = { action: type, limit: 10 }
    for (;;) {
      const { body } = await read(admin, '', query)
      expect(body.total).toBeGreaterThanOrEqual(25)
      seen.push(...body.logs.map(({ id }: { id: string }) => id))
      if (!body.has_more) break
      await insertRows([{ type, actorId: anna.id, userId: anna.id }])
      query = { ...query, cursor: body.cursor }
    }
    expect(seen).toEqual(ids.toReversed())
  })

  it('goes on below a time', async () => {
    const type = `test.below-${newUuid()}`
    const days = ['2004-01-01', '2004-01-02', '2004-01-03', '2004-01-04']
    const ids = await insertRows(
      days.map((day) => ({ type, actorId: anna.id, userId: anna.id, time: Date.parse(day) })),
    )
    const below = { action: type, cursor: '2004-01-04T00:00:00.000Z', limit: 2 }
    const first = await read(admin, '', below)
    expect(idsOf(first)).toEqual([ids[2], ids[1]])
    expect(idsOf(await read(admin, '', { ...below, cursor: first.body.cursor }))).toEqual([ids[0]])
    expect(idsOf(await read(anna, '', below))).toEqual([ids[2], ids[1]])
  })

  it('refuses a cursor of another list, and a forged one shows nothing more', async () => {
    const { body } = await read(anna, '', { limit: 1 })
    expect(body.has_more).toBe(true)
    for (const [person, query] of [
      [anna, { action: 'user.created' }],
      [stranger, {}],
      [admin, {}],
    ] as const)
      expect((await read(person, '', { ...query, cursor: body.cursor })).status).toBe(400)
    for (const cursor of ['x', '!', 'bnVsbA', btoa('[1,2]'), btoa('[1e99,0,null,"x"]'), '2004-13-45'])
      expect((await read(anna, '', { cursor })).status, cursor).toBe(400)
    const parts = JSON.parse(atob(body.cursor.replaceAll('-', '+').replaceAll('_', '/')))
    const forged = btoa(JSON.stringify([Number.MAX_SAFE_INTEGER, ...parts.slice(1)]))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replace(/=+$/, '')
    const walked = await walk(anna, '', { cursor: forged })
    expect(walked.every(({ user_id, actor_id }) => user_id === anna.id || actor_id === anna.id)).toBe(true)
  })

  it.each([
    ['', { limit: 0 }, 422],
    ['', { limit: 1001 }, 422],
    ['', { start_date: 'yesterday' }, 422],
    ['', { start_date: '2026-02-30' }, 422],
    ['', { start_date: '2026-02-31T00:00:00Z' }, 422],
    ['', { end_date: '2026-13-01' }, 422],
    ['', { end_date: '2026-01-01T25:00:00Z' }, 422],
    ['', { end_date: '2026-01-01 (a comment)' }, 422],
    ['', { end_date: '2026-01-01T00:00:00+99:99' }, 422],
    ['', { end_date: '2024-02-29T23:59:59.999+02:00' }, 200],
    ['', { cursor: '2026-02-30T00:00:00Z' }, 400],
    ['', { user_id: 'x' }, 422],
    ['', { organization_id: 'x' }, 422],
    ['', { cursor: 'x'.repeat(301) }, 422],
    ['/x', {}, 400],
    ['/users/x', {}, 400],
    ['/organizations/x', {}, 400],
    [`/organizations/${newUuid()}`, {}, 404],
    [`/users/999999999`, {}, 404],
  ])('refuses %s with %j: %i', async (path, query, status) => {
    expect((await read(admin, path, query as Record<string, string>)).status).toBe(status)
  })

  it('lists names of actions, and how often each was recorded to admins alone', async () => {
    const type = `test.counted-${newUuid()}`
    const [id = ''] = await insertRows([1, 2, 3].map(() => ({ type, actorId: anna.id })))
    const { body } = await read(admin, '/events')
    expect(body.counts[type]).toBe(3)
    expect(body.events).toEqual(expect.arrayContaining(['user.created', 'auth.signin', type]))
    expect(body.actions).toEqual(body.events)
    await run('delete from events where id = ?', id)
    expect((await read(admin, '/actions/list')).body.counts[type]).toBe(2)
    expect((await read(anna, '/events')).body).toMatchObject({ counts: {} })
    expect((await read(anna, '/events')).body.actions).not.toContain(type)
  })

  it('reads no more than 20,000 rows a page, and then goes on', async () => {
    const [first = ''] = await insertRows([{ userId: anna.id, actorId: admin.id, subject: 'deep-in-the-record' }])
    await run(
      `with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
       insert into events (id, type, time, subject, user_id, actor_type, actor_id, data, delivered_at)
       select 'deep-' || i, 'test.deep', 1, 'x', null, 'system', 'test', '{}', 1 from n`,
    )
    const query = { resource: 'deep-in-the-record' }
    const empty = await read(admin, '', query)
    expect(empty.body).toMatchObject({ logs: [], has_more: true, total: 1 })
    const next = await read(admin, '', { ...query, cursor: empty.body.cursor })
    expect(idsOf(next)).toEqual([first])
    await run("delete from events where type = 'test.deep'")
  })

  it.each([
    ['', '', 'INTEGER PRIMARY KEY'],
    ['', 'action=user.updated', 'events_by_type'],
    ['', 'actor=USER', 'events_by_actor'],
    ['', 'user_id=USER&ip_address=1', 'events_by_user'],
    ['', 'start_date=1970-01-01', 'events_by_time'],
    ['', 'organization_id=TEAM', 'events_by_organization'],
    ['/users/USER', 'resource_type=user', 'events_by_actor'],
    ['/organizations/TEAM', 'ip_address=1', 'events_by_organization'],
    ['/organizations/TEAM', 'start_date=1970-01-01&action=user.updated', 'events_by_organization'],
  ])('%s?%s is found by an index, and sorts nothing', async (path, query, index) => {
    const watched = watchPlans()
    const other = createTestApp({ override: watched.into })
    const call = (target: string) => other.fetch(target, { headers: admin.headers })
    await call(`${AUDIT}/events`)
    await watched.plans()
    const named = `${path}?${query}`.replace('USER', anna.id).replace('TEAM', team.id)
    expect((await call(AUDIT + named)).status).toBe(200)
    const steps = await watched.plans()
    // Counting reads a bounded number of rows.
    expect(scansIn(steps).filter((step) => !/^SCAN (events$|\(subquery)/.test(step))).toEqual([])
    expect(steps.filter((step) => /TEMP B-TREE FOR ORDER/.test(step))).toEqual([])
    expect(
      steps.some(
        (step) => /^(SEARCH|SCAN) events/.test(step) && step.includes(index === 'INTEGER PRIMARY KEY' ? '' : index),
      ),
    ).toBe(true)
  })
})

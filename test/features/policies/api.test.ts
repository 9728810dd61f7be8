import { describe, expect, it } from 'vitest'
import { deletePieces } from '../../../src/features/organizations/store.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { ORGANIZATION_DATA } from '../../../src/user-data.ts'
import { FAILURES, isolateWithout } from '../../faults/support.ts'
import { createTestApp, env } from '../../support/app.ts'
import { createTeam, enroll, openPerson, type Person } from '../../support/organizations.ts'
import { erase, rowsOf } from '../account/erasure-support.ts'
import { interfering } from '../rbac/support.ts'
import { ALLOW, callWith, makePolicy, openMachine, POLICIES } from './api-support.ts'

const app = createTestApp()
const oneAt = (policy: { id: string }) => `${POLICIES}/${policy.id}`
const codeOf = ({ status, body }: { status: number; body: { code?: string } }) => [status, body.code]
const at = (version: number | string, person: Person) => callWith(person, { 'if-match': `${version}` })
const WRITES_POLICIES = /^(insert into|update|delete from) "policies"/

const eventsOf = (subject: string) =>
  rowsOf<{ type: string; user_id: string | null; organization_id: string | null; actor_id: string; data: string }>(
    'select type, user_id, organization_id, actor_id, data from events where subject = ? order by position',
    subject,
  )

describe('a policy', () => {
  it('is made by admins of an organization, with everything that was not said as it is by default', async () => {
    const team = await createTeam(app)
    const admin = await team.join('admin')
    const made = await admin.call('POST', POLICIES, { name: ' Readers ', organization_id: team.id })
    expect(made.status).toBe(201)
    expect(made.body).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      tenant_id: team.id,
      organization_id: team.id,
      name: 'Readers',
      description: null,
      rules: {},
      effect: 'allow',
      priority: 0,
      enabled: true,
      version: 1,
      target_type: null,
      target_id: null,
      resource_type: null,
      resource_pattern: null,
      actions: [],
      conditions: {},
      expires_at: null,
      created_at: expect.stringMatching(/Z$/),
      updated_at: made.body.created_at,
    })
    const member = await team.join('viewer')
    for (const path of [POLICIES, '/api/policies'])
      expect((await member.call('GET', `${path}/${made.body.id}`)).body).toEqual(made.body)
    const [created] = await eventsOf(made.body.id)
    expect(created).toMatchObject({
      type: 'policy.created',
      user_id: null,
      organization_id: team.id,
      actor_id: admin.id,
    })
    expect(JSON.parse(created?.data ?? '')).toMatchObject({ after: { name: 'Readers', effect: 'allow' } })
  })

  it('comes back as it was sent', async () => {
    const { owner, id } = await createTeam(app)
    const sent = {
      name: 'All',
      description: 'two\nlines',
      rules: { allow: { subject: '*', action: 'document:*', resource: 'doc-?' }, deny: { action: 'document:delete' } },
      effect: 'deny',
      priority: 1000,
      enabled: false,
      target_type: 'user',
      target_id: owner.id,
      resource_type: 'document',
      resource_pattern: 'doc-*',
      actions: ['document:read', 'document:*'],
      conditions: { StringEquals: { 'context.department': ['a', 'b'] }, mfa_required: true },
    }
    const made = await makePolicy(owner, id, {
      ...sent,
      target_id: owner.id.toUpperCase(),
      expires_at: '2027-01-31T08:00:00+02:00',
    })
    expect(made).toMatchObject({ ...sent, expires_at: '2027-01-31T06:00:00.000Z' })
    expect((await owner.call('GET', oneAt(made))).body).toEqual(made)
  })

  it('is changed by PUT and PATCH alike: absent fields stay, the version grows, and the former one is kept', async () => {
    const team = await createTeam(app)
    const made = await makePolicy(team.owner, team.id, { description: 'first' })
    const put = await team.owner.call('PUT', oneAt(made), { priority: 7 })
    expect(put.body).toMatchObject({ ...made, priority: 7, version: 2, updated_at: expect.any(String) })
    const patched = await team.owner.call('PATCH', oneAt(made), { description: null, effect: 'deny' })
    expect(patched.body).toMatchObject({ description: null, effect: 'deny', priority: 7, version: 3, name: made.name })
    const versions = await team.owner.call('GET', `${oneAt(made)}/versions`)
    expect(versions.body).toMatchObject([
      { version: 2, changed_by: team.owner.id, policy: { priority: 7, description: 'first', effect: 'allow' } },
      { version: 1, changed_by: team.owner.id, policy: { priority: 0, description: 'first', effect: 'allow' } },
    ])
    const [, first, second] = await eventsOf(made.id)
    expect(JSON.parse(first?.data ?? '')).toEqual({ before: { priority: 0 }, after: { priority: 7 } })
    expect(second?.type).toBe('policy.updated')
  })

  it('stays as it is when a change says nothing new', async () => {
    const team = await createTeam(app)
    const made = await makePolicy(team.owner, team.id)
    expect((await team.owner.call('PUT', oneAt(made), { name: made.name })).body).toEqual(made)
    expect(await eventsOf(made.id)).toHaveLength(1)
  })

  it('keeps twenty former versions', async () => {
    const team = await createTeam(app)
    const made = await makePolicy(team.owner, team.id)
    for (let priority = 1; priority <= 22; priority += 1)
      expect((await team.owner.call('PATCH', oneAt(made), { priority })).status).toBe(200)
    const { body } = await team.owner.call('GET', `${oneAt(made)}/versions`)
    expect(body.map(({ version }: { version: number }) => version)).toEqual(
      Array.from({ length: 20 }, (_, index) => 22 - index),
    )
  })

  it('is deleted with its versions', async () => {
    const team = await createTeam(app)
    const made = await makePolicy(team.owner, team.id)
    await team.owner.call('PATCH', oneAt(made), { priority: 1 })
    expect((await team.owner.call('DELETE', oneAt(made))).body).toMatchObject({ success: true })
    for (const path of [oneAt(made), `${oneAt(made)}/versions`])
      expect(codeOf(await team.owner.call('GET', path))).toEqual([404, 'POLICY_NOT_FOUND'])
    expect(await rowsOf('select 1 from policy_versions where policy_id = ?', made.id)).toEqual([])
    expect((await eventsOf(made.id)).map(({ type }) => type)).toEqual([
      'policy.created',
      'policy.updated',
      'policy.deleted',
    ])
  })
})

describe('a list of policies', () => {
  it('has a page of those that match, in the order in which they were made', async () => {
    const team = await createTeam(app)
    const kinds = [{}, { enabled: false }, { target_type: 'role', target_id: 'editor' }, { resource_type: 'page' }]
    const made: { id: string }[] = []
    for (const kind of kinds) made.push(await makePolicy(team.owner, team.id, kind))
    const list = async (query: string) => {
      const answer = await app.fetch(`${POLICIES}?organization_id=${team.id}${query}`, { headers: team.owner.headers })
      const ids = (await answer.json<{ id: string }[]>()).map(({ id }) => made.findIndex((one) => one.id === id))
      return [ids, answer.headers.get('x-total-count')]
    }
    expect(await list('')).toEqual([[0, 1, 2, 3], '4'])
    expect(await list('&skip=1&limit=2')).toEqual([[1, 2], '4'])
    expect(await list('&enabled=false')).toEqual([[1], '1'])
    expect(await list('&enabled=true&target_type=role')).toEqual([[2], '1'])
    expect(await list('&resource_type=page')).toEqual([[3], '1'])
  })

  it('is of the only organization of a member who names none', async () => {
    const team = await createTeam(app)
    const made = await makePolicy(team.owner, team.id)
    const member = await team.join('member')
    expect((await member.call('GET', '/api/policies')).body).toMatchObject([{ id: made.id }])
  })

  it.each(['limit=0', 'limit=1001', 'skip=-1', 'target_type=group', 'enabled=perhaps', 'organization_id=x'])(
    'is 422 for %s',
    async (query) => {
      const { owner } = await createTeam(app)
      expect((await owner.call('GET', `${POLICIES}?${query}`)).status).toBe(422)
    },
  )
})

describe('whoever', () => {
  it('is no admin of the organization reads its policies and changes none', async () => {
    const team = await createTeam(app)
    const made = await makePolicy(team.owner, team.id)
    const member = await team.join('member')
    const refused = [
      await member.call('POST', POLICIES, { ...ALLOW, organization_id: team.id }),
      await member.call('PUT', oneAt(made), { priority: 1 }),
      await member.call('PATCH', oneAt(made), { priority: 1 }),
      await member.call('DELETE', oneAt(made)),
      await member.call('GET', `${oneAt(made)}/versions`),
    ]
    expect(refused.map(codeOf)).toEqual(Array(5).fill([403, 'INSUFFICIENT_PERMISSIONS']))
    expect((await member.call('GET', oneAt(made))).body.version).toBe(1)
  })

  it('is in another organization finds nothing by an id, and gets nothing by naming the other organization', async () => {
    const [team, other] = await Promise.all([createTeam(app), createTeam(app)])
    const made = await makePolicy(team.owner, team.id)
    const stranger = other.owner
    for (const [method, path, body] of [
      ['GET', oneAt(made)],
      ['PUT', oneAt(made), { priority: 1 }],
      ['PATCH', oneAt(made), { priority: 1 }],
      ['DELETE', oneAt(made)],
      ['GET', `${oneAt(made)}/versions`],
      ['GET', `${POLICIES}/${newUuid()}`],
    ] as const)
      expect(codeOf(await stranger.call(method, path, body))).toEqual([404, 'POLICY_NOT_FOUND'])
    const list = await stranger.call('GET', `${POLICIES}?organization_id=${team.id}`)
    const create = await stranger.call('POST', POLICIES, { ...ALLOW, organization_id: team.id })
    expect([list, create].map(codeOf)).toEqual(Array(2).fill([403, 'NOT_A_MEMBER']))
    // A field of the change moves no policy either.
    const own = await makePolicy(stranger, other.id)
    const moved = await stranger.call('PUT', oneAt(own), { organization_id: team.id, priority: 1 })
    expect(moved.body.organization_id).toBe(other.id)
  })

  it('has not taken a membership up is a stranger', async () => {
    const team = await createTeam(app)
    const made = await makePolicy(team.owner, team.id)
    const added = await openPerson(app)
    await team.owner.call('POST', `${team.path}/members`, { user_id: added.id, role: 'admin' })
    expect(codeOf(await added.call('GET', oneAt(made)))).toEqual([404, 'POLICY_NOT_FOUND'])
    expect(codeOf(await added.call('GET', `${POLICIES}?organization_id=${team.id}`))).toEqual([403, 'NOT_A_MEMBER'])
  })

  it('is in no or in several organizations must name one to make a policy, and is nobody platform-wide', async () => {
    const [one, two, person] = await Promise.all([createTeam(app), createTeam(app), openPerson(app)])
    const make = () => person.call('POST', POLICIES, ALLOW)
    expect(codeOf(await make())).toEqual([400, 'ORGANIZATION_REQUIRED'])
    for (const { id } of [one, two]) await enroll(app, id, person.id, 'owner')
    expect(codeOf(await make())).toEqual([400, 'ORGANIZATION_REQUIRED'])
    expect((await person.call('GET', POLICIES)).body).toEqual([])
  })

  it('is admin of the platform makes platform-wide policies, which others neither see nor change', async () => {
    const admin = await openPerson(app, { role: 'admin' })
    const team = await createTeam(app)
    const made = await makePolicy(admin, null, { resource_type: newUuid() })
    expect(made).toMatchObject({ organization_id: null, tenant_id: '00000000-0000-4000-8000-000000000001' })
    expect((await eventsOf(made.id))[0]?.organization_id).toBeNull()
    for (const method of ['GET', 'PUT', 'DELETE'])
      expect((await team.owner.call(method, oneAt(made), method === 'PUT' ? {} : undefined)).status).toBe(404)
    expect((await admin.call('GET', `${POLICIES}?resource_type=${made.resource_type}`)).body).toEqual([made])
    expect((await admin.call('PATCH', oneAt(made), { enabled: false })).body.version).toBe(2)
    expect((await admin.call('DELETE', oneAt(made))).status).toBe(200)
    // Every organization is theirs, too.
    const own = await makePolicy(team.owner, team.id)
    expect((await admin.call('PATCH', oneAt(own), { priority: 1 })).body.version).toBe(2)
  })

  it('has one factor where the organization wants two is asked for another', async () => {
    const team = await createTeam(app)
    const made = await makePolicy(team.owner, team.id)
    await env.DB.prepare('update organizations set require_two_factors = 1 where id = ?').bind(team.id).run()
    for (const path of [oneAt(made), `${POLICIES}?organization_id=${team.id}`])
      expect(codeOf(await team.owner.call('GET', path))).toEqual([403, 'STEP_UP_REQUIRED'])
  })

  it('is a machine manages no policies', async () => {
    const machine = await openMachine(app, ['policies:evaluate'])
    expect(codeOf(await machine.call('GET', POLICIES))).toEqual([403, 'INSUFFICIENT_PERMISSIONS'])
  })
})

describe('a policy that is wrong', () => {
  const team = createTeam(app)
  it.each<[object, string]>([
    [{ name: '' }, 'body.name'],
    [{ name: 'x'.repeat(256) }, 'body.name'],
    [{ name: 'a\u0000b' }, 'body.name'],
    [{ effect: 'maybe' }, 'body.effect'],
    [{ priority: 1001 }, 'body.priority'],
    [{ priority: 1.5 }, 'body.priority'],
    [{ enabled: 'yes' }, 'body.enabled'],
    [{ target_type: 'group' }, 'body.target_type'],
    [{ target_type: 'user' }, 'body.target_id'],
    [{ target_type: 'user', target_id: 'ada' }, 'body.target_id'],
    [{ target_id: 'ada' }, 'body.target_id'],
    [{ actions: 'document:read' }, 'body.actions'],
    [{ actions: ['x'.repeat(257)] }, 'body.actions.0'],
    [{ resource_pattern: 'x'.repeat(257) }, 'body.resource_pattern'],
    [{ rules: [] }, 'body.rules'],
    [{ rules: { permit: {} } }, 'body.rules.permit'],
    [{ conditions: { StringIs: { 'context.a': 'b' } } }, 'body.conditions.StringIs'],
    [JSON.parse('{"conditions":{"__proto__":{"context.a":"b"}}}'), 'body.conditions.__proto__'],
    [{ conditions: { StringEquals: { 'subject.password': 'b' } } }, 'body.conditions.StringEquals.subject.password'],
    [{ conditions: { IpAddress: { 'environment.ip': '10.0.0.0/33' } } }, 'body.conditions.IpAddress.environment.ip'],
    [{ expires_at: '2027-01-31T08:00:00' }, 'body.expires_at'],
    [{ organization_id: 'x' }, 'body.organization_id'],
  ])('is 422: %j', async (wrong, field) => {
    const { owner, id } = await team
    const refused = await owner.call('POST', POLICIES, { ...ALLOW, organization_id: id, ...wrong })
    expect(codeOf(refused)).toEqual([422, 'VALIDATION_ERROR'])
    expect(refused.body.details.validation_errors[0].field).toBe(field)
  })

  it('is 422 as a change, and judged as a whole', async () => {
    const { owner, id } = await team
    const made = await makePolicy(owner, id, { target_type: 'role', target_id: 'editor' })
    for (const wrong of [{ target_id: null }, { target_type: 'user' }, { effect: null }, { conditions: { X: 1 } }])
      expect((await owner.call('PATCH', oneAt(made), wrong)).status).toBe(422)
    expect((await owner.call('GET', oneAt(made))).body.version).toBe(1)
    expect((await owner.call('GET', `${POLICIES}/no-uuid`)).status).toBe(400)
  })

  it('is 422 with the number where it is too large', async () => {
    const { owner, id } = await team
    const refused = await owner.call('POST', POLICIES, {
      name: 'Large',
      organization_id: id,
      conditions: { StringEquals: { 'context.a': Array.from({ length: 100 }, () => 'x'.repeat(200)) } },
    })
    expect([refused.status, refused.body.details.limit]).toEqual([422, 16 * 1024])
  })
})

describe('how many policies there are', () => {
  const fill = (scope: string, count: number, size: number) =>
    env.DB.prepare(
      `with recursive n (i) as (select 1 union all select i + 1 from n where i < ?)
       insert into policies (id, scope, name, effect, size, created_at, updated_at)
       select ?2 || '-' || i, ?2, 'x', 'allow', ?3, 1, 1 from n`,
    )
      .bind(count, scope, size)
      .run()

  it('is 1,000 at most, whoever else makes one at that moment', async () => {
    const team = await createTeam(app)
    await fill(team.id, 998, 1)
    const make = () => team.owner.call('POST', POLICIES, { ...ALLOW, organization_id: team.id })
    const made = await Promise.all([make(), make(), make(), make()])
    expect(made.map(({ status }) => status).sort()).toEqual([201, 201, 429, 429])
    const refused = made.find(({ status }) => status === 429)
    expect([refused?.body.code, refused?.body.details.limit]).toEqual(['LIMIT_REACHED', 1000])
  })

  it('is limited by 1 MiB in all, for changes, too', async () => {
    const team = await createTeam(app)
    const made = await makePolicy(team.owner, team.id)
    await fill(team.id, 1, 1024 * 1024 - 400)
    const longer = { description: 'x'.repeat(900) }
    const refused = [
      await team.owner.call('POST', POLICIES, { ...ALLOW, organization_id: team.id, ...longer }),
      await team.owner.call('PATCH', oneAt(made), longer),
    ]
    expect(refused.map(({ status, body }) => [status, body.details.limit])).toEqual(Array(2).fill([422, 1024 * 1024]))
    expect((await team.owner.call('PATCH', oneAt(made), { name: 'Short' })).status).toBe(200)
  })
})

describe('If-Match', () => {
  it('lets one of two racing changes of a version win', async () => {
    const team = await createTeam(app)
    const made = await makePolicy(team.owner, team.id)
    const change = (priority: number) => at(1, team.owner).call('PUT', oneAt(made), { priority })
    const both = await Promise.all([change(1), change(2)])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
    const moved = both.find(({ status }) => status === 409)
    expect([moved?.body.code, moved?.body.details]).toEqual(['VERSION_MOVED', { version: 2 }])
    expect((await team.owner.call('GET', oneAt(made))).body.version).toBe(2)
  })

  it('is asked of a deletion, too, and may be quoted', async () => {
    const team = await createTeam(app)
    const made = await makePolicy(team.owner, team.id)
    expect((await at('"1"', team.owner).call('PATCH', oneAt(made), { priority: 1 })).status).toBe(200)
    expect(codeOf(await at(1, team.owner).call('DELETE', oneAt(made)))).toEqual([409, 'VERSION_MOVED'])
    expect((await at(2, team.owner).call('DELETE', oneAt(made))).status).toBe(200)
  })

  it.each(['x', '*', '1.5', '-1', '"1', 'W/"1"', '1, 2', '9'.repeat(16)])('is 422 as %j', async (version) => {
    const team = await createTeam(app)
    const made = await makePolicy(team.owner, team.id)
    const refused = await at(version, team.owner).call('PATCH', oneAt(made), { priority: 1 })
    expect(codeOf(refused)).toEqual([422, 'VALIDATION_ERROR'])
  })

  it('may be left out: two racing changes then both stand', async () => {
    const team = await createTeam(app)
    const made = await makePolicy(team.owner, team.id)
    const changes = [{ priority: 5 }, { description: 'Other' }]
    const both = await Promise.all(changes.map((change) => team.owner.call('PATCH', oneAt(made), change)))
    expect(both.map(({ status }) => status)).toEqual([200, 200])
    expect((await team.owner.call('GET', oneAt(made))).body).toMatchObject({
      priority: 5,
      description: 'Other',
      version: 3,
    })
  })
})

describe('between check and write', () => {
  const callers = { POST: 'makes', PATCH: 'changes', DELETE: 'deletes' } as const
  it.each(Object.entries(callers))('an admin is demoted: %s, who %s, has changed nothing', async (method) => {
    const team = await createTeam(app)
    const admin = await team.join('admin')
    const made = await makePolicy(team.owner, team.id)
    const demote = () => team.owner.call('PUT', `${team.path}/members/${admin.id}/role`, { role: 'member' })
    const late = await interfering(demote, 1, WRITES_POLICIES).fetch(method === 'POST' ? POLICIES : oneAt(made), {
      method,
      headers: { ...admin.headers, 'content-type': 'application/json' },
      ...(method === 'DELETE' ? {} : { body: JSON.stringify({ name: 'Late', organization_id: team.id }) }),
    })
    expect(late.status).toBe(403)
    const { body } = await team.owner.call('GET', `${POLICIES}?organization_id=${team.id}`)
    expect(body).toEqual([made])
    expect(await eventsOf(made.id)).toHaveLength(1)
  })

  it('the organization is deleted: nothing is made in it', async () => {
    const team = await createTeam(app)
    const admin = await openPerson(app, { role: 'admin' })
    const remove = () => team.owner.call('DELETE', team.path)
    const late = await interfering(remove, 1, WRITES_POLICIES).fetch(POLICIES, {
      method: 'POST',
      headers: { ...admin.headers, 'content-type': 'application/json' },
      body: JSON.stringify({ ...ALLOW, organization_id: team.id }),
    })
    expect(late.status).toBe(404)
    expect(await rowsOf('select 1 from policies where scope = ?', team.id)).toEqual([])
  })

  it('others change the policy again and again: the change is given up, not written over theirs', async () => {
    const team = await createTeam(app)
    const made = await makePolicy(team.owner, team.id)
    let priority = 0
    const change = () => team.owner.call('PATCH', oneAt(made), { priority: ++priority })
    const late = await interfering(change, 9, WRITES_POLICIES).fetch(oneAt(made), {
      method: 'PATCH',
      headers: { ...team.owner.headers, 'content-type': 'application/json' },
      body: JSON.stringify({ description: 'Late' }),
    })
    expect([late.status, priority]).toEqual([409, 3])
  })
})

describe('what goes', () => {
  it('with an organization: its policies, their versions and the version of their set', async () => {
    const team = await createTeam(app)
    const made = await makePolicy(team.owner, team.id)
    await team.owner.call('PATCH', oneAt(made), { priority: 1 })
    expect((await team.owner.call('DELETE', team.path)).status).toBe(200)
    await deletePieces(await app.ctx(), ORGANIZATION_DATA)
    for (const statement of [
      'select 1 from policies where scope = ?1 and ?2',
      'select 1 from policy_sets where scope = ?1 and ?2',
      'select 1 from policy_versions where ?1 and policy_id = ?2',
    ])
      expect(await rowsOf(statement, team.id, made.id)).toEqual([])
  })

  it('with a user: policies about them, and their name as the author of others', async () => {
    const team = await createTeam(app)
    const ada = await team.join('admin')
    const about = await makePolicy(team.owner, team.id, { target_type: 'user', target_id: ada.id })
    const wasAbout = await makePolicy(team.owner, team.id, { target_type: 'user', target_id: ada.id })
    const cleared = { target_type: null, target_id: null }
    expect((await team.owner.call('PATCH', oneAt(wasAbout), cleared)).status).toBe(200)
    const other = await makePolicy(ada, team.id)
    expect((await ada.call('PATCH', oneAt(other), { priority: 1 })).status).toBe(200)
    const versionOf = async () =>
      (await rowsOf<{ version: number }>('select version from policy_sets where scope = ?', team.id))[0]?.version ?? 0
    const before = await versionOf()
    expect((await erase(ada.id)).erased).toBe(true)
    expect((await team.owner.call('GET', oneAt(about))).status).toBe(404)
    expect((await team.owner.call('GET', `${oneAt(wasAbout)}/versions`)).body).toEqual([])
    expect((await team.owner.call('GET', `${oneAt(other)}/versions`)).body).toMatchObject([{ changed_by: null }])
    expect(await versionOf()).toBe(before + 1)
  })
})

describe.each(FAILURES)('with a database that %s', (_, failure, options) => {
  it('every call is 503', options, async () => {
    const team = await createTeam(app)
    const made = await makePolicy(team.owner, team.id)
    const broken = isolateWithout('database', failure)
    const calls: [string, string, object?][] = [
      ['GET', POLICIES],
      ['POST', POLICIES, { ...ALLOW, organization_id: team.id }],
      ['GET', oneAt(made)],
      ['PATCH', oneAt(made), { priority: 1 }],
      ['DELETE', oneAt(made)],
      ['GET', `${oneAt(made)}/versions`],
      ['POST', `${POLICIES}/evaluate`, { resource_type: 'x', action: 'y', organization_id: team.id }],
      ['POST', `${oneAt(made)}/evaluate`, { resource_type: 'x', action: 'y' }],
    ]
    const answers = await Promise.all(
      calls.map(([method, path, body]) =>
        broken.fetch(path, {
          method,
          headers: { ...team.owner.headers, 'content-type': 'application/json' },
          ...(body && { body: JSON.stringify(body) }),
        }),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(503))
  })
})

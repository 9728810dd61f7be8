import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp } from '../../support/app.ts'
import { openPerson, type Person } from '../../support/organizations.ts'
import { watchPlans } from '../../support/plans.ts'
import { accountOf, connect, GROUP, membershipOf, refusalOf, rowsOf, run, SCIM, type TestDirectory } from './support.ts'

const app = createTestApp()

let known: Promise<TestDirectory> | undefined
const shared = () => {
  known ??= connect(app)
  return known
}

/** A record without an account. */
const record = async (directory: TestDirectory): Promise<string> =>
  (await directory.user({ userName: newUuid() })).body.id

const memberIds = async (directory: TestDirectory, id: string): Promise<string[]> =>
  ((await directory.call('GET', `/Groups/${id}`)).body.members ?? [])
    .map(({ value }: { value: string }) => value)
    .sort()

describe('a group', () => {
  it('is made, read, found, renamed and deleted', async () => {
    const directory = await shared()
    const user = await record(directory)
    const displayName = newUuid()
    const { status, body, headers } = await directory.group({
      displayName,
      externalId: '8aa1a0c0',
      members: [{ value: user }],
    })
    expect(status).toBe(201)
    const { body: member } = await directory.call('GET', `/Users/${user}`)
    const location = `http://127.0.0.1:8787${SCIM}/Groups/${body.id}`
    expect(body).toEqual({
      schemas: [GROUP],
      id: body.id,
      externalId: '8aa1a0c0',
      displayName,
      members: [{ value: user, $ref: member.meta.location, display: member.userName, type: 'User' }],
      meta: { ...body.meta, resourceType: 'Group', location, version: 'W/"1"' },
    })
    expect([headers.get('location'), headers.get('etag')]).toEqual([location, 'W/"1"'])
    expect(member.groups).toEqual([{ value: body.id, $ref: location, display: displayName, type: 'direct' }])
    const without = await directory.call('GET', `/Groups/${body.id}?excludedAttributes=members`)
    expect(without.body.members).toBeUndefined()
    const renamed = newUuid()
    const patched = await directory.patchGroup(body.id, { op: 'replace', value: { id: body.id, displayName: renamed } })
    expect([patched.status, patched.body.displayName]).toEqual([200, renamed])
    const put = await directory.call('PUT', `/Groups/${body.id}`, { body: { displayName } })
    expect([put.body.displayName, put.body.members, put.body.externalId]).toEqual([displayName, undefined, undefined])
    expect((await directory.call('DELETE', `/Groups/${body.id}`)).status).toBe(204)
    expect((await directory.call('GET', `/Groups/${body.id}`)).status).toBe(404)
    expect((await directory.group({ displayName })).status).toBe(201)
  })

  it.each([
    ['adds', { op: 'Add', path: 'members' }, [1, 2], [0, 1, 2]],
    ['adds nobody twice', { op: 'add', path: 'members' }, [0, 1], [0, 1]],
    ['removes those that the value names', { op: 'Remove', path: 'members' }, [0], []],
    ['removes nobody who is not there', { op: 'remove', path: 'members' }, [2], [0]],
    ['removes all', { op: 'remove', path: 'members' }, null, []],
    ['sets exactly the list', { op: 'replace', path: 'members' }, [1, 2], [1, 2]],
    ['sets nobody', { op: 'replace', path: 'members' }, [], []],
  ] as const)('%s', async (_, operation, named, left) => {
    const directory = await shared()
    const ids = await Promise.all([record(directory), record(directory), record(directory)])
    const { body } = await directory.group({ members: [{ value: ids[0] }] })
    const value = named?.map((index) => ({ value: ids[index] }))
    const { status } = await directory.patchGroup(body.id, value ? { ...operation, value } : operation)
    expect(status).toBe(200)
    expect(await memberIds(directory, body.id)).toEqual(left.map((index) => ids[index]).sort())
  })

  it('removes by a filter, and applies the operations of one request in their order', async () => {
    const directory = await shared()
    const [a, b, c] = await Promise.all([record(directory), record(directory), record(directory)])
    const { body } = await directory.group({ members: [{ value: a }, { value: b }] })
    await directory.patchGroup(
      body.id,
      { op: 'remove', path: `members[value eq "${a}"]` },
      { op: 'add', path: 'members', value: [{ value: c }] },
      { op: 'remove', path: 'members', value: [{ value: b }] },
    )
    expect(await memberIds(directory, body.id)).toEqual([c])
  })

  it.each([
    [
      'an unknown member',
      (id: string) => [id, { op: 'add', path: 'members', value: [{ value: newUuid() }] }, 'invalidValue'],
    ],
    [
      'a member that is no id',
      (id: string) => [id, { op: 'add', path: 'members', value: [{ value: 5 }] }, 'invalidValue'],
    ],
    [
      'a group as a member',
      (id: string) => [id, { op: 'add', path: 'members', value: [{ value: id, type: 'Group' }] }, 'invalidValue'],
    ],
    ['a name that is removed', (id: string) => [id, { op: 'remove', path: 'displayName' }, 'invalidValue']],
    [
      'the display of a member',
      (id: string) => [id, { op: 'replace', path: 'members[value eq "x"].display', value: 'x' }, 'mutability'],
    ],
    ['the value of a member', (id: string) => [id, { op: 'replace', path: 'members.value', value: 'x' }, 'mutability']],
    ['another id', (id: string) => [id, { op: 'replace', value: { id: 'x' } }, 'mutability']],
    [
      'members by another filter',
      (id: string) => [id, { op: 'remove', path: 'members[display co "x"]' }, 'invalidFilter'],
    ],
  ] as const)('refuses %s', async (_, make) => {
    const directory = await shared()
    const { body } = await directory.group()
    const [id, operation, scimType] = make(body.id)
    expect(refusalOf(await directory.patchGroup(id as string, operation as object))).toEqual([400, scimType])
    expect((await directory.call('GET', `/Groups/${body.id}`)).body).toEqual(body)
  })

  it('has its name alone, without regard to case', async () => {
    const directory = await shared()
    const displayName = `Çelik ${newUuid()}`
    const both = await Promise.all([
      directory.group({ displayName }),
      directory.group({ displayName: displayName.toUpperCase() }),
    ])
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409])
    const { body } = await directory.group()
    const renamed = await directory.patchGroup(body.id, { op: 'replace', path: 'displayName', value: displayName })
    expect(refusalOf(renamed)).toEqual([409, 'uniqueness'])
    expect(refusalOf(await directory.group({ displayName: ' ' }))).toEqual([400, 'invalidValue'])
  })

  it('loses nobody when 20 are added at once', async () => {
    const directory = await shared()
    const ids = await Promise.all(Array.from({ length: 20 }, () => record(directory)))
    const { body } = await directory.group()
    const answers = await Promise.all(
      ids.map((value) => directory.patchGroup(body.id, { op: 'add', path: 'members', value: [{ value }] })),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(await memberIds(directory, body.id)).toEqual(ids.sort())
  })

  it('takes versions', async () => {
    const directory = await shared()
    const { body } = await directory.group()
    const path = `/Groups/${body.id}`
    const put = (tag: string) =>
      directory.call('PUT', path, { headers: { 'if-match': tag }, body: { displayName: `${body.displayName} ${tag}` } })
    expect([(await put('W/"2"')).status, (await put('W/"1"')).status, (await put('"2"')).status]).toEqual([
      412, 200, 200,
    ])
    expect((await directory.call('GET', path, { headers: { 'if-none-match': '*' } })).status).toBe(304)
    expect((await directory.call('DELETE', path, { headers: { 'if-match': 'W/"1"' } })).status).toBe(412)
  })

  it('finds its members by their ids: no plan walks the organization', async () => {
    const watched = watchPlans()
    const watching = createTestApp({ override: watched.into })
    const directory = await shared()
    const [a, b] = [await record(directory), await record(directory)]
    const { body } = await directory.group()
    const add = {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'add', path: 'members', value: [{ value: a }, { value: b }] }],
    }
    const { status } = await watching.fetch(`${SCIM}/Groups/${body.id}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${directory.token}`, 'content-type': 'application/scim+json' },
      body: JSON.stringify(add),
    })
    expect(status).toBe(200)
    const plans = await watched.plans()
    expect(plans.filter((plan) => /SCAN (?:record|scim_users|scim_members|memberships|users)\b/.test(plan))).toEqual([])
  })
})

describe('a role that a group gives', () => {
  const MAPPED = {
    role_mapping: [
      { group: 'Admins', role: 'admin' },
      { group: 'Readers', role: 'viewer' },
    ],
  }

  async function prepare() {
    const directory = await connect(app, { ...MAPPED, default_role: 'viewer' })
    const person = await openPerson(app, { email: directory.name() })
    const { body } = await directory.user({ userName: person.user.email })
    const role = async () => (await membershipOf(directory.team.id, person.id))?.role
    return { directory, person, id: body.id as string, role }
  }

  const isRefused = async (person: Person) => (await app.fetch('/validate', { headers: person.headers })).status === 401

  it('comes and goes with the membership, and outdates tokens', async () => {
    const { directory, person, id, role } = await prepare()
    const { body } = await directory.group({ displayName: 'Admins' })
    expect([await role(), await isRefused(person)]).toEqual(['viewer', false])
    const added = await directory.patchGroup(body.id, { op: 'add', path: 'members', value: [{ value: id }] })
    expect(added.headers.get('x-propagated')).toBe('true')
    expect([await role(), await isRefused(person)]).toEqual(['admin', true])
    const { body: session } = await person.call('POST', '/api/v1/auth/refresh', { refresh_token: person.refreshToken })
    const renewed = person.withToken(session.access_token)
    expect(await isRefused(renewed)).toBe(false)
    await directory.patchGroup(body.id, { op: 'remove', path: `members[value eq "${id}"]` })
    expect([await role(), await isRefused(renewed)]).toEqual(['viewer', true])
    const events = await rowsOf<{ data: string }>(
      "select data from events where user_id = ? and type = 'organization.role_changed' order by position",
      person.id,
    )
    expect(events.map(({ data }) => JSON.parse(data))).toEqual([
      { before: { role: 'viewer' }, after: { role: 'admin' }, reason: 'groups' },
      { before: { role: 'admin' }, after: { role: 'viewer' }, reason: 'groups' },
    ])
  })

  it('goes when the group is renamed, emptied or deleted, and when the mapping ends', async () => {
    const { directory, id, role } = await prepare()
    const members = [{ value: id }]
    const { body } = await directory.group({ displayName: 'Admins', members })
    expect(await role()).toBe('admin')
    await directory.patchGroup(body.id, { op: 'replace', path: 'displayName', value: 'Others' })
    expect(await role()).toBe('viewer')
    await directory.patchGroup(body.id, { op: 'replace', path: 'displayName', value: 'Admins' })
    expect(await role()).toBe('admin')
    await directory.call('PUT', `/Groups/${body.id}`, { body: { displayName: 'Admins', members: [] } })
    expect(await role()).toBe('viewer')
    await directory.call('PUT', `/Groups/${body.id}`, { body: { displayName: 'Admins', members } })
    const { owner, path } = directory.team
    await owner.call('PUT', `${path}/scim/config`, { role_mapping: [] })
    expect(await role()).toBe('viewer')
    await owner.call('PUT', `${path}/scim/config`, MAPPED)
    expect(await role()).toBe('admin')
    await directory.call('DELETE', `/Groups/${body.id}`)
    expect(await role()).toBe('viewer')
    await directory.group({ displayName: 'Admins', members })
    expect(await role()).toBe('admin')
    expect((await owner.call('DELETE', `${path}/scim/config`)).status).toBe(204)
    expect(await role()).toBe('viewer')
  })

  it('stands beside the one by hand: the higher counts', async () => {
    const { directory, person, id, role } = await prepare()
    const { owner, path } = directory.team
    const setRole = (to: string) => owner.call('PUT', `${path}/members/${person.id}/role`, { role: to })
    const { body } = await directory.group({ displayName: 'Readers', members: [{ value: id }] })
    expect((await setRole('member')).status).toBe(200)
    expect(await role()).toBe('member')
    await directory.patchGroup(body.id, { op: 'replace', path: 'displayName', value: 'Admins' })
    expect(await role()).toBe('admin')
    expect((await setRole('viewer')).body.role).toBe('admin')
    expect(await role()).toBe('admin')
    await directory.call('DELETE', `/Groups/${body.id}`)
    expect(await role()).toBe('viewer')
  })

  it('goes with the record, and is given to whoever comes by an invitation', async () => {
    const { directory, person, id, role } = await prepare()
    await directory.group({ displayName: 'Admins', members: [{ value: id }] })
    expect(await role()).toBe('admin')
    await directory.call('DELETE', `/Users/${id}`)
    expect(await role()).toBe('viewer')
    expect(await accountOf(id)).toMatchObject({ id: person.id, status: 'inactive' })
    const guest = await openPerson(app)
    const { body: record } = await directory.user({ userName: guest.user.email })
    const { body: group } = await directory.call(
      'GET',
      `/Groups?filter=${encodeURIComponent('displayName eq "Admins"')}`,
    )
    await directory.patchGroup(group.Resources[0].id, { op: 'add', path: 'members', value: [{ value: record.id }] })
    const [invitation] = await rowsOf<{ id: string }>(
      "select id from invitations where email = ? and status = 'pending'",
      guest.user.email,
    )
    await guest.call('POST', `/api/v1/invitations/${invitation?.id}/accept`)
    expect(await membershipOf(directory.team.id, guest.id)).toMatchObject({
      role: 'admin',
      given_role: 'viewer',
      mapped_role: 'admin',
    })
  })

  it('is never that of an owner', async () => {
    const { directory } = await prepare()
    const { owner, path } = directory.team
    const { status } = await owner.call('PUT', `${path}/scim/config`, {
      role_mapping: [{ group: 'Owners', role: 'owner' }],
    })
    expect(status).toBe(422)
  })

  it('of more than 50 raises the version of the organization alone', async () => {
    const directory = await connect(app, MAPPED)
    const { id: organizationId } = directory.team
    const numbers = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 60)'
    const tag = newUuid()
    const ids = newUuid().slice(0, -12)
    await run(
      `${numbers} insert into users (id, email, created_at, updated_at) select ?1 || '-' || i, ?1 || i || '@many.test', 1, 1 from n`,
      tag,
    )
    await run(
      `${numbers} insert into memberships (id, organization_id, user_id, role, joined_at, taken_up_at)
       select ?1 || '-' || i, ?2, ?1 || '-' || i, 'member', 1, 1 from n`,
      tag,
      organizationId,
    )
    await run(
      `${numbers} insert into scim_users (id, organization_id, user_id, user_name_key, active, attributes, folded, write_id, created_at, updated_at)
       select ?3 || printf('%012d', i), ?2, ?1 || '-' || i, ?1 || i, 1, '{"userName":"x"}', '{}', 'x', i, i from n`,
      tag,
      organizationId,
      ids,
    )
    const version = async () =>
      (await rowsOf('select version from organizations where id = ?', organizationId))[0]?.version
    const members = Array.from({ length: 60 }, (_, index) => ({
      value: `${ids}${String(index + 1).padStart(12, '0')}`,
    }))
    expect(await version()).toBe(1)
    const { status, headers } = await directory.group({ displayName: 'Admins', members })
    expect([status, headers.get('x-propagated')]).toEqual([201, 'true'])
    expect(await version()).toBe(2)
    const roles = await rowsOf(
      'select count(*) as count from memberships where organization_id = ? and role = ?',
      organizationId,
      'admin',
    )
    expect(roles).toEqual([{ count: 60 }])
    const raised = await rowsOf('select count(*) as count from users where id like ? and claims_version > 1', `${tag}%`)
    expect(raised).toEqual([{ count: 0 }])
  })
})

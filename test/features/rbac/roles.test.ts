import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env, type TestApp } from '../../support/app.ts'
import { ask, createTeam, openPerson, type Person, type Team } from '../../support/organizations.ts'
import { insertRole, interfering } from './support.ts'

const app = createTestApp()
const ROLES = '/api/v1/rbac/roles'

const newName = () => `Role ${newUuid()}`

const create = (who: Person, team: Team | null, body: Record<string, unknown> = {}) =>
  who.call('POST', ROLES, { name: newName(), ...(team && { organization_id: team.id }), ...body })

const eventsOf = async (organizationId: string) => {
  const { results } = await env.DB.prepare(
    'select type, user_id, data from events where organization_id = ? order by position',
  )
    .bind(organizationId)
    .all<{ type: string; user_id: string | null; data: string }>()
  return results.map(({ type, user_id, data }) => [type, user_id, JSON.parse(data)] as const)
}

describe('custom roles of an organization', () => {
  it('are made, read, listed, changed and deleted, each with its event', async () => {
    const team = await createTeam(app)
    const [admin, viewer] = [await team.join('admin'), await team.join('viewer')]
    const made = await create(admin, team, {
      name: 'Support Team',
      description: 'Answers questions',
      permissions: ['users:read', 'users:read'],
    })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({
      organization_id: team.id,
      key: 'support-team',
      name: 'Support Team',
      permissions: ['users:read'],
      is_system: false,
    })
    const path = `${ROLES}/${made.body.id}?organization_id=${team.id}`
    expect((await viewer.call('GET', path)).body).toEqual(made.body)
    // The only organization of its caller needs no name.
    const list = await viewer.call('GET', ROLES)
    expect(list.body).toMatchObject({ total: 5, page: 1, per_page: 20 })
    expect(list.body.items.map((role: { key: string }) => role.key)).toEqual([
      'owner',
      'admin',
      'member',
      'viewer',
      'support-team',
    ])
    expect(list.body.roles).toEqual(list.body.items)
    const second = await viewer.call('GET', `/api/v1/roles?page=2&per_page=1&include_system=false`)
    expect(second.body).toMatchObject({ items: [], total: 1, page: 2 })
    const changed = await admin.call('PUT', path, { name: 'Helpers', permissions: ['users:*'] })
    expect(changed.body).toMatchObject({ name: 'Helpers', key: 'support-team', permissions: ['users:*'] })
    expect(changed.body.propagated).toBe(true)
    expect((await admin.call('DELETE', path)).body).toMatchObject({ success: true, message: 'Role deleted' })
    expect((await admin.call('GET', path)).body.code).toBe('ROLE_NOT_FOUND')
    const events = await eventsOf(team.id)
    const shown = { name: 'Support Team', permissions: ['users:read'], key: 'support-team' }
    expect(events).toEqual([
      ['role.created', null, { after: { ...shown, description: 'Answers questions' } }],
      [
        'role.updated',
        null,
        { before: expect.objectContaining(shown), after: expect.objectContaining({ name: 'Helpers' }) },
      ],
      ['role.deleted', null, { before: expect.objectContaining({ name: 'Helpers', permissions: ['users:*'] }) }],
    ])
  })

  it('are served below the organization as SDKs ask', async () => {
    const team = await createTeam(app)
    const made = await team.owner.call('POST', `${team.path}/roles`, { name: 'Cook', permissions: ['*'] })
    expect(made).toMatchObject({ status: 201, body: { organization_id: team.id, permissions: ['*'] } })
    const list = await team.owner.call('GET', `${team.path}/roles`)
    expect(list.body).toHaveLength(5)
    expect(list.body[4]).toEqual(made.body)
    expect((await team.owner.call('DELETE', `${team.path}/roles/${made.body.id}`)).body.message).toBe('Role deleted')
    expect((await team.owner.call('DELETE', `${team.path}/roles/${made.body.id}`)).body.code).toBe('ROLE_NOT_FOUND')
  })

  it('have the same routes below /roles', async () => {
    const team = await createTeam(app)
    const made = await team.owner.call('POST', '/api/v1/roles', { name: 'Cook' })
    const path = `/api/v1/roles/${made.body.id}`
    expect((await team.owner.call('PATCH', path, { description: 'Cooks' })).body.description).toBe('Cooks')
    expect((await team.owner.call('PUT', path, { description: null })).body.description).toBeNull()
    expect((await team.owner.call('GET', path)).body).toMatchObject({ name: 'Cook', permissions: [] })
    expect((await team.owner.call('DELETE', path)).status).toBe(200)
  })

  it('keep their key: a new role of the old name gets another', async () => {
    const team = await createTeam(app)
    const first = await create(team.owner, team, { name: 'Cook' })
    const path = `${ROLES}/${first.body.id}`
    await team.owner.call('PATCH', path, { name: 'Chef' })
    const second = await create(team.owner, team, { name: ' COOK ' })
    expect(second.body).toMatchObject({ name: 'COOK', key: 'cook-2' })
    // Names in other letters are different roles.
    const [one, other] = [
      await create(team.owner, team, { name: '編集' }),
      await create(team.owner, team, { name: '管理' }),
    ]
    expect([one.body.key, other.body.key]).toEqual(['--', '---2'])
  })
})

describe('roles are refused', () => {
  it('to strangers, viewers and members, who do not learn what there is', async () => {
    const team = await createTeam(app)
    const [member, stranger] = [await team.join('member'), await openPerson(app)]
    const role = await create(team.owner, team)
    const path = `${ROLES}/${role.body.id}?organization_id=${team.id}`
    for (const [method, at] of [
      ['GET', path],
      ['PUT', path],
      ['DELETE', path],
      ['GET', `${ROLES}?organization_id=${team.id}`],
      ['GET', `${ROLES}?organization_id=${newUuid()}`],
      ['POST', ROLES],
    ] as const) {
      const body = method === 'POST' ? { name: 'x', organization_id: team.id } : method === 'PUT' ? {} : undefined
      expect([method, (await stranger.call(method, at, body)).body.code]).toEqual([method, 'NOT_A_MEMBER'])
    }
    expect((await create(member, team)).body).toMatchObject({
      code: 'INSUFFICIENT_PERMISSIONS',
      details: { required_role: 'admin' },
    })
    expect((await member.call('DELETE', path)).status).toBe(403)
    const admin = await openPerson(app, { role: 'admin' })
    expect((await admin.call('GET', `${ROLES}?organization_id=${newUuid()}`)).body.code).toBe('ORGANIZATION_NOT_FOUND')
  })

  it('by what is wrong with the request', async () => {
    const team = await createTeam(app)
    const path = `${ROLES}/${newUuid()}`
    expect((await team.owner.call('GET', `${ROLES}/no-uuid`)).status).toBe(400)
    expect((await team.owner.call('GET', path)).status).toBe(404)
    expect((await create(team.owner, team, { name: '' })).status).toBe(422)
    expect((await create(team.owner, team, { name: 'x'.repeat(101) })).status).toBe(422)
    expect((await create(team.owner, team, { description: 'x'.repeat(501) })).status).toBe(422)
    for (const permission of ['users', 'users:', 'Users:read', 'a:b:c', 'a:b:self:self', '**', 'a:b\n'])
      expect([permission, (await create(team.owner, team, { permissions: [permission] })).status]).toEqual([
        permission,
        422,
      ])
    const many = Array.from({ length: 101 }, (_, index) => `pages:p${index}`)
    expect(await create(team.owner, team, { permissions: many })).toMatchObject({
      status: 429,
      body: { code: 'LIMIT_REACHED', details: { limit: 100 } },
    })
    const { body: role } = await create(team.owner, team, { permissions: many.slice(1) })
    expect(role.permissions).toHaveLength(100)
    const change = { organization_id: team.id, permissions: many }
    expect(await team.owner.call('PATCH', `${ROLES}/${role.id}`, change)).toMatchObject({
      status: 429,
      body: { code: 'LIMIT_REACHED', details: { limit: 100 } },
    })
  })

  it('whose name is taken, by a role of the system or of the service too, also at a rename', async () => {
    const team = await createTeam(app)
    const role = await create(team.owner, team, { name: 'Cook' })
    const names = [
      'cook',
      ' COOK',
      'Owner',
      'admin',
      'ＡＤＭＩＮ',
      'member',
      'viewer',
      'user',
      'vendor',
      'ROLE_ADMIN',
      'role_user',
    ]
    const other = await create(team.owner, team)
    for (const name of names) {
      expect([name, (await create(team.owner, team, { name })).body.code]).toEqual([name, 'ROLE_NAME_TAKEN'])
      const renamed = await team.owner.call('PATCH', `${ROLES}/${other.body.id}`, { name })
      expect([name, renamed.status, renamed.body.code]).toEqual([name, 400, 'ROLE_NAME_TAKEN'])
    }
    expect((await team.owner.call('PATCH', `${ROLES}/${role.body.id}`, { name: 'COOK' })).body.name).toBe('COOK')
    // Another organization has names of its own.
    const elsewhere = await createTeam(app)
    expect((await create(elsewhere.owner, elsewhere, { name: 'Cook' })).status).toBe(201)
  })

  it('of another organization, as if they were not there', async () => {
    const [team, other] = [await createTeam(app), await createTeam(app)]
    const role = await create(other.owner, other)
    const path = `${ROLES}/${role.body.id}?organization_id=${team.id}`
    for (const [method, body] of [['GET'], ['PUT', { name: 'Mine' }], ['DELETE']] as const)
      expect([method, (await team.owner.call(method, path, body)).body.code]).toEqual([method, 'ROLE_NOT_FOUND'])
    expect((await team.owner.call('DELETE', `${team.path}/roles/${role.body.id}`)).body.code).toBe('ROLE_NOT_FOUND')
    // Nor is it one of the platform.
    const admin = await openPerson(app, { role: 'admin' })
    expect((await admin.call('GET', `${ROLES}/${role.body.id}`)).body.code).toBe('ROLE_NOT_FOUND')
    expect((await other.owner.call('GET', `${ROLES}/${role.body.id}`)).body.name).toBe(role.body.name)
  })

  it('of the system, which have ids but cannot be changed', async () => {
    const team = await createTeam(app)
    const list = await team.owner.call('GET', `${team.path}/roles`)
    for (const { id, name } of list.body) {
      expect((await team.owner.call('GET', `${ROLES}/${id}`)).body).toMatchObject({ name, is_system: true })
      for (const [method, body] of [['PUT', { permissions: ['*'] }], ['DELETE']] as const)
        expect((await team.owner.call(method, `${ROLES}/${id}`, body)).body.code).toBe('SYSTEM_ROLE')
      expect((await team.owner.call('DELETE', `${team.path}/roles/${id}`)).body.code).toBe('SYSTEM_ROLE')
    }
    const elsewhere = await createTeam(app)
    const same = await elsewhere.owner.call('GET', `${elsewhere.path}/roles`)
    expect(same.body.map(({ id }: { id: string }) => id)).toEqual(list.body.map(({ id }: { id: string }) => id))
  })

  it('beyond 50 of a scope', async () => {
    const team = await createTeam(app)
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => insertRole(app, { scope: team.id, key: `r${index}`, permissions: [] })),
    )
    expect(await create(team.owner, team)).toMatchObject({
      status: 429,
      body: { code: 'LIMIT_REACHED', details: { limit: 50 } },
    })
  })

  it('where nobody says which organization is meant', async () => {
    const [one, other] = [await createTeam(app), await createTeam(app)]
    const { headers, id } = one.owner
    await env.DB.prepare('update memberships set user_id = ? where organization_id = ?').bind(id, other.id).run()
    expect(headers).toBeDefined()
    expect((await create(one.owner, null)).body.code).toBe('ORGANIZATION_REQUIRED')
    expect((await one.owner.call('GET', ROLES)).body.items.at(0).organization_id).toBeNull()
    expect((await one.owner.call('GET', `${ROLES}?organization_id=${other.id}`)).status).toBe(200)
  })
})

describe('roles of the platform', () => {
  it('are for its admins to change, and for everybody to read', async () => {
    const [admin, stranger] = [await openPerson(app, { role: 'admin' }), await openPerson(app)]
    const made = await create(admin, null, { permissions: ['*'] })
    expect(made).toMatchObject({ status: 201, body: { organization_id: null } })
    const path = `${ROLES}/${made.body.id}`
    expect((await stranger.call('GET', path)).body).toEqual(made.body)
    for (const [method, at, body] of [
      ['POST', ROLES, { name: 'x' }],
      ['PUT', path, { name: 'x' }],
      ['DELETE', path, undefined],
    ] as const)
      expect((await stranger.call(method, at, body)).body.code).toBe('ORGANIZATION_REQUIRED')
    // An owner names the platform by no organization that is theirs.
    const team = await createTeam(app)
    expect((await team.owner.call('PUT', path, { name: 'x' })).body.code).toBe('ROLE_NOT_FOUND')
    expect((await admin.call('DELETE', path)).status).toBe(200)
  })
})

describe('more than the caller holds', () => {
  it('is neither put into a role, nor changed, nor taken away, permission by permission', async () => {
    const team = await createTeam(app)
    const admin = await team.join('admin')
    for (const permission of ['*', '*:*', 'org:delete', 'org:*', '*:read', 'billing:read', '*:update:self'])
      expect((await create(admin, team, { permissions: ['org:read', permission] })).body).toMatchObject({
        code: 'INSUFFICIENT_PERMISSIONS',
        details: { missing_permissions: [permission] },
      })
    const held = ['org:read', 'users:*', 'users:anything', 'users:*:self', 'settings:update:self']
    const own = await create(admin, team, { permissions: held })
    expect(own.status).toBe(201)
    const widened = await admin.call('PATCH', `${ROLES}/${own.body.id}`, { permissions: ['*'] })
    expect(widened.body.details).toEqual({ missing_permissions: ['*'] })
    const strong = await create(team.owner, team, { permissions: ['billing:read'] })
    const path = `${ROLES}/${strong.body.id}`
    expect((await admin.call('PATCH', path, { permissions: [] })).status).toBe(403)
    expect((await admin.call('PATCH', path, { name: 'Harmless' })).status).toBe(403)
    expect((await admin.call('DELETE', path)).status).toBe(403)
    expect((await team.owner.call('GET', path)).body).toEqual(strong.body)
  })

  it('includes what was lost while the request was on its way', async () => {
    const team = await createTeam(app)
    const admin = await team.join('admin')
    const demote = () => team.owner.call('PUT', `${team.path}/members/${admin.id}/role`, { role: 'member' })
    const late = await interfering(demote).fetch(ROLES, {
      method: 'POST',
      headers: { ...admin.headers, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Late', organization_id: team.id }),
    })
    expect([late.status, (await late.json<{ code: string }>()).code]).toEqual([403, 'INSUFFICIENT_PERMISSIONS'])
    expect((await team.owner.call('GET', `${team.path}/roles`)).body).toHaveLength(4)
  })

  it('is asked again once when definitions moved meanwhile, and refused when they go on moving', async () => {
    const team = await createTeam(app)
    const post = (through: TestApp) =>
      through.fetch(ROLES, {
        method: 'POST',
        headers: { ...team.owner.headers, 'content-type': 'application/json' },
        body: JSON.stringify({ name: newName(), organization_id: team.id }),
      })
    const once = await post(interfering(() => create(team.owner, team)))
    expect(once.status).toBe(201)
    expect((await team.owner.call('GET', `${team.path}/roles`)).body).toHaveLength(6)
    const moving = interfering(() => create(team.owner, team), Number.POSITIVE_INFINITY)
    const refused = await post(moving)
    expect([refused.status, (await refused.json<{ code: string }>()).code]).toEqual([409, 'RIGHTS_CHANGED'])
  })
})

describe('races', () => {
  it('make one of two roles of one name', async () => {
    const team = await createTeam(app)
    const both = await Promise.all([
      create(team.owner, team, { name: 'Cook' }),
      create(team.owner, team, { name: 'cook' }),
    ])
    expect(both.map(({ status }) => status).sort()).toEqual([201, 400])
  })

  it('do not delete a role that is given meanwhile', async () => {
    const team = await createTeam(app)
    const member = await team.join('member')
    const role = await create(team.owner, team)
    const late = interfering(() =>
      team.owner.call('POST', `/api/v1/rbac/users/${member.id}/roles`, { role_id: role.body.id }),
    )
    const path = `${ROLES}/${role.body.id}`
    const { headers } = team.owner
    expect((await ask(late, { method: 'DELETE', path, headers })).body.code).toBe('ROLE_IN_USE')
    expect((await team.owner.call('GET', path)).status).toBe(200)
  })

  it('either delete a role or give it', async () => {
    const team = await createTeam(app)
    const member = await team.join('member')
    for (let round = 0; round < 5; round += 1) {
      const role = await create(team.owner, team)
      const [deleted, given] = await Promise.all([
        team.owner.call('DELETE', `${ROLES}/${role.body.id}`),
        team.owner.call('POST', `/api/v1/rbac/users/${member.id}/roles`, { role_id: role.body.id }),
      ])
      const assigned = await env.DB.prepare('select 1 from role_assignments where role_id = ?').bind(role.body.id).all()
      const left = await env.DB.prepare('select 1 from roles where id = ?').bind(role.body.id).all()
      expect(assigned.results).toHaveLength(left.results.length)
      const outcome = [deleted.status, given.status]
      expect(outcome).toEqual(left.results.length === 1 ? [400, 200] : [200, 404])
    }
  })
})

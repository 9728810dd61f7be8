import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env } from '../../support/app.ts'
import { recordedOf } from '../../support/events.ts'
import { ask, createTeam, openPerson, type Person, type Team } from '../../support/organizations.ts'
import { insertRole, interfering } from './support.ts'

const app = createTestApp()

const rolesOf = (user: { id: string }) => `/api/v1/rbac/users/${user.id}/roles`
const permissionsOf = (user: { id: string }) => `/api/v1/users/${user.id}/permissions`

const makeRole = async (
  who: Person,
  team: Team | null,
  permissions: string[] = [],
): Promise<{ id: string; name: string }> => {
  const body = { name: `Role ${newUuid()}`, permissions, ...(team && { organization_id: team.id }) }
  return (await who.call('POST', '/api/v1/rbac/roles', body)).body
}

const assign = (who: Person, whom: { id: string }, role_id: string, team: Team | null) =>
  who.call('POST', rolesOf(whom), { role_id, ...(team && { organization_id: team.id }) })

const grant = (who: Person, whom: { id: string }, permissions: readonly string[], team: Team | null) =>
  who.call('PUT', permissionsOf(whom), { permissions, ...(team && { organization_id: team.id }) })

const refreshed = async (person: Person): Promise<Person> => {
  const { body } = await person.call('POST', '/api/v1/auth/refresh', { refresh_token: person.refreshToken })
  return person.withToken(body.access_token)
}

const claimsOf = ({ headers }: Person) =>
  JSON.parse(atob(String(headers.authorization).split('.')[1]?.replaceAll('-', '+').replaceAll('_', '/') ?? ''))

describe('assigning a custom role', () => {
  it('puts it into the next token, tells the user, and refuses the present one', async () => {
    const team = await createTeam(app)
    const [admin, member] = [await team.join('admin'), await team.join('member')]
    const role = await makeRole(admin, team, ['users:read'])
    const given = await assign(admin, member, role.id, team)
    expect(given).toEqual({
      status: 200,
      body: {
        user_id: member.id,
        organization_id: team.id,
        role: role.name,
        role_id: role.id,
        message: 'Role assigned',
        propagated: true,
      },
    })
    expect((await member.call('GET', team.path)).status).toBe(401)
    const key = role.name.toLowerCase().replace(' ', '-')
    expect(claimsOf(await refreshed(member)).org_roles).toEqual([key])
    const told = await recordedOf(member.id)
    const events = told.filter(({ type }) => type === 'role.assigned' || type === 'notification.created')
    expect(events).toMatchObject([
      { type: 'role.assigned', subject: member.id, actor_id: admin.id, data: { role_id: role.id, role: key } },
      { type: 'notification.created', data: { kind: 'rights_changed' } },
    ])
    expect(events[0]).toMatchObject({ organization_id: team.id })
    // Nothing is left to do.
    expect((await assign(admin, member, role.id, team)).status).toBe(200)
    expect(await recordedOf(member.id, 'role.assigned')).toHaveLength(1)
    const taken = await admin.call('DELETE', `${rolesOf(member)}/${role.id}`)
    expect(taken.body).toMatchObject({ message: 'Role unassigned', propagated: true })
    expect(await recordedOf(member.id, 'role.unassigned')).toMatchObject([{ data: { role_id: role.id, role: key } }])
    expect((await admin.call('DELETE', `${rolesOf(member)}/${role.id}`)).body.code).toBe('ROLE_NOT_ASSIGNED')
    expect(claimsOf(await refreshed(member)).org_roles).toEqual([])
  })

  it('works by name, and at the paths of Janua', async () => {
    const team = await createTeam(app)
    const member = await team.join('viewer')
    const role = await makeRole(team.owner, team)
    const body = { user_id: member.id, role_name: role.name.toUpperCase() }
    expect((await team.owner.call('POST', '/api/v1/roles/assign', body)).body.role_id).toBe(role.id)
    const path = `/api/v1/policies/roles/${role.id}/unassign`
    expect((await team.owner.call('DELETE', path)).status).toBe(422)
    expect((await team.owner.call('DELETE', `${path}?user_id=${member.id}`)).body.message).toBe('Role unassigned')
  })

  it('keeps the role from being deleted', async () => {
    const team = await createTeam(app)
    const member = await team.join('member')
    const role = await makeRole(team.owner, team)
    await assign(team.owner, member, role.id, team)
    const remove = () => team.owner.call('DELETE', `/api/v1/rbac/roles/${role.id}`)
    expect(await remove()).toMatchObject({ status: 400, body: { code: 'ROLE_IN_USE' } })
    // Whoever leaves gives it back.
    await team.owner.call('DELETE', `${team.path}/members/${member.id}`)
    expect((await remove()).status).toBe(200)
  })

  it('is for members who have taken that up', async () => {
    const team = await createTeam(app)
    const [stranger, pending] = [await openPerson(app), await openPerson(app)]
    await team.owner.call('POST', `${team.path}/members`, { user_id: pending.id })
    const role = await makeRole(team.owner, team)
    for (const id of [stranger.id, pending.id, newUuid()]) {
      expect((await assign(team.owner, { id }, role.id, team)).body.code).toBe('MEMBER_NOT_FOUND')
      expect((await grant(team.owner, { id }, ['org:read'], team)).body.code).toBe('MEMBER_NOT_FOUND')
    }
    expect((await recordedOf(pending.id)).map(({ type }) => type)).not.toContain('role.assigned')
  })

  it('is refused for roles that are elsewhere, of the system, or nowhere, and for nothing named', async () => {
    const [team, other] = [await createTeam(app), await createTeam(app)]
    const member = await team.join('member')
    const foreign = await makeRole(other.owner, other)
    expect((await assign(team.owner, member, foreign.id, team)).body.code).toBe('ROLE_NOT_FOUND')
    expect((await assign(team.owner, member, newUuid(), team)).body.code).toBe('ROLE_NOT_FOUND')
    for (const role_name of ['owner', ' Admin '])
      expect((await team.owner.call('POST', rolesOf(member), { role_name })).body.code).toBe('SYSTEM_ROLE')
    expect((await team.owner.call('POST', rolesOf(member), {})).status).toBe(422)
    expect((await team.owner.call('POST', '/api/v1/rbac/users/7/roles', { role_name: 'x' })).status).toBe(400)
    expect((await assign(other.owner, member, foreign.id, team)).body.code).toBe('NOT_A_MEMBER')
  })

  it('stops at ten a member, exactly, with two at once', async () => {
    const team = await createTeam(app)
    const member = await team.join('member')
    const ids = await Promise.all(
      Array.from({ length: 11 }, (_, index) => insertRole(app, { scope: team.id, key: `r${index}`, permissions: [] })),
    )
    for (const id of ids.slice(0, 9)) expect((await assign(team.owner, member, id, team)).status).toBe(200)
    const both = await Promise.all(ids.slice(9).map((id) => assign(team.owner, member, id, team)))
    expect(both.map(({ status }) => status).sort()).toEqual([200, 429])
    expect(both.find(({ status }) => status === 429)?.body.details).toEqual({ limit: 10 })
  })

  it('platform-wide is for admins of the platform, to active users', async () => {
    const [admin, user, team] = [await openPerson(app, { role: 'admin' }), await openPerson(app), await createTeam(app)]
    const role = await makeRole(admin, null, ['reports:read'])
    const pending = await openPerson(app, { status: 'pending' })
    expect((await assign(user, user, role.id, null)).body.code).toBe('ORGANIZATION_REQUIRED')
    expect((await assign(team.owner, team.owner, role.id, null)).body.code).toBe('ROLE_NOT_FOUND')
    expect((await assign(admin, { id: newUuid() }, role.id, null)).body.code).toBe('NOT_FOUND')
    expect((await assign(admin, pending, role.id, null)).body.code).toBe('USER_STATE_CONFLICT')
    expect((await assign(admin, user, role.id, null)).body.organization_id).toBeNull()
    const key = role.name.toLowerCase().replace(' ', '-')
    expect(claimsOf(await refreshed(user)).roles).toEqual(['user', key])
    expect((await admin.call('DELETE', `${rolesOf(user)}/${role.id}`)).status).toBe(200)
  })
})

describe('direct grants', () => {
  it('are replaced as a whole, and stand in the next token', async () => {
    const team = await createTeam(app)
    const [admin, member] = [await team.join('admin'), await team.join('member')]
    const first = await grant(admin, member, ['users:read', 'settings:read', 'users:read'], team)
    expect(first).toMatchObject({
      status: 200,
      body: {
        user_id: member.id,
        organization_id: team.id,
        role: 'member',
        roles: [],
        granted: ['settings:read', 'users:read'],
        propagated: true,
      },
    })
    expect((await member.call('GET', team.path)).status).toBe(401)
    expect(claimsOf(await refreshed(member)).permissions).toEqual(['settings:read', 'users:read'])
    await grant(admin, member, ['users:read', 'users:update'], team)
    const read = await (await refreshed(member)).call('GET', permissionsOf(member))
    expect(read.body.granted).toEqual(['users:read', 'users:update'])
    expect(read.body.permissions).toEqual([
      'org:read',
      'users:read',
      'users:update:self',
      'settings:read',
      'users:update',
    ])
    await grant(admin, member, ['users:read', 'users:update'], team)
    expect((await grant(admin, member, [], team)).body.granted).toEqual([])
    expect((await recordedOf(member.id, 'permissions.granted')).map(({ data }) => data)).toEqual([
      { before: [], after: ['users:read', 'settings:read'] },
      { before: ['settings:read', 'users:read'], after: ['users:read', 'users:update'] },
      { before: ['users:read', 'users:update'], after: [] },
    ])
  })

  it('are limited in number and in bytes', async () => {
    const team = await createTeam(app)
    const member = await team.join('member')
    const many = Array.from({ length: 21 }, (_, index) => `pages:p${index}`)
    expect(await grant(team.owner, member, many, team)).toMatchObject({
      status: 429,
      body: { code: 'LIMIT_REACHED', details: { limit: 20 } },
    })
    const long = Array.from({ length: 10 }, (_, index) => `${'x'.repeat(60)}:${'y'.repeat(40)}${index}`)
    const refused = await grant(team.owner, member, long, team)
    expect([refused.status, refused.body.details.limit]).toEqual([422, 1024])
    expect(refused.body.details.validation_errors[0].field).toBe('body.permissions')
    expect((await grant(team.owner, member, ['all'], team)).status).toBe(422)
    expect((await grant(team.owner, member, many.slice(1), team)).status).toBe(200)
  })

  it('platform-wide are for admins of the platform, who name users by number, too', async () => {
    const [admin, user] = [await openPerson(app, { role: 'admin' }), await openPerson(app)]
    expect((await grant(user, user, ['*'], null)).body.code).toBe('ORGANIZATION_REQUIRED')
    const path = `/api/v1/users/${user.user.number}/permissions`
    const given = await admin.call('PUT', path, { permissions: ['reports:*'] })
    expect(given.body).toMatchObject({ user_id: user.user.number, granted: ['reports:*'], organization_id: null })
    expect(claimsOf(await refreshed(user)).permissions).toEqual(['reports:*'])
    expect((await grant(admin, { id: newUuid() }, [], null)).body.code).toBe('NOT_FOUND')
    expect((await admin.call('PUT', '/api/v1/users/no-id/permissions', { permissions: [] })).status).toBe(400)
  })

  it('are seen by the user and by admins, who learn nothing of others or of elsewhere', async () => {
    const [admin, team] = [await openPerson(app, { role: 'admin' }), await createTeam(app)]
    const [member, other] = [await team.join('member'), await team.join('member')]
    await grant(admin, member, ['reports:read'], null)
    await grant(team.owner, member, ['pages:read'], team)
    const asOwner = await team.owner.call('GET', permissionsOf(member))
    expect(asOwner.body).toMatchObject({ granted: ['pages:read'], role: 'member' })
    expect(JSON.stringify(asOwner.body)).not.toContain('reports')
    const own = await (await refreshed(member)).call('GET', permissionsOf(member))
    expect(own.body.permissions).toEqual(expect.arrayContaining(['pages:read', 'reports:read']))
    expect((await admin.call('GET', permissionsOf(member))).body).toMatchObject({
      granted: ['reports:read'],
      role: 'user',
    })
    const named = await admin.call('GET', `${permissionsOf(member)}?organization_id=${team.id}`)
    expect(named.body).toMatchObject({ granted: ['pages:read'], role: 'member' })
    expect((await other.call('GET', permissionsOf(member))).body.code).toBe('INSUFFICIENT_PERMISSIONS')
    const stranger = await openPerson(app)
    expect((await stranger.call('GET', permissionsOf(member))).body.code).toBe('FORBIDDEN')
    for (const ref of [stranger.id, newUuid(), String(stranger.user.number), '2147483647'])
      expect((await team.owner.call('GET', `/api/v1/users/${ref}/permissions`)).body).toMatchObject({
        code: 'MEMBER_NOT_FOUND',
      })
    expect((await admin.call('GET', permissionsOf({ id: newUuid() }))).body.code).toBe('NOT_FOUND')
  })
})

describe('nobody gives or takes more than they hold', () => {
  it('by assigning a role, or taking it', async () => {
    const team = await createTeam(app)
    const [admin, member] = [await team.join('admin'), await team.join('member')]
    const strong = await makeRole(team.owner, team, ['users:read', 'billing:update', '*'])
    for (const whom of [admin, member])
      expect((await assign(admin, whom, strong.id, team)).body.details).toEqual({
        missing_permissions: ['billing:update', '*'],
      })
    await assign(team.owner, member, strong.id, team)
    expect((await admin.call('DELETE', `${rolesOf(member)}/${strong.id}`)).status).toBe(403)
    expect((await recordedOf(member.id, 'role.unassigned')).length).toBe(0)
  })

  it('by a grant, one by one: what stays as it is is not compared', async () => {
    const team = await createTeam(app)
    const [admin, member] = [await team.join('admin'), await team.join('member')]
    for (const permission of ['*', 'org:delete', '*:*:self', 'billing:read'])
      expect((await grant(admin, member, ['org:read', permission], team)).body.details).toEqual({
        missing_permissions: [permission],
      })
    await grant(team.owner, member, ['billing:read'], team)
    expect((await grant(admin, member, ['billing:read', 'org:read'], team)).status).toBe(200)
    expect((await grant(admin, member, ['org:read'], team)).body.details).toEqual({
      missing_permissions: ['billing:read'],
    })
  })

  it('by what they hold elsewhere or platform-wide: an owner holds everything there alone', async () => {
    const [team, own] = [await createTeam(app), await createTeam(app)]
    const admin = await openPerson(app, { role: 'admin' })
    const eve = await team.join('admin')
    await grant(admin, eve, ['*'], null)
    await env.DB.prepare("update memberships set user_id = ? where organization_id = ? and role = 'owner'")
      .bind(eve.id, own.id)
      .run()
    const fresh = await refreshed(eve)
    expect((await grant(fresh, fresh, ['billing:read'], own)).status).toBe(200)
    const again = await refreshed(eve)
    expect((await grant(again, again, ['billing:read'], team)).body.code).toBe('INSUFFICIENT_PERMISSIONS')
    expect((await makeRole(again, team, ['billing:read'])).id).toBeUndefined()
  })

  it('but what a custom role or a grant in the organization gives them', async () => {
    const team = await createTeam(app)
    const [admin, member] = [await team.join('admin'), await team.join('member')]
    const role = await makeRole(team.owner, team, ['billing:*'])
    await assign(team.owner, admin, role.id, team)
    const stronger = await refreshed(admin)
    expect((await grant(stronger, member, ['billing:read'], team)).status).toBe(200)
    expect((await assign(stronger, member, role.id, team)).status).toBe(200)
    expect((await grant(stronger, member, ['billing:read', 'org:delete'], team)).status).toBe(403)
  })

  it('as member, whatever permissions they have: our routes go by rank', async () => {
    const team = await createTeam(app)
    const member = await team.join('member')
    await grant(team.owner, member, ['*'], team)
    const strong = await refreshed(member)
    expect((await grant(strong, strong, ['org:read'], team)).body.details).toEqual({ required_role: 'admin' })
    expect((await strong.call('POST', `${team.path}/roles`, { name: 'Mine' })).status).toBe(403)
  })
})

describe('races', () => {
  it.each(['assigning', 'granting'] as const)('refuse an admin who is demoted while %s', async (what) => {
    const team = await createTeam(app)
    const [admin, member] = [await team.join('admin'), await team.join('member')]
    const role = await makeRole(team.owner, team, ['users:read'])
    const late = interfering(() => team.owner.call('PUT', `${team.path}/members/${admin.id}/role`, { role: 'member' }))
    const [method, path, body] =
      what === 'assigning'
        ? (['POST', rolesOf(member), { role_id: role.id }] as const)
        : (['PUT', permissionsOf(member), { permissions: ['users:read'] }] as const)
    const answer = await ask(late, { method, path, body, headers: admin.headers })
    expect([answer.status, answer.body.code]).toEqual([403, 'INSUFFICIENT_PERMISSIONS'])
    expect((await team.owner.call('GET', permissionsOf(member))).body).toMatchObject({ granted: [], roles: [] })
  })

  it('refuse an admin who loses the right that is given on', async () => {
    const team = await createTeam(app)
    const [admin, member] = [await team.join('admin'), await team.join('member')]
    await grant(team.owner, admin, ['billing:read'], team)
    const { headers } = await refreshed(admin)
    const late = interfering(() => grant(team.owner, admin, [], team))
    const body = { permissions: ['billing:read'] }
    const answer = await ask(late, { method: 'PUT', path: permissionsOf(member), body, headers })
    expect(answer.body.details).toEqual({ missing_permissions: ['billing:read'] })
  })

  it('refuse to give a role that came to allow more than its giver holds', async () => {
    const team = await createTeam(app)
    const [admin, member] = [await team.join('admin'), await team.join('member')]
    const role = await makeRole(team.owner, team, ['users:read'])
    const late = interfering(() => team.owner.call('PATCH', `/api/v1/rbac/roles/${role.id}`, { permissions: ['*'] }))
    const path = rolesOf(member)
    const answer = await ask(late, { method: 'POST', path, body: { role_id: role.id }, headers: admin.headers })
    expect(answer.body.details).toEqual({ missing_permissions: ['*'] })
  })

  it('give nothing to a member who is removed meanwhile', async () => {
    const team = await createTeam(app)
    const member = await team.join('member')
    const role = await makeRole(team.owner, team)
    const path = rolesOf(member)
    const removing = () => interfering(() => team.owner.call('DELETE', `${team.path}/members/${member.id}`))
    const { headers } = team.owner
    const answer = await ask(removing(), { method: 'POST', path, body: { role_id: role.id }, headers })
    expect(answer.body.code).toBe('MEMBER_NOT_FOUND')
    const held = await env.DB.prepare('select 1 from role_assignments where user_id = ?').bind(member.id).all()
    expect(held.results).toEqual([])
  })

  it('leave one of two replacements of grants, never both', async () => {
    const team = await createTeam(app)
    const member = await team.join('member')
    const lists = [
      ['pages:a', 'pages:b'],
      ['pages:c', 'pages:d'],
    ]
    for (let round = 0; round < 3; round += 1) {
      const both = await Promise.all(lists.map((list) => grant(team.owner, member, list, team)))
      expect(both.map(({ status }) => status)).toEqual([200, 200])
      const { body } = await team.owner.call('GET', permissionsOf(member))
      expect(lists).toContainEqual(body.granted)
    }
  })
})

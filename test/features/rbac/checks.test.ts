import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env } from '../../support/app.ts'
import { ask, createTeam, openPerson, type Person, type Team } from '../../support/organizations.ts'
import { freshMachine, requestToken } from '../oauth/support.ts'

const app = createTestApp()
const RBAC = '/api/v1/rbac'

const refreshed = async (person: Person): Promise<Person> => {
  const { body } = await person.call('POST', '/api/v1/auth/refresh', { refresh_token: person.refreshToken })
  return person.withToken(body.access_token)
}

const check = (who: Person, body: Record<string, unknown>) => who.call('POST', `${RBAC}/check-permission`, body)

/** Gives a member a custom role, and answers the member with a token that says so. */
async function withRole(team: Team, member: Person, permissions: string[]) {
  const role = await team.owner.call('POST', `${team.path}/roles`, { name: `R ${newUuid()}`, permissions })
  await team.owner.call('POST', `${RBAC}/users/${member.id}/roles`, { role_id: role.body.id })
  return { path: `${RBAC}/roles/${role.body.id}`, key: role.body.key as string, member: await refreshed(member) }
}

describe('a check of permissions', () => {
  it('counts role, custom roles and grants, at each of its paths', async () => {
    const team = await createTeam(app)
    const { member } = await withRole(team, await team.join('member'), ['pages:*'])
    await team.owner.call('PUT', `/api/v1/users/${member.id}/permissions`, { permissions: ['files:read'] })
    const self = await refreshed(member)
    expect((await check(self, { permission: 'org:read' })).body).toEqual({
      has_permission: true,
      permission: 'org:read',
      user_id: self.id,
    })
    const permissions = ['org:read', 'pages:write', 'files:read', 'files:write', 'org:update', '*']
    const several = await self.call('POST', `${RBAC}/check-permissions`, { permissions })
    expect(several.body).toEqual({
      permissions: {
        'org:read': true,
        'pages:write': true,
        'files:read': true,
        'files:write': false,
        'org:update': false,
        '*': false,
      },
      has_all: false,
      user_id: self.id,
    })
    const enforce = (permission: string) => self.call('POST', `${RBAC}/enforce`, { permission, context: { a: 1 } })
    expect((await enforce('pages:read')).body).toEqual({ status: 'granted', permission: 'pages:read', reason: null })
    expect((await enforce('users:delete')).body).toEqual({
      status: 'denied',
      permission: 'users:delete',
      reason: 'missing_permission',
    })
    expect((await check(self, { permission: 'nonsense' })).status).toBe(422)
    expect((await self.call('POST', `${RBAC}/check-permissions`, { permissions: [] })).status).toBe(422)
  })

  it("lets :self count for the user's own id alone", async () => {
    const team = await createTeam(app)
    const member = await team.join('member')
    const asked = async (permission: string, resource_id?: string) =>
      (await check(member, { permission, resource_id })).body.has_permission
    expect(await asked('users:update')).toBe(false)
    expect(await asked('users:update', team.owner.id)).toBe(false)
    expect(await asked('users:update', member.id)).toBe(true)
    expect(await asked('users:update:self', member.id)).toBe(true)
    expect(await asked('users:delete', member.id)).toBe(false)
    // What is about somebody else does not become theirs because the caller names them.
    const body = { permission: 'users:update', user_id: member.id, resource_id: team.owner.id }
    expect((await check(team.owner, body)).body.has_permission).toBe(false)
    expect((await check(team.owner, { ...body, resource_id: member.id })).body.has_permission).toBe(true)
  })

  it('is about others for admins there, who hear of what is held there alone', async () => {
    const [team, root] = [await createTeam(app), await openPerson(app, { role: 'admin' })]
    const [member, other, stranger] = [await team.join('member'), await team.join('member'), await openPerson(app)]
    await root.call('PUT', `/api/v1/users/${member.id}/permissions`, { permissions: ['reports:read'] })
    const fresh = await refreshed(member)
    const about = (who: Person, user_id: string, permission: string, organization_id?: string) =>
      check(who, { user_id, permission, organization_id })
    expect((await about(team.owner, member.id, 'org:read')).body.has_permission).toBe(true)
    expect((await about(team.owner, member.id, 'reports:read')).body.has_permission).toBe(false)
    expect((await check(fresh, { permission: 'reports:read' })).body.has_permission).toBe(true)
    expect((await about(root, member.id, 'reports:read', team.id)).body.has_permission).toBe(true)
    expect((await about(root, member.id, 'org:read')).body.has_permission).toBe(false)
    // Who is no member, an admin of the platform too, or does not exist has nothing there.
    for (const id of [stranger.id, root.id, newUuid()])
      expect((await about(team.owner, id, 'org:read')).body.has_permission).toBe(false)
    expect((await about(other, member.id, 'org:read')).body.code).toBe('INSUFFICIENT_PERMISSIONS')
    expect((await about(stranger, member.id, 'org:read')).body.code).toBe('FORBIDDEN')
    expect((await about(stranger, member.id, 'org:read', team.id)).body.code).toBe('NOT_A_MEMBER')
    expect((await about(stranger, stranger.id, 'org:read', team.id)).body.code).toBe('NOT_A_MEMBER')
    expect((await about(root, member.id, 'org:read', newUuid())).body.code).toBe('ORGANIZATION_NOT_FOUND')
  })

  it('is for machines with the scope, about a user whom they name', async () => {
    const team = await createTeam(app)
    const member = await team.join('member')
    const asMachine = async (scopes: string[], body: unknown) => {
      const token = await requestToken(app, await freshMachine(app, scopes))
      const headers = { authorization: `Bearer ${token}` }
      return ask(app, { method: 'POST', path: `${RBAC}/check-permission`, body, headers })
    }
    const question = { permission: 'org:read', organization_id: team.id, user_id: member.id }
    expect((await asMachine(['rbac:check'], question)).body.has_permission).toBe(true)
    expect((await asMachine(['rbac:check'], { ...question, organization_id: undefined })).body.has_permission).toBe(
      false,
    )
    expect((await asMachine(['rbac:check'], { permission: 'org:read' })).status).toBe(422)
    expect((await asMachine(['rbac:checks'], question)).body.code).toBe('INSUFFICIENT_PERMISSIONS')
    expect((await ask(app, { method: 'POST', path: `${RBAC}/enforce`, body: question })).status).toBe(401)
  })

  it('grants nothing to who may not sign in, nor of an organization that is deleted, nor before it is taken up', async () => {
    const [team, root] = [await createTeam(app), await openPerson(app, { role: 'admin' })]
    const { member } = await withRole(team, await team.join('member'), ['pages:read'])
    const pending = await openPerson(app)
    await team.owner.call('POST', `${team.path}/members`, { user_id: pending.id, role: 'admin' })
    const token = await requestToken(app, await freshMachine(app, ['rbac:check']))
    const asked = async (user_id: string, permission = 'pages:read') => {
      const body = { permission, organization_id: team.id, user_id }
      const headers = { authorization: `Bearer ${token}` }
      return (await ask(app, { method: 'POST', path: `${RBAC}/check-permission`, body, headers })).body.has_permission
    }
    expect(await asked(member.id)).toBe(true)
    expect(await asked(pending.id, 'org:read')).toBe(false)
    await root.call('POST', `/api/v1/admin/users/${member.id}/suspend`, {})
    expect(await asked(member.id)).toBe(false)
    await root.call('POST', `/api/v1/admin/users/${member.id}/unsuspend`)
    expect(await asked(member.id)).toBe(true)
    await team.owner.call('DELETE', team.path)
    expect(await asked(member.id)).toBe(false)
    expect(await asked(team.owner.id, '*')).toBe(false)
  })

  it('needs two factors where the organization does', async () => {
    const team = await createTeam(app)
    const member = await team.join('member')
    await env.DB.prepare('update organizations set require_two_factors = 1 where id = ?').bind(team.id).run()
    for (const call of [
      check(member, { permission: 'org:read' }),
      member.call('GET', `${RBAC}/roles`),
      member.call('GET', `${RBAC}/permissions?organization_id=${team.id}`),
      team.owner.call('POST', `${RBAC}/roles`, { name: 'x' }),
    ])
      expect((await call).body.code).toBe('STEP_UP_REQUIRED')
  })
})

describe("the caller's own", () => {
  it('permissions and role are those of the scope, with the catalogue', async () => {
    const team = await createTeam(app)
    const { member, key } = await withRole(team, await team.join('viewer'), ['pages:read'])
    const own = await member.call('GET', `${RBAC}/permissions?organization_id=${team.id}`)
    expect(own.body).toMatchObject({
      permissions: ['org:read', 'users:read:self', 'pages:read'],
      user_id: member.id,
      organization_id: team.id,
    })
    const known = await member.call('GET', '/api/v1/roles/permissions')
    expect(known.body).toEqual(own.body.available)
    expect(known.body[0]).toEqual({ permission: '*', description: 'Everything', category: 'system' })
    expect((await member.call('GET', `${RBAC}/role?organization_id=${team.id}`)).body).toEqual({
      role: 'viewer',
      roles: [key],
      user_id: member.id,
      organization_id: team.id,
    })
    const admin = await openPerson(app, { role: 'admin' })
    expect((await admin.call('GET', `${RBAC}/role`)).body).toMatchObject({ role: 'admin', organization_id: null })
    expect((await admin.call('GET', `${RBAC}/role?organization_id=${team.id}`)).body.role).toBeNull()
    expect((await admin.call('GET', `${RBAC}/permissions`)).body.permissions).toEqual(['*'])
    expect((await admin.call('GET', `${RBAC}/role?organization_id=no-id`)).status).toBe(422)
  })
})

describe('/validate', () => {
  const statusIn = async (isolate: typeof app, who: Person, permission: string) =>
    (await isolate.fetch(`/validate?permission=${permission}`, { headers: { ...who.headers } })).status

  it('knows a custom role before and after its edit, in another isolate too, and no token is refused', async () => {
    const other = createTestApp()
    const team = await createTeam(app)
    const { member, path } = await withRole(team, await team.join('member'), ['pages:read'])
    const statuses = async (isolate: typeof app) => [
      await statusIn(isolate, member, 'pages:read'),
      await statusIn(isolate, member, 'pages:write'),
    ]
    expect(await statuses(app)).toEqual([200, 403])
    await expect.poll(() => statuses(other), { timeout: 8000 }).toEqual([200, 403])
    await team.owner.call('PATCH', path, { permissions: ['pages:write'] })
    expect(await statuses(app)).toEqual([403, 200])
    await expect.poll(() => statuses(other), { timeout: 8000, interval: 200 }).toEqual([403, 200])
    expect((await member.call('GET', team.path)).status).toBe(200)
  })

  it('refuses the token from before a role was taken, in another isolate too', async () => {
    const other = createTestApp()
    const team = await createTeam(app)
    const { member, path } = await withRole(team, await team.join('member'), ['pages:read'])
    await expect.poll(() => statusIn(other, member, 'pages:read'), { timeout: 8000 }).toBe(200)
    const role = path.split('/').at(-1)
    await team.owner.call('DELETE', `${RBAC}/users/${member.id}/roles/${role}`)
    expect(await statusIn(app, member, 'pages:read')).toBe(401)
    await expect.poll(() => statusIn(other, member, 'pages:read'), { timeout: 8000, interval: 200 }).toBe(401)
    expect(await statusIn(app, await refreshed(member), 'pages:read')).toBe(403)
  })
})

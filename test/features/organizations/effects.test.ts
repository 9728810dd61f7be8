import { describe, expect, it } from 'vitest'
import { createTestApp, env } from '../../support/app.ts'
import { ask, createTeam, openPerson, type Person, type Team } from '../../support/organizations.ts'
import { eventsAbout, invite } from '../invitations/support.ts'

const app = createTestApp()

const memberPath = (team: Team, { id }: Person) => `${team.path}/members/${id}`
const transfer = (team: Team, to: Person, by = team.owner) =>
  by.call('POST', `${team.path}/transfer-ownership`, { new_owner_id: to.id })

/** The kinds and texts of what a person was told. */
const toldTo = async ({ id }: Person) =>
  (await eventsAbout(id)).filter(({ type }) => type === 'notification.created').map(({ data }) => data)

const roleChangesOf = async ({ id }: Person) =>
  (await eventsAbout(id)).filter(({ type }) => type === 'organization.role_changed').map(({ data }) => data)

const statusOf = ({ id }: { id: string }) =>
  env.DB.prepare('select status from invitations where id = ?').bind(id).first<string>('status')

describe('whoever a change of a membership concerns', () => {
  it('is notified of a role and of a removal, in their language', async () => {
    const team = await createTeam(app)
    const [ada, kai] = [await team.join('member'), await team.join('member', { locale: 'de' })]
    await team.owner.call('PUT', `${memberPath(team, ada)}/role`, { role: 'admin' })
    await team.owner.call('PUT', `${memberPath(team, kai)}/role`, { role: 'admin' })
    await team.owner.call('DELETE', memberPath(team, ada))
    expect(await toldTo(ada)).toMatchObject([
      { kind: 'organization_role_changed', message: `You are now admin of “Team ${team.slug}”.` },
      { kind: 'organization_member_removed', message: `You were removed from “Team ${team.slug}”.` },
    ])
    expect(await toldTo(kai)).toMatchObject([
      { message: `Ihre Rolle in „Team ${team.slug}“ ist jetzt: Administrator.` },
    ])
    expect(await toldTo(team.owner)).toEqual([])
  })

  it('is not notified of leaving', async () => {
    const team = await createTeam(app)
    const ada = await team.join('member')
    await ada.call('POST', `${team.path}/leave`)
    expect(await toldTo(ada)).toEqual([])
  })

  it('is notified of a transfer, on both sides', async () => {
    const team = await createTeam(app)
    const ada = await team.join('member')
    expect((await transfer(team, ada)).status).toBe(200)
    expect(await toldTo(ada)).toMatchObject([{ message: `You are now owner of “Team ${team.slug}”.` }])
    expect(await toldTo(team.owner)).toMatchObject([{ message: `You are now admin of “Team ${team.slug}”.` }])
  })

  it('is notified of an inheritance', async () => {
    const team = await createTeam(app)
    const [heir, admin] = [await team.join('admin'), await openPerson(app, { role: 'admin' })]
    expect((await admin.call('DELETE', `/api/v1/admin/users/${team.owner.id}`)).status).toBe(200)
    expect(await toldTo(heir)).toMatchObject([{ message: `You are now owner of “Team ${team.slug}”.` }])
  })

  it('is not led to a page by the name of the organization', async () => {
    const team = await createTeam(app)
    const ada = await team.join('member')
    await team.owner.call('PATCH', team.path, { name: 'Visit https://evil.example' })
    await team.owner.call('PUT', `${memberPath(team, ada)}/role`, { role: 'admin' })
    expect(await toldTo(ada)).toMatchObject([{ message: `You are now admin of “${team.slug}”.` }])
  })
})

describe('a deleted user', () => {
  it('is shown neither as owner nor among members', async () => {
    const team = await createTeam(app)
    const [second, member, admin] = [
      await team.join('owner'),
      await team.join('member'),
      await openPerson(app, { role: 'admin' }),
    ]
    for (const { id } of [team.owner, member])
      expect((await admin.call('DELETE', `/api/v1/admin/users/${id}`)).status).toBe(200)
    const shown = await second.call('GET', team.path)
    expect(shown.body).toMatchObject({ owner_id: second.id, owner_email: second.user.email })
    expect((await second.call('GET', `${team.path}/members`)).body).toMatchObject([{ user_id: second.id }])
    expect((await second.call('GET', `${team.path}/members?page=1&include_removed=true`)).body).toMatchObject({
      total: 1,
      members: [{ user_id: second.id }],
    })
    // A restored account would be a member again, so an admin can remove it.
    expect((await second.call('DELETE', memberPath(team, member))).status).toBe(200)
  })
})

describe('the limit of writes', () => {
  it('refuses promotions and additions, never a demotion or a removal', async () => {
    const team = await createTeam(app)
    const strict = createTestApp({ env: { RATE_LIMIT_WRITES_HOURLY: '2' } })
    const members = [await team.join('owner'), await team.join('admin'), await team.join('member')] as const
    const call = (method: string, path: string, body?: object) =>
      ask(strict, { method, path, body, headers: team.owner.headers })
    const change = (whom: Person, role: string) => call('PUT', `${memberPath(team, whom)}/role?role=${role}`)
    const [owner, admin, member] = members
    expect((await change(member, 'admin')).status).toBe(200)
    expect((await call('PATCH', team.path, { name: 'Other' })).status).toBe(200)
    for (const [whom, role] of [
      [admin, 'owner'],
      [admin, 'owner'],
    ] as const) {
      const refused = await change(whom, role)
      expect([refused.status, refused.body.code]).toEqual([429, 'RATE_LIMIT_EXCEEDED'])
    }
    const added = await call('POST', `${team.path}/members`, { user_id: (await openPerson(app)).id })
    expect(added.body.code).toBe('RATE_LIMIT_EXCEEDED')
    expect((await change(owner, 'admin')).body).toMatchObject({ role: 'admin' })
    expect((await change(admin, 'member')).body).toMatchObject({ role: 'member' })
    expect((await change(member, 'viewer')).body).toMatchObject({ role: 'viewer' })
    expect((await call('DELETE', memberPath(team, owner))).status).toBe(200)
    expect((await change(await openPerson(app), 'viewer')).status).toBe(404)
    expect((await call('PUT', `${memberPath(team, admin)}/role`)).status).toBe(422)
  })
})

describe('transfer of ownership', () => {
  it('to another owner takes the role of the caller alone', async () => {
    const team = await createTeam(app)
    const [second, admin] = [await team.join('owner'), await openPerson(app, { role: 'admin' })]
    expect((await transfer(team, second)).body).toMatchObject({ success: true, propagated: true })
    expect(await roleChangesOf(second)).toEqual([])
    expect(await toldTo(second)).toEqual([])
    expect(await roleChangesOf(team.owner)).toEqual([{ before: { role: 'owner' }, after: { role: 'admin' } }])
    // Nothing of the second owner has changed: the token is good.
    expect((await second.call('GET', team.path)).body).toMatchObject({ user_role: 'owner' })
    expect((await team.owner.call('GET', team.path)).status).toBe(401)
    const before = await eventsAbout(team.id)
    expect((await transfer(team, second, admin)).status).toBe(200)
    expect(await eventsAbout(team.id)).toEqual(before)
  })
})

describe('invitations of a member', () => {
  it('stay when the member is promoted', async () => {
    const team = await createTeam(app)
    const author = await team.join('admin')
    const giving = await invite(team, { permissions: ['users:read'] }, author)
    const promoted = await team.owner.call('PUT', `${memberPath(team, author)}/role`, { role: 'owner' })
    expect(promoted.status).toBe(200)
    expect(await statusOf(giving)).toBe('pending')
  })
})

describe('a deleted organization', () => {
  it('is left by nobody: 403, for its last owner too', async () => {
    const team = await createTeam(app)
    const member = await team.join('member')
    const admin = await openPerson(app, { role: 'admin' })
    expect((await admin.call('DELETE', team.path)).status).toBe(200)
    for (const one of [team.owner, member]) {
      const { body } = await one.call('POST', '/api/v1/auth/refresh', { refresh_token: one.refreshToken })
      const left = await one.withToken(body.access_token).call('POST', `${team.path}/leave`)
      expect([left.status, left.body.code]).toEqual([403, 'NOT_A_MEMBER'])
    }
  })
})

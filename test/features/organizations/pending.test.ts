import { describe, expect, it } from 'vitest'
import type { Rank } from '../../../src/lib/roles.ts'
import { createTestApp, env } from '../../support/app.ts'
import { createTeam, openPerson, type Person, type Team } from '../../support/organizations.ts'
import { eventsAbout } from '../invitations/support.ts'

const app = createTestApp()

const add = async (team: Team, { id }: Person, role: Rank = 'member') => {
  const added = await team.owner.call('POST', `${team.path}/members`, { user_id: id, role })
  expect(added.status).toBe(201)
  return `${team.path}/members/${id}`
}

const claimsVersionOf = ({ id }: Person) =>
  env.DB.prepare('select claims_version from users where id = ?').bind(id).first<number>('claims_version')

const eventsOf = async ({ id }: Person) =>
  (await eventsAbout(id)).filter(({ type }) => /^(organization|notification)\./.test(type))

const feedEntries = async ({ id }: Person): Promise<number | null> =>
  env.DB.prepare('select count(*) as entries from events where user_id = ? and claims_version is not null')
    .bind(id)
    .first<number>('entries')

describe('a membership that nobody has taken up', () => {
  it('changes nothing of its user when strangers change it, end it or begin it anew', async () => {
    const team = await createTeam(app)
    const eve = await openPerson(app)
    const [version, entries] = [await claimsVersionOf(eve), await feedEntries(eve)]
    const member = await add(team, eve)
    for (const role of ['owner', 'viewer', 'admin']) {
      const changed = await team.owner.call('PUT', `${member}/role`, { role })
      expect(changed.body).toMatchObject({ role, status: 'pending', propagated: true })
    }
    expect((await team.owner.call('DELETE', member)).body).toMatchObject({ success: true, propagated: true })
    await add(team, eve)
    await app.settled()
    expect(await claimsVersionOf(eve)).toBe(version)
    expect(await feedEntries(eve)).toBe(entries)
    expect((await eve.call('GET', '/api/v1/organizations')).body).toMatchObject([{ id: team.id, status: 'pending' }])
    // Told by the mail alone, which is counted: no notification.
    expect((await eventsOf(eve)).map(({ type }) => type)).toEqual([
      'organization.member_added',
      'organization.role_changed',
      'organization.role_changed',
      'organization.role_changed',
      'organization.member_removed',
      'organization.member_added',
    ])
  })

  it('changes nothing of its user when they leave', async () => {
    const team = await createTeam(app)
    const eve = await openPerson(app)
    const version = await claimsVersionOf(eve)
    await add(team, eve, 'owner')
    expect((await eve.call('POST', `${team.path}/leave`)).body).toMatchObject({ success: true, propagated: true })
    expect(await claimsVersionOf(eve)).toBe(version)
    expect((await eve.call('GET', '/api/v1/organizations')).body).toEqual([])
  })

  it('owns nothing: an admin of the platform takes its role where no owner is left', async () => {
    const team = await createTeam(app)
    const [eve, admin] = [await openPerson(app), await openPerson(app, { role: 'admin' })]
    const member = await add(team, eve, 'owner')
    await env.DB.prepare("update memberships set role = 'viewer' where organization_id = ? and user_id = ?")
      .bind(team.id, team.owner.id)
      .run()
    expect((await admin.call('PUT', `${member}/role`, { role: 'member' })).body).toMatchObject({ role: 'member' })
  })

  it('that is taken up while it is changed either voids the tokens of a member or is not changed', async () => {
    const team = await createTeam(app)
    for (let round = 0; round < 4; round += 1) {
      const eve = await openPerson(app)
      const version = await claimsVersionOf(eve)
      const member = await add(team, eve)
      const [taken, changed] = await Promise.all([
        eve.call('POST', `${team.path}/activate`),
        team.owner.call('PUT', `${member}/role`, { role: 'admin' }),
      ])
      expect(taken.status).toBe(200)
      expect([200, 409]).toContain(changed.status)
      const { body } = await team.owner.call('GET', `${team.path}/members`)
      const { role } = body.find(({ user_id }: { user_id: string }) => user_id === eve.id)
      expect(role).toBe(changed.status === 200 ? 'admin' : 'member')
      const events = (await eventsOf(eve)).map(({ type }) => type)
      const isAfter = events.indexOf('organization.role_changed') > events.lastIndexOf('organization.member_added')
      expect(await claimsVersionOf(eve)).toBe((version ?? 0) + (isAfter ? 1 : 0))
    }
  })
})

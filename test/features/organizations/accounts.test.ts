import { describe, expect, it } from 'vitest'
import { deleteRemoved, expireMemberships } from '../../../src/features/memberships/service.ts'
import { eraseOrganizations, settleOwnerless } from '../../../src/features/organizations/service/ownership.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { DAY } from '../../../src/lib/time.ts'
import { ORGANIZATION_DATA } from '../../../src/user-data.ts'
import { createTestApp, env } from '../../support/app.ts'
import { createTeam, enroll, openPerson, type Person, type Team, withTwoFactors } from '../../support/organizations.ts'
import { PASSWORD } from '../../support/world.ts'
import { eventsAbout, invite, run } from '../invitations/support.ts'

const app = createTestApp()

const deleteOwn = (person: Person) => person.call('DELETE', '/api/v1/users/me', { current_password: PASSWORD })

const rolesIn = async ({ id }: Team): Promise<Record<string, string>> => {
  const { results } = await env.DB.prepare(
    `select m.user_id, m.role from memberships as m join users as u on u.id = m.user_id
      where m.organization_id = ? and m.removed_at is null and m.taken_up_at is not null and u.status <> 'deleted'`,
  )
    .bind(id)
    .all<{ user_id: string; role: string }>()
  return Object.fromEntries(results.map(({ user_id, role }) => [user_id, role]))
}

const isDeleted = async ({ id }: Team) =>
  (await env.DB.prepare('select deleted_at from organizations where id = ?').bind(id).first('deleted_at')) !== null

const countIn = (table: string, column: string, value: string) =>
  env.DB.prepare(`select count(*) as rows from ${table} where ${column} = ?`).bind(value).first<number>('rows')

/** The app's context at another time. */
const at = async (now: number) => ({ ...(await app.ctx()), now: () => now })

describe("the deletion of one's own account", () => {
  it('is refused to the last owner of an organization with others, by its name', async () => {
    const team = await createTeam(app)
    await team.join('admin')
    const refused = await deleteOwn(team.owner)
    expect([refused.status, refused.body.code]).toEqual([400, 'LAST_OWNER'])
    expect(refused.body.details.organization).toEqual({ id: team.id, name: `Team ${team.slug}` })
    expect(refused.body.message).toContain(team.slug)
    expect((await team.owner.call('GET', team.path)).status).toBe(200)
  })

  it('is allowed beside another owner who may sign in, not beside a suspended or a pending one', async () => {
    const team = await createTeam(app)
    const [second, pending] = [await team.join('owner'), await openPerson(app)]
    await team.owner.call('POST', `${team.path}/members`, { user_id: pending.id, role: 'owner' })
    await run("update users set status = 'suspended' where id = ?", second.id)
    expect((await deleteOwn(team.owner)).body.code).toBe('LAST_OWNER')
    await run("update users set status = 'active' where id = ?", second.id)
    expect((await deleteOwn(team.owner)).status).toBe(200)
    expect(await rolesIn(team)).toEqual({ [second.id]: 'owner' })
  })

  it('leaves one of two owners who delete theirs at once', async () => {
    const team = await createTeam(app)
    const second = await team.join('owner')
    await team.join('member')
    const both = await Promise.all([deleteOwn(team.owner), deleteOwn(second)])
    expect(both.map(({ status, body }) => [status, body.code ?? 'deleted']).sort()).toEqual([
      [200, 'deleted'],
      [400, 'LAST_OWNER'],
    ])
    expect(Object.values(await rolesIn(team)).sort()).toEqual(['member', 'owner'])
  })

  it('and leaving, at once with that of the other owner, leaves an owner', async () => {
    const team = await createTeam(app)
    const second = await team.join('owner')
    await team.join('member')
    const both = await Promise.all([deleteOwn(team.owner), second.call('POST', `${team.path}/leave`)])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400])
    expect(Object.values(await rolesIn(team)).sort()).toEqual(['member', 'owner'])
  })

  it('takes along an organization that nobody else is in', async () => {
    const team = await createTeam(app)
    expect((await deleteOwn(team.owner)).status).toBe(200)
    expect(await isDeleted(team)).toBe(true)
    const events = await eventsAbout(team.id)
    expect(events).toMatchObject([{ type: 'organization.deleted', data: { reason: 'owner_deleted' } }])
  })
})

describe('an organization whose only owner is deleted', () => {
  const removeOwner = async (team: Team) => {
    const admin = await openPerson(app, { role: 'admin' })
    expect((await admin.call('DELETE', `/api/v1/admin/users/${team.owner.id}`)).status).toBe(200)
  }

  it('goes to the admin who has been there longest and may sign in', async () => {
    const team = await createTeam(app)
    const people = [await openPerson(app), await openPerson(app), await openPerson(app), await openPerson(app)] as const
    const [member, suspended, heir, newer] = people
    for (const [index, { id }] of people.entries())
      await enroll(app, team.id, id, index === 0 ? 'member' : 'admin', index + 1)
    await run("update users set status = 'suspended' where id = ?", suspended.id)
    await removeOwner(team)
    expect(await rolesIn(team)).toEqual({
      [member.id]: 'member',
      [suspended.id]: 'admin',
      [heir.id]: 'owner',
      [newer.id]: 'admin',
    })
    const changes = (await eventsAbout(heir.id)).filter(({ type }) => type === 'organization.role_changed')
    expect(changes).toMatchObject([
      { data: { before: { role: 'admin' }, after: { role: 'owner' }, reason: 'owner_deleted' } },
    ])
    // The heir's token says admin, so it is outdated.
    expect((await heir.call('GET', team.path)).status).toBe(401)
  })

  it('stays with a suspended owner', async () => {
    const team = await createTeam(app)
    const admin = await team.join('admin')
    await run("update users set status = 'suspended' where id = ?", team.owner.id)
    await settleOwnerless(await app.ctx())
    expect(await rolesIn(team)).toEqual({ [team.owner.id]: 'owner', [admin.id]: 'admin' })
  })

  it('has one heir, whoever settles it and how often', async () => {
    const team = await createTeam(app)
    const heir = await team.join('admin')
    await run(
      "update users set status = 'deleted', deleted_at = 1, erase_at = ? where id = ?",
      Date.now() + DAY,
      team.owner.id,
    )
    const settle = async () => settleOwnerless(await app.ctx(), team.owner.id)
    await Promise.all([settle(), settle(), settle()])
    expect(await rolesIn(team)).toEqual({ [heir.id]: 'owner' })
    const changes = (await eventsAbout(heir.id)).filter(({ type }) => type === 'organization.role_changed')
    expect(changes).toHaveLength(1)
  })
})

describe('cron', () => {
  it('ends memberships that nobody took up in time, each with its event, and no other', async () => {
    const team = await createTeam(app)
    const [eve, removed, taken] = [await openPerson(app), await openPerson(app), await team.join('viewer')]
    for (const { id } of [eve, removed]) await team.owner.call('POST', `${team.path}/members`, { user_id: id })
    await team.owner.call('DELETE', `${team.path}/members/${removed.id}`)
    const removals = async ({ id }: Person) =>
      (await eventsAbout(id)).filter(({ type }) => type === 'organization.member_removed')
    await expireMemberships(await at(Date.now() + 29 * DAY))
    expect(await removals(eve)).toEqual([])
    const late = await at(Date.now() + 31 * DAY)
    await Promise.all([expireMemberships(late), expireMemberships(late)])
    expect(await removals(eve)).toMatchObject([
      {
        user_id: eve.id,
        organization_id: team.id,
        actor_id: 'membership-expiry',
        data: { before: { role: 'member' }, reason: 'expired' },
      },
    ])
    // Told when it was removed.
    expect(await removals(removed)).toHaveLength(1)
    expect(await removals(taken)).toEqual([])
    expect((await eve.call('GET', '/api/v1/organizations')).body).toEqual([])
    expect((await eve.call('POST', `${team.path}/activate`)).body.code).toBe('NOT_A_MEMBER')
    expect(await rolesIn(team)).toMatchObject({ [taken.id]: 'viewer' })
  })

  it('forgets removed members after 90 days', async () => {
    const team = await createTeam(app)
    const member = await team.join('member')
    await team.owner.call('DELETE', `${team.path}/members/${member.id}`)
    const listed = async () => (await team.owner.call('GET', `${team.path}/members?include_removed=true`)).body.length
    await deleteRemoved(await at(Date.now() + 89 * DAY))
    expect(await listed()).toBe(2)
    await deleteRemoved(await at(Date.now() + 91 * DAY))
    expect(await listed()).toBe(1)
  })

  it('deletes what a deleted organization held, keeps its events, and frees its slug after the grace', async () => {
    const [team, other] = [await createTeam(app), await createTeam(app)]
    const member = await team.join('member')
    for (const { owner, id, path } of [team, other]) {
      const role = await owner.call('POST', `${path}/roles`, { name: 'Writer', permissions: ['pages:write'] })
      expect(role.status).toBe(201)
      const policy = { name: 'p', organization_id: id, actions: ['read'] }
      const { body } = await owner.call('POST', '/api/v1/policies', policy)
      expect((await owner.call('PATCH', `/api/v1/policies/${body.id}`, { priority: 1 })).status).toBe(200)
      await run("insert into grants values (?, ?, 'pages:read', 'x', 1)", id, owner.id)
      await run("insert into role_assignments values (?, ?, ?, 'x', 1)", newUuid(), owner.id, id)
    }
    for (const one of [team, other]) await invite(one)
    const versions = () =>
      env.DB.prepare(
        'select count(*) as rows from policy_versions where policy_id not in (select id from policies)',
      ).first<number>('rows')
    expect((await team.owner.call('DELETE', team.path)).status).toBe(200)
    await eraseOrganizations(await app.ctx(), ORGANIZATION_DATA)
    const held = [
      ['memberships', 'organization_id'],
      ['invitations', 'organization_id'],
      ['roles', 'scope'],
      ['role_assignments', 'scope'],
      ['grants', 'scope'],
      ['role_versions', 'scope'],
      ['policies', 'scope'],
      ['policy_sets', 'scope'],
    ] as const
    for (const [table, column] of held) {
      expect([table, await countIn(table, column, team.id)]).toEqual([table, 0])
      expect([table, await countIn(table, column, other.id)]).not.toEqual([table, 0])
    }
    expect(await versions()).toBe(0)
    expect((await eventsAbout(team.id)).map(({ type }) => type)).toContain('organization.deleted')
    const take = async () =>
      (await member.call('POST', '/api/v1/auth/refresh', { refresh_token: member.refreshToken })).body.access_token
    const person = member.withToken(await take())
    const make = () => person.call('POST', '/api/v1/organizations', { name: 'x', slug: team.slug })
    const { DELETION_GRACE_DAYS } = (await app.ctx()).config
    await eraseOrganizations(await at(Date.now() + (DELETION_GRACE_DAYS - 1) * DAY), ORGANIZATION_DATA)
    expect((await make()).body.code).toBe('SLUG_TAKEN')
    await eraseOrganizations(await at(Date.now() + (DELETION_GRACE_DAYS + 1) * DAY), ORGANIZATION_DATA)
    expect((await make()).status).toBe(201)
  })
})

describe('organizations, for admins of the platform', () => {
  const ALL = '/api/v1/admin/organizations'

  it('are listed newest first, found by a part of name or slug, and counted', async () => {
    const [admin, first, second] = [
      await openPerson(app, { role: 'admin' }),
      await createTeam(app),
      await createTeam(app),
    ]
    const find = async (search: string) =>
      (await admin.call('GET', `${ALL}?search=${encodeURIComponent(search)}`)).body.map(({ id }: Team) => id)
    expect(await find(first.slug.slice(4).toUpperCase())).toEqual([first.id])
    expect(await find(`Team ${second.slug}`)).toEqual([second.id])
    expect(await find('%')).toEqual([])
    const page = await app.fetch(`${ALL}?per_page=2`, { headers: admin.headers })
    const rows = await page.json<{ id: string; owner_id: string; user_role: null }[]>()
    expect(rows.map(({ id }) => id)).toEqual([second.id, first.id])
    expect(rows[0]).toMatchObject({ owner_id: second.owner.id, user_role: null })
    const all = await env.DB.prepare('select count(*) as rows from organizations where deleted_at is null').first(
      'rows',
    )
    expect(page.headers.get('x-total-count')).toBe(String(all))
    expect((await admin.call('GET', `${ALL}?search=${'x'.repeat(101)}`)).status).toBe(422)
  })

  it('are deleted with a fresh factor: gone at once for all', async () => {
    const [admin, team] = [await openPerson(app, { role: 'admin' }), await createTeam(app)]
    const remove = (who: Person, id = team.id) => who.call('DELETE', `${ALL}/${id}`)
    expect((await remove(team.owner)).status).toBe(403)
    expect((await remove(admin, newUuid())).body.code).toBe('ORGANIZATION_NOT_FOUND')
    expect((await remove(admin, 'no-uuid')).status).toBe(400)
    expect((await remove(admin)).body).toMatchObject({ success: true, propagated: true })
    expect((await team.owner.call('GET', team.path)).status).toBe(401)
    expect((await remove(admin)).body.code).toBe('ORGANIZATION_NOT_FOUND')
    expect((await admin.call('GET', `${ALL}?search=${team.slug}`)).body).toEqual([])
    expect((await eventsAbout(team.id)).at(-1)).toMatchObject({
      type: 'organization.deleted',
      actor_id: admin.id,
      organization_id: team.id,
    })
  })

  it('are deleted once by two at once', async () => {
    const [one, two, team] = [
      await openPerson(app, { role: 'admin' }),
      await openPerson(app, { role: 'admin' }),
      await createTeam(app),
    ]
    const both = await Promise.all([one, two].map((admin) => admin.call('DELETE', `${ALL}/${team.id}`)))
    expect(both.filter(({ status }) => status === 200)).toHaveLength(1)
    const deletions = (await eventsAbout(team.id)).filter(({ type }) => type === 'organization.deleted')
    expect(deletions).toHaveLength(1)
  })
})

describe('whoever shares an organization', () => {
  const KEYS = [
    'display_name',
    'email',
    'first_name',
    'id',
    'last_name',
    'name',
    'profile_image_url',
    'username',
    'uuid',
  ]
  const get = (who: Person, { id }: Person) => who.call('GET', `/api/v1/users/${id}`)

  it('sees id, names, avatar and address of a member, and a stranger sees nothing', async () => {
    const team = await createTeam(app)
    const [ada, stranger] = [await team.join('viewer', { firstName: 'Ada' }), (await createTeam(app)).owner]
    const seen = await get(team.owner, ada)
    expect(seen.body).toMatchObject({ id: ada.id, email: ada.user.email, first_name: 'Ada' })
    expect(Object.keys(seen.body).sort()).toEqual(KEYS)
    expect((await get(stranger, ada)).status).toBe(403)
  })

  it('is no longer seen once the membership or the organization has ended, nor before it is taken up', async () => {
    const team = await createTeam(app)
    const [ada, bob, eve] = [await team.join('admin'), await team.join('viewer'), await openPerson(app)]
    await team.owner.call('POST', `${team.path}/members`, { user_id: eve.id })
    expect((await get(team.owner, eve)).status).toBe(403)
    expect((await get(eve, team.owner)).status).toBe(403)
    expect((await get(ada, bob)).status).toBe(200)
    await team.owner.call('DELETE', `${team.path}/members/${bob.id}`)
    expect((await get(ada, bob)).status).toBe(403)
    expect((await get(team.owner, ada)).status).toBe(200)
    // What a session of one factor may not enter shows it nobody.
    await run('update organizations set require_two_factors = 1 where id = ?', team.id)
    expect((await get(team.owner, ada)).status).toBe(403)
    const strong = await withTwoFactors(team.owner)
    expect((await get(strong, ada)).status).toBe(200)
    await run('update organizations set deleted_at = 1 where id = ?', team.id)
    expect((await get(strong, ada)).status).toBe(403)
  })
})

import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env } from '../../support/app.ts'
import { acceptedMails } from '../../support/mail.ts'
import {
  ask,
  createTeam,
  openPerson,
  type Person,
  type Team,
  withStaleFactor,
  withTwoFactors,
} from '../../support/organizations.ts'
import { PASSWORD } from '../../support/world.ts'

const app = createTestApp()

const memberOf = (team: Team, { id }: { id: string }) => `${team.path}/members/${id}`

const rolesIn = async (team: Team): Promise<Record<string, string>> => {
  const { results } = await env.DB.prepare(
    'select user_id, role from memberships where organization_id = ? and removed_at is null and taken_up_at is not null',
  )
    .bind(team.id)
    .all<{ user_id: string; role: string }>()
  return Object.fromEntries(results.map(({ user_id, role }) => [user_id, role]))
}

const countOf = async (team: Team) =>
  (
    await env.DB.prepare('select member_count from organizations where id = ?')
      .bind(team.id)
      .first<{ member_count: number }>()
  )?.member_count

const eventsOf = async (team: Team) => {
  const { results } = await env.DB.prepare(
    'select type, user_id from events where organization_id = ? order by position',
  )
    .bind(team.id)
    .all<{ type: string; user_id: string | null }>()
  return results.map(({ type }) => type).filter((type) => type.startsWith('organization.'))
}

describe('adding a member by id', () => {
  it('leaves both strangers until the user takes the membership up', async () => {
    const team = await createTeam(app)
    const eve = await openPerson(app, { firstName: 'Evelyn', lastName: 'Blank' })
    const added = await team.owner.call('POST', `${team.path}/members`, { user_id: eve.id, role: 'admin' })
    expect(added.status).toBe(201)
    expect(added.body).toMatchObject({ user_id: eve.id, role: 'admin', status: 'pending', first_name: 'E***' })
    expect(JSON.stringify(added.body)).not.toContain(eve.user.email)
    expect(await countOf(team)).toBe(1)
    expect((await eve.call('GET', team.path)).body.code).toBe('NOT_A_MEMBER')
    const own = await eve.call('GET', '/api/v1/organizations')
    expect(own.body).toMatchObject([{ id: team.id, status: 'pending', user_role: 'admin', owner: null, settings: {} }])
    expect(JSON.stringify(own.body)).not.toContain(team.owner.user.email)
    // A session from before is of no organization, and so is the next.
    const signedIn = await eve.call('POST', '/api/v1/auth/refresh', { refresh_token: eve.refreshToken })
    expect((await eve.withToken(signedIn.body.access_token).call('GET', team.path)).status).toBe(403)
    expect((await eve.call('POST', `${team.path}/activate`)).status).toBe(200)
    expect((await eve.call('GET', team.path)).body).toMatchObject({ user_role: 'admin', member_count: 2 })
    expect((await team.owner.call('GET', `${team.path}/members`)).body[1]).toMatchObject({
      email: eve.user.email,
      first_name: 'Evelyn',
      status: 'active',
    })
    expect(await eventsOf(team)).toEqual(['organization.member_added', 'organization.member_added'])
  })

  it('is taken up at once where an admin of the platform adds', async () => {
    const team = await createTeam(app)
    const [admin, eve] = await Promise.all([openPerson(app, { role: 'admin' }), openPerson(app)])
    const added = await admin.call('POST', `${team.path}/members/add`, { user_id: eve.id })
    expect(added.body).toMatchObject({ status: 'active', role: 'member' })
    expect(await rolesIn(team)).toEqual({ [team.owner.id]: 'owner', [eve.id]: 'member' })
  })

  it('refuses who is there, who does not exist, and more than the caller holds', async () => {
    const team = await createTeam(app)
    const [admin, member] = [await team.join('admin'), await team.join('member')]
    const eve = await openPerson(app)
    const add = (who: Person, user_id: string, role?: string) =>
      who.call('POST', `${team.path}/members`, { user_id, role })
    expect((await add(admin, member.id)).body.code).toBe('ALREADY_MEMBER')
    expect((await add(admin, newUuid())).status).toBe(404)
    expect((await add(admin, eve.id, 'owner')).body.code).toBe('INSUFFICIENT_PERMISSIONS')
    expect((await add(member, eve.id)).status).toBe(403)
    expect((await add(admin, eve.id, 'emperor')).status).toBe(422)
    expect((await add(admin, 'no-uuid')).status).toBe(422)
    expect(Object.keys(await rolesIn(team))).toHaveLength(3)
  })

  it('takes two racing additions as one', async () => {
    const team = await createTeam(app)
    const eve = await openPerson(app)
    const add = () => team.owner.call('POST', `${team.path}/members`, { user_id: eve.id })
    const both = await Promise.all([add(), add()])
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409])
  })

  it('tells the user by a mail, two of which an hour go to an address by one organization', async () => {
    const [eve, team] = [await openPerson(app), await createTeam(app)]
    const add = () => team.owner.call('POST', `${team.path}/members`, { user_id: eve.id })
    const remove = () => team.owner.call('DELETE', `${team.path}/members/${eve.id}`)
    for (let times = 0; times < 2; times += 1) {
      expect((await add()).status).toBe(201)
      expect((await remove()).status).toBe(200)
    }
    const refused = await add()
    expect(refused).toMatchObject({ status: 429, body: { code: 'LIMIT_REACHED', details: { limit: 2 } } })
    await app.settled()
    expect(await acceptedMails(eve.user.email, 'member_added')).toHaveLength(2)
    const admin = await openPerson(app, { role: 'admin' })
    // An admin of the platform adds whom they will, and no mail asks for anything.
    expect((await admin.call('POST', `${team.path}/members`, { user_id: eve.id })).status).toBe(201)
  })

  it('cannot fill what a stranger may have: 20 wait at most, and they count for nothing', async () => {
    const eve = await openPerson(app)
    // Mails to one address are few an hour, so most of these were added earlier.
    const waiting = Array.from({ length: 18 }, () =>
      env.DB.prepare(
        "insert into memberships (id, organization_id, user_id, role, joined_at, expires_at) values (?, ?, ?, 'member', 1, ?)",
      ).bind(newUuid(), newUuid(), eve.id, Date.now() + 60_000),
    )
    await env.DB.batch(waiting)
    const teams = await Promise.all(Array.from({ length: 4 }, () => createTeam(app)))
    const added = await Promise.all(
      teams.map(({ owner, path }) => owner.call('POST', `${path}/members`, { user_id: eve.id })),
    )
    expect(added.filter(({ status }) => status === 201)).toHaveLength(2)
    const refused = added.filter(({ status }) => status === 429)
    expect(refused.map(({ body }) => body.details.limit)).toEqual([20, 20])
    const mine = await eve.call('POST', '/api/v1/organizations', { name: 'Mine', slug: `mine-${newUuid()}` })
    expect(mine.status).toBe(201)
  })
})

describe('the role of a member', () => {
  it('changes at each of its paths, in body or query, and makes tokens outdated', async () => {
    const team = await createTeam(app)
    const member = await team.join('member')
    const role = `${memberOf(team, member)}/role`
    const put = await team.owner.call('PUT', role, { role: 'admin' })
    expect(put.body).toMatchObject({ user_id: member.id, role: 'admin', message: 'Role changed', propagated: true })
    expect((await member.call('GET', team.path)).status).toBe(401)
    expect((await team.owner.call('PATCH', role, { new_role: 'viewer' })).body.role).toBe('viewer')
    expect((await team.owner.call('PUT', `${role}?role=member`)).body.role).toBe('member')
    expect((await team.owner.call('PUT', memberOf(team, member), { role: 'viewer' })).body.role).toBe('viewer')
    expect((await team.owner.call('PATCH', memberOf(team, member), { role: 'admin' })).body.role).toBe('admin')
    expect((await team.owner.call('PUT', role, {})).status).toBe(422)
    expect(await rolesIn(team)).toMatchObject({ [member.id]: 'admin' })
  })

  it('is neither given nor taken by who holds less, nor changed by oneself', async () => {
    const team = await createTeam(app)
    const [admin, member] = [await team.join('admin'), await team.join('member')]
    const change = (who: Person, whom: Person, role: string) =>
      who.call('PUT', `${memberOf(team, whom)}/role`, { role })
    expect((await change(admin, member, 'owner')).body.code).toBe('INSUFFICIENT_PERMISSIONS')
    expect((await change(admin, team.owner, 'member')).body.code).toBe('INSUFFICIENT_PERMISSIONS')
    expect((await change(admin, admin, 'owner')).body.code).toBe('OWN_MEMBERSHIP')
    expect((await change(member, admin, 'viewer')).status).toBe(403)
    expect((await change(team.owner, await openPerson(app), 'viewer')).body.code).toBe('MEMBER_NOT_FOUND')
  })

  it('of the last owner stays, and of two owners who demote each other one stays', async () => {
    const team = await createTeam(app)
    const [second, platform] = [await team.join('owner'), await openPerson(app, { role: 'admin' })]
    const demote = (who: Person, whom: Person) => who.call('PUT', `${memberOf(team, whom)}/role`, { role: 'member' })
    const both = await Promise.all([demote(team.owner, second), demote(second, team.owner)])
    expect(both.filter(({ status }) => status === 200)).toHaveLength(1)
    const owners = Object.entries(await rolesIn(team)).filter(([, role]) => role === 'owner')
    expect(owners).toHaveLength(1)
    const [last = ['']] = owners
    const refused = await platform.call('PUT', `${team.path}/members/${last[0]}/role`, { role: 'admin' })
    expect([refused.status, refused.body.code]).toEqual([400, 'LAST_OWNER'])
  })

  it('is given to an owner with a fresh factor alone', async () => {
    const team = await createTeam(app)
    const member = await team.join('member')
    const stale = await withStaleFactor(team.owner)
    const make = (who: Person) => who.call('PUT', `${memberOf(team, member)}/role`, { role: 'owner' })
    expect((await make(stale)).body.code).toBe('STEP_UP_REQUIRED')
    expect((await make(team.owner)).status).toBe(200)
  })
})

describe('removal', () => {
  it('takes custom roles and grants with it, and refuses the tokens', async () => {
    const team = await createTeam(app)
    const member = await team.join('member')
    await env.DB.batch([
      env.DB.prepare('insert into role_assignments values (?, ?, ?, ?, 0)').bind(newUuid(), member.id, team.id, 'x'),
      env.DB.prepare('insert into grants values (?, ?, ?, ?, 0)').bind(team.id, member.id, 'reports:read', 'x'),
      env.DB.prepare('insert into grants values (?, ?, ?, ?, 0)').bind('platform', member.id, 'all:read', 'x'),
    ])
    expect((await team.owner.call('DELETE', memberOf(team, member))).body).toMatchObject({
      success: true,
      propagated: true,
    })
    const held = await env.DB.prepare('select scope from grants where user_id = ?')
      .bind(member.id)
      .all<{ scope: string }>()
    expect(held.results).toEqual([{ scope: 'platform' }])
    const assigned = await env.DB.prepare('select 1 from role_assignments where user_id = ?').bind(member.id).all()
    expect(assigned.results).toEqual([])
    expect((await member.call('GET', team.path)).status).toBe(401)
    const refreshed = await member.call('POST', '/api/v1/auth/refresh', { refresh_token: member.refreshToken })
    expect((await member.withToken(refreshed.body.access_token).call('GET', team.path)).body.code).toBe('NOT_A_MEMBER')
    expect(await countOf(team)).toBe(1)
    const removed = await team.owner.call('GET', `${team.path}/members?include_removed=true`)
    expect(removed.body).toMatchObject([{ status: 'active' }, { user_id: member.id, status: 'removed' }])
  })

  it('is not for oneself, nor for owners, nor by who has no right', async () => {
    const team = await createTeam(app)
    const [admin, member] = [await team.join('admin'), await team.join('member')]
    const remove = (who: Person, whom: Person) => who.call('DELETE', memberOf(team, whom))
    expect((await remove(admin, admin)).body.code).toBe('OWN_MEMBERSHIP')
    expect((await remove(admin, team.owner)).body.code).toBe('OWNER_NOT_REMOVABLE')
    expect((await remove(member, admin)).status).toBe(403)
    expect((await remove(admin, await openPerson(app))).body.code).toBe('MEMBER_NOT_FOUND')
    const viewer = await team.join('viewer')
    expect((await viewer.call('GET', `${team.path}/members?include_removed=true`)).status).toBe(403)
    expect((await viewer.call('GET', `${team.path}/members?page=1&per_page=2`)).body).toMatchObject({
      total: 4,
      page: 1,
    })
  })

  it('lets nobody change what they lost the right to change between check and write', async () => {
    const team = await createTeam(app)
    const [admin, member, other] = [await team.join('admin'), await team.join('member'), await openPerson(app)]
    // Every statement of the admin comes after the demotion.
    const paused = createTestApp({
      isolate: app.isolate,
      override: (ctx) => ({
        ...ctx,
        db: new Proxy(ctx.db, {
          get(target, name) {
            const value = Reflect.get(target, name)
            if (name !== 'batch') return value
            return async (...args: unknown[]) => {
              await env.DB.prepare("update memberships set role = 'viewer' where organization_id = ? and user_id = ?")
                .bind(team.id, admin.id)
                .run()
              return Reflect.apply(value as never, target, args)
            }
          },
        }),
      }),
    })
    const before = await rolesIn(team)
    for (const [method, path, body] of [
      ['PATCH', team.path, { name: 'Taken' }],
      ['DELETE', memberOf(team, member), undefined],
      ['PUT', `${memberOf(team, member)}/role`, { role: 'viewer' }],
      ['POST', `${team.path}/members`, { user_id: other.id }],
    ] as const) {
      await env.DB.prepare("update memberships set role = 'admin' where organization_id = ? and user_id = ?")
        .bind(team.id, admin.id)
        .run()
      const refused = await ask(paused, { method, path, body, headers: admin.headers })
      expect([method, path, refused.status]).toEqual([method, path, 403])
    }
    expect({ ...(await rolesIn(team)), [admin.id]: 'admin' }).toEqual(before)
    expect((await team.owner.call('GET', team.path)).body.name).not.toBe('Taken')
  })
})

describe('leaving', () => {
  it('is for all but the last owner, and of two who leave at once one stays', async () => {
    const team = await createTeam(app)
    const [second, member] = [await team.join('owner'), await team.join('viewer')]
    const leave = (who: Person) => who.call('POST', `${team.path}/leave`)
    expect((await leave(member)).body).toMatchObject({ success: true, propagated: true })
    const both = await Promise.all([leave(team.owner), leave(second)])
    expect(both.map(({ status, body }) => [status, body.code ?? 'left']).sort()).toEqual([
      [200, 'left'],
      [400, 'LAST_OWNER'],
    ])
    expect(Object.values(await rolesIn(team))).toEqual(['owner'])
    expect((await leave(await openPerson(app))).body.code).toBe('NOT_A_MEMBER')
  })

  it('is possible where nobody asked to be added', async () => {
    const team = await createTeam(app)
    const eve = await openPerson(app)
    await team.owner.call('POST', `${team.path}/members`, { user_id: eve.id, role: 'owner' })
    expect((await eve.call('POST', `${team.path}/leave`)).status).toBe(200)
    const { body } = await eve.call('POST', '/api/v1/auth/refresh', { refresh_token: eve.refreshToken })
    expect((await eve.withToken(body.access_token).call('GET', '/api/v1/organizations')).body).toEqual([])
    expect(await countOf(team)).toBe(1)
  })
})

describe('transfer of ownership', () => {
  it('makes the member the owner and the owner an admin, in one', async () => {
    const team = await createTeam(app)
    const member = await team.join('member')
    const moved = await team.owner.call('POST', `${team.path}/transfer-ownership`, { new_owner_id: member.id })
    expect(moved.body).toMatchObject({ success: true, propagated: true })
    expect(await rolesIn(team)).toEqual({ [team.owner.id]: 'admin', [member.id]: 'owner' })
    for (const one of [team.owner, member]) expect((await one.call('GET', team.path)).status).toBe(401)
    expect(await eventsOf(team)).toEqual([
      'organization.role_changed',
      'organization.role_changed',
      'organization.ownership_transferred',
    ])
  })

  it('and deletion, and a second factor that is no longer required, ask for a fresh factor', async () => {
    const team = await createTeam(app)
    const member = await team.join('member')
    await env.DB.prepare('update organizations set invitation_domains = ? where id = ?').bind('[]', team.id).run()
    const stale = await withStaleFactor(team.owner)
    for (const [method, path, body] of [
      ['POST', '/transfer-ownership', { new_owner_id: member.id }],
      ['DELETE', '', undefined],
    ] as const) {
      expect((await stale.call(method, `${team.path}${path}`, body)).body.code).toBe('STEP_UP_REQUIRED')
    }
    const proved = { new_owner_id: member.id, password: PASSWORD }
    expect((await stale.call('POST', `${team.path}/transfer-ownership`, proved)).status).toBe(200)
  })

  it('goes to members who have taken that up, by owners alone, and not to oneself', async () => {
    const team = await createTeam(app)
    const [admin, eve] = [await team.join('admin'), await openPerson(app)]
    const transfer = (who: Person, id: string) => who.call('POST', `${team.path}/transfer-ownership?new_owner_id=${id}`)
    expect((await transfer(admin, admin.id)).status).toBe(403)
    expect((await transfer(team.owner, team.owner.id)).body.code).toBe('OWN_MEMBERSHIP')
    expect((await transfer(team.owner, eve.id)).body.code).toBe('MEMBER_NOT_FOUND')
    await team.owner.call('POST', `${team.path}/members`, { user_id: eve.id })
    expect((await transfer(team.owner, eve.id)).body.code).toBe('MEMBER_NOT_FOUND')
    expect((await team.owner.call('POST', `${team.path}/transfer-ownership`)).status).toBe(422)
  })

  it('and a deletion at the same time leave no half', async () => {
    const team = await createTeam(app)
    const member = await team.join('admin')
    const [transferred, deleted] = await Promise.all([
      team.owner.call('POST', `${team.path}/transfer-ownership`, { new_owner_id: member.id }),
      team.owner.call('DELETE', team.path),
    ])
    const isDeleted = await env.DB.prepare('select deleted_at is not null as gone from organizations where id = ?')
      .bind(team.id)
      .first<number>('gone')
    // Whichever comes second finds that the organization, or the rank, is gone.
    expect([transferred.status, deleted.status].filter((status) => status === 200)).toHaveLength(1)
    expect(isDeleted).toBe(deleted.status === 200 ? 1 : 0)
    const moved = transferred.status === 200
    expect(await rolesIn(team)).toEqual({
      [team.owner.id]: moved ? 'admin' : 'owner',
      [member.id]: moved ? 'owner' : 'admin',
    })
  })
})

describe('an organization that requires two factors', () => {
  it('is turned on by a session of two, refuses one-factor sessions everywhere but at leaving', async () => {
    const team = await createTeam(app)
    const member = await team.join('member')
    const require = { settings_data: { require_two_factors: true } }
    const refusal = { code: 'STEP_UP_REQUIRED', message: 'This organization needs a session of two factors' }
    expect((await team.owner.call('PUT', `${team.path}/settings`, require)).body).toMatchObject(refusal)
    const strong = await withTwoFactors(team.owner)
    const turnedOn = await strong.call('PUT', `${team.path}/settings`, require)
    expect(turnedOn.body).toMatchObject({ settings_data: { require_two_factors: true }, propagated: true })
    // The tokens of all members are outdated at once: that of the change itself, too.
    for (const one of [strong, member]) expect((await one.call('GET', team.path)).status).toBe(401)
    const refreshed = await member.call('POST', '/api/v1/auth/refresh', { refresh_token: member.refreshToken })
    expect(JSON.parse(atob(refreshed.body.access_token.split('.')[1])).org_id).toBeNull()
    const weak = member.withToken(refreshed.body.access_token)
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/members'],
      ['GET', '/settings'],
      ['POST', '/activate'],
    ] as const) {
      const refused = await weak.call(method, `${team.path}${path}`)
      expect([path, refused.status]).toEqual([path, 403])
      expect(refused.body).toMatchObject({ ...refusal, details: { reason: 'two_factors' } })
    }
    const again = await withTwoFactors(team.owner)
    expect((await again.call('GET', team.path)).body).toMatchObject({ user_role: 'owner' })
    expect((await weak.call('POST', `${team.path}/leave`)).status).toBe(200)
  })
})

describe('GET /api/v1/organizations', () => {
  it('shows a session of one factor what entering would: id, name, slug and role', async () => {
    const team = await createTeam(app)
    const member = await team.join('member')
    const fields = {
      description: 'Secret',
      billing_email: 'bills@example.test',
      logo_url: 'https://example.test/x.png',
    }
    const strong = await withTwoFactors(team.owner)
    await strong.call('PATCH', team.path, { ...fields, settings: { theme: 'dark', require_two_factors: true } })
    const { body } = await member.call('POST', '/api/v1/auth/refresh', { refresh_token: member.refreshToken })
    const weak = member.withToken(body.access_token)
    for (const path of ['/api/v1/organizations', `/api/v1/users/${member.id}/organizations`]) {
      const listed = await weak.call('GET', path)
      const [shown] = listed.body.organizations ?? listed.body
      expect(shown).toMatchObject({ id: team.id, slug: team.slug, user_role: 'member', status: 'active' })
      expect(shown).toMatchObject({
        description: null,
        billing_email: null,
        logo_url: null,
        owner: null,
        owner_email: null,
        settings: { require_two_factors: true, invitation_domains: [] },
      })
      expect(JSON.stringify(shown)).not.toMatch(/dark|Secret|bills@/)
    }
    const own = await (await withTwoFactors(team.owner)).call('GET', '/api/v1/organizations')
    expect(own.body).toMatchObject([{ ...fields, owner_id: team.owner.id, settings: { theme: 'dark' } }])
  })
})

describe('any order of changes', () => {
  it('leaves an active owner, nobody twice, and exact counts', async () => {
    const team = await createTeam(app)
    const people = [team.owner, await team.join('owner'), await team.join('admin'), await openPerson(app)]
    const random = (n: number) => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % n
    const one = () => people[random(people.length)] as Person
    const steps: (() => Promise<unknown>)[] = [
      () => one().call('PUT', `${memberOf(team, one())}/role`, { role: ['viewer', 'admin', 'owner'][random(3)] }),
      () => one().call('DELETE', memberOf(team, one())),
      () => one().call('POST', `${team.path}/leave`),
      () => one().call('POST', `${team.path}/members`, { user_id: one().id, role: 'admin' }),
      () => one().call('POST', `${team.path}/activate`),
      () => one().call('POST', `${team.path}/transfer-ownership`, { new_owner_id: one().id }),
    ]
    const fresh = async () => {
      for (const [at, person] of people.entries()) {
        const { body } = await person.call('POST', '/api/v1/auth/signin', {
          email: person.user.email,
          password: PASSWORD,
        })
        people[at] = person.withToken(body.access_token)
      }
    }
    for (let round = 0; round < 12; round += 1) {
      await fresh()
      await Promise.all(Array.from({ length: 6 }, () => (steps[random(steps.length)] as () => Promise<unknown>)()))
      const roles = await rolesIn(team)
      expect(Object.values(roles)).toContain('owner')
      expect(await countOf(team)).toBe(Object.keys(roles).length)
    }
  }, 60_000)
})

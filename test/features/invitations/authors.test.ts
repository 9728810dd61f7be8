import { describe, expect, it } from 'vitest'
import { createTestApp, env } from '../../support/app.ts'
import { ask, createTeam, openPerson, type Person, type Team } from '../../support/organizations.ts'
import { PASSWORD } from '../../support/world.ts'
import { insertRole, interfering } from '../rbac/support.ts'
import { codeOf, eventsAbout, expire, INVITATIONS, type Invited, invite, run } from './support.ts'

const app = createTestApp()

/** As the row has them: an answer would also find out by reading the author. */
const statusesOf = (...invited: Invited[]): Promise<unknown[]> =>
  Promise.all(
    invited.map(async ({ id }) =>
      env.DB.prepare('select status from invitations where id = ?').bind(id).first<string>('status'),
    ),
  )

const revocationsOf = async ({ id }: Invited) =>
  (await eventsAbout(id)).filter(({ type }) => type === 'invitation.revoked')

/** An admin of a team with one more right than their rank has, and what they invited with. */
async function openAuthor(team: Team, right: (author: Person) => Promise<unknown>) {
  const author = await team.join('admin')
  await right(author)
  const plain = await invite(team, { role: 'admin' }, author)
  const giving = await invite(team, { permissions: ['docs:read'] }, author)
  return { author, plain, giving }
}

const assign = (team: Team, roleId: string) => (author: Person) =>
  run(
    "insert into role_assignments (role_id, user_id, scope, assigned_by, assigned_at) values (?, ?, ?, 'x', 1)",
    roleId,
    author.id,
    team.id,
  )

const grant = (team: Team, permission: string) => (author: Person) =>
  run(
    "insert into grants (scope, user_id, permission, granted_by, granted_at) values (?, ?, ?, 'x', 1)",
    team.id,
    author.id,
    permission,
  )

/** What an author holds beside the rank. */
const rightsOf = async (team: Team, author: Person) => {
  const { results } = await env.DB.prepare(
    `select role_id as held from role_assignments where scope = ?1 and user_id = ?2
      union select permission from grants where scope = ?1 and user_id = ?2`,
  )
    .bind(team.id, author.id)
    .all()
  return results
}

const ROLES = '/api/v1/rbac'
const docsRole = (team: Team, permissions = ['docs:*']) =>
  insertRole(app, { scope: team.id, key: 'writer', permissions })
const inTeam = (path: string, { id }: Team) => `${path}?organization_id=${id}`
const grantsOf = (team: Team, author: Person) => inTeam(`/api/v1/users/${author.id}/permissions`, team)

describe('the account of an author', () => {
  const ADMIN = '/api/v1/admin/users'
  it.each([
    ['suspended', (author: Person, admin: Person) => admin.call('POST', `${ADMIN}/${author.id}/suspend`)],
    ['deactivated', (author: Person, admin: Person) => admin.call('POST', `${ADMIN}/${author.id}/deactivate`)],
    ['locked', (author: Person, admin: Person) => admin.call('POST', `${ADMIN}/${author.id}/lock`)],
    [
      'suspended by a patch',
      (author: Person, admin: Person) => admin.call('PATCH', `${ADMIN}/${author.id}`, { status: 'suspended' }),
    ],
    ['deleted by an admin', (author: Person, admin: Person) => admin.call('DELETE', `${ADMIN}/${author.id}`)],
    [
      'deleted by its user',
      (author: Person) => author.call('DELETE', '/api/v1/users/me', { current_password: PASSWORD }),
    ],
  ] as const)('takes all invitations along when it is %s', async (_, close) => {
    const [team, other] = [await createTeam(app), await createTeam(app)]
    const { author, plain, giving } = await openAuthor(team, grant(team, 'docs:*'))
    await run(
      "insert into memberships (id, organization_id, user_id, role, joined_at, taken_up_at) values (?, ?, ?, 'admin', 1, 1)",
      crypto.randomUUID(),
      other.id,
      author.id,
    )
    const elsewhere = await invite(other, {}, author)
    const foreign = await invite(team)
    const admin = await openPerson(app, { role: 'admin' })
    const closed = await close(author, admin)
    expect([200, 202]).toContain(closed.status)
    expect(await statusesOf(plain, giving, elsewhere, foreign)).toEqual(['revoked', 'revoked', 'revoked', 'pending'])
    expect(await revocationsOf(elsewhere)).toMatchObject([
      {
        user_id: null,
        organization_id: other.id,
        data: { role: 'member', reason: 'author_lost_right' },
      },
    ])
  })

  it('brings none back when it is opened again, and takes none when it stays', async () => {
    const team = await createTeam(app)
    const { author, plain } = await openAuthor(team, grant(team, 'docs:*'))
    const [admin, owned] = [await openPerson(app, { role: 'admin' }), await invite(team)]
    await team.join('member')
    await admin.call('POST', `${ADMIN}/${author.id}/suspend`)
    await admin.call('POST', `${ADMIN}/${author.id}/suspend`)
    expect(await revocationsOf(plain)).toHaveLength(1)
    await admin.call('POST', `${ADMIN}/${author.id}/unsuspend`)
    expect(await statusesOf(plain)).toEqual(['revoked'])
    const refused = await team.owner.call('DELETE', '/api/v1/users/me', { current_password: PASSWORD })
    expect(refused.body.code).toBe('LAST_OWNER')
    expect(await statusesOf(owned)).toEqual(['pending'])
  })

  it('either lets a guest in or takes the invitation along', async () => {
    const team = await createTeam(app)
    const [ada, admin] = [await openPerson(app), await openPerson(app, { role: 'admin' })]
    const author = await team.join('admin')
    const invited = await invite(team, { email: ada.user.email }, author)
    const [accepted, suspended] = await Promise.all([
      ada.call('POST', `${INVITATIONS}/${invited.id}/accept`),
      admin.call('POST', `${ADMIN}/${author.id}/suspend`),
    ])
    expect(suspended.status).toBe(200)
    expect(await statusesOf(invited)).toEqual([accepted.status === 200 ? 'accepted' : 'revoked'])
    expect(await revocationsOf(invited)).toHaveLength(accepted.status === 200 ? 0 : 1)
  })
})

describe('an admin of the platform who invited', () => {
  it.each([
    ['PUT', '/role', { role: 'user' }],
    ['PATCH', '', { is_admin: false }],
  ] as const)('takes along what they do not answer for as a member (%s %s)', async (method, suffix, body) => {
    const [team, owned, led, left] = [
      await createTeam(app),
      await createTeam(app),
      await createTeam(app),
      await createTeam(app),
    ]
    const [admin, author] = [await openPerson(app, { role: 'admin' }), await openPerson(app, { role: 'admin' })]
    const join = ({ id }: Team, role: string, takenUp: number | null = 1) =>
      run(
        'insert into memberships (id, organization_id, user_id, role, joined_at, taken_up_at, expires_at) values (?, ?, ?, ?, 1, ?, ?)',
        crypto.randomUUID(),
        id,
        author.id,
        role,
        takenUp,
        takenUp === null ? Date.now() + 60_000 : null,
      )
    await join(owned, 'owner')
    await join(led, 'admin')
    await join(left, 'owner', null)
    const kept = [
      await invite(owned, { role: 'owner', permissions: ['docs:read'] }, author),
      await invite(led, { role: 'admin' }, author),
    ]
    const lost = [
      await invite(team, {}, author),
      await invite(led, { role: 'owner' }, author),
      await invite(led, { permissions: ['org:read'] }, author),
      await invite(left, {}, author),
    ]
    expect((await admin.call(method, `/api/v1/admin/users/${author.id}${suffix}`, body)).status).toBe(200)
    expect(await statusesOf(...kept)).toEqual(['pending', 'pending'])
    expect(await statusesOf(...lost)).toEqual(Array(4).fill('revoked'))
    for (const one of lost)
      expect(await revocationsOf(one)).toMatchObject([{ actor_id: admin.id, data: { reason: 'author_lost_right' } }])
  })
})

describe('the rights of an author', () => {
  it('take along what gives permissions when a custom role is taken, and nothing else', async () => {
    const [team, other] = [await createTeam(app), await createTeam(app)]
    const roleId = await docsRole(team)
    const { author, plain, giving } = await openAuthor(team, assign(team, roleId))
    const bystander = await openAuthor(team, assign(team, roleId))
    const elsewhere = await invite(other, { permissions: ['org:read'] })
    await run('update invitations set invited_by = ? where id = ?', author.id, elsewhere.id)
    const path = inTeam(`${ROLES}/users/${author.id}/roles/${roleId}`, team)
    expect((await author.call('DELETE', path.replace(team.id, other.id))).status).toBe(403)
    expect(await statusesOf(giving)).toEqual(['pending'])
    const both = await Promise.all([team.owner.call('DELETE', path), team.owner.call('DELETE', path)])
    expect(both.map(({ status }) => status).filter((status) => status === 200)).toHaveLength(1)
    expect(await statusesOf(plain, giving, bystander.giving, elsewhere)).toEqual([
      'pending',
      'revoked',
      'pending',
      'pending',
    ])
    expect(await revocationsOf(giving)).toMatchObject([{ actor_id: team.owner.id, organization_id: team.id }])
  })

  it('take it along when a grant is taken, not when one is added or the change is refused', async () => {
    const team = await createTeam(app)
    const { author, plain, giving } = await openAuthor(team, grant(team, 'docs:*'))
    const set = (by: Person, permissions: string[]) => by.call('PUT', grantsOf(team, author), { permissions })
    expect((await set(team.owner, ['docs:*', 'pages:read'])).status).toBe(200)
    const weak = await team.join('admin')
    expect((await set(weak, [])).status).toBe(403)
    expect(await statusesOf(plain, giving)).toEqual(['pending', 'pending'])
    expect((await set(team.owner, ['pages:read'])).status).toBe(200)
    expect(await statusesOf(plain, giving)).toEqual(['pending', 'revoked'])
  })

  it('stay with the invitation when whoever takes them loses the right to do so meanwhile', async () => {
    const team = await createTeam(app)
    const [roleId, second] = [await docsRole(team), await team.join('owner')]
    const { author, giving } = await openAuthor(team, async (one) => {
      await assign(team, roleId)(one)
      await grant(team, 'pages:read')(one)
    })
    const become = (role: string) =>
      run('update memberships set role = ? where organization_id = ? and user_id = ?', role, team.id, second.id)
    for (const [method, path, body] of [
      ['DELETE', inTeam(`${ROLES}/users/${author.id}/roles/${roleId}`, team)],
      ['PUT', grantsOf(team, author), { permissions: [] }],
      ['PATCH', inTeam(`${ROLES}/roles/${roleId}`, team), { permissions: [] }],
    ] as const) {
      await become('owner')
      const late = interfering(() => become('viewer'))
      expect((await ask(late, { method, path, body, headers: second.headers })).status).toBe(403)
      expect((await rightsOf(team, author)).length).toBe(2)
    }
    expect(await statusesOf(giving)).toEqual(['pending'])
    expect(await revocationsOf(giving)).toEqual([])
  })

  it('take it along when a custom role allows less, from all who have it', async () => {
    const [team, other] = [await createTeam(app), await createTeam(app)]
    const roleId = await docsRole(team)
    const authors = [
      await openAuthor(team, assign(team, roleId)),
      await openAuthor(team, assign(team, roleId)),
      await openAuthor(team, grant(team, 'docs:*')),
    ]
    const elsewhere = await invite(other, { permissions: ['org:read'] })
    await run('update invitations set invited_by = ? where id = ?', authors[0]?.author.id, elsewhere.id)
    const change = (body: object) => team.owner.call('PATCH', inTeam(`${ROLES}/roles/${roleId}`, team), body)
    const giving = authors.map((one) => one.giving)
    expect((await change({ permissions: ['docs:*', 'pages:read'] })).status).toBe(200)
    expect((await change({ name: 'Scribe', permissions: ['*:*'] })).status).toBe(200)
    expect(await statusesOf(...giving)).toEqual(['pending', 'pending', 'pending'])
    expect((await change({ permissions: ['docs:read'] })).status).toBe(200)
    expect(await statusesOf(...giving, elsewhere)).toEqual(['revoked', 'revoked', 'pending', 'pending'])
    expect(await statusesOf(...authors.map((one) => one.plain))).toEqual(['pending', 'pending', 'pending'])
    for (const one of giving.slice(0, 2)) expect(await revocationsOf(one)).toMatchObject([{ actor_id: team.owner.id }])
  })

  it('go with the ownership that is handed on', async () => {
    const team = await createTeam(app)
    const next = await team.join('admin')
    const [plain, giving, owners] = [
      await invite(team, { role: 'admin' }),
      await invite(team, { permissions: ['org:read'] }),
      await invite(team, { role: 'owner' }),
    ]
    const transfer = (to: Person) => team.owner.call('POST', `${team.path}/transfer-ownership`, { new_owner_id: to.id })
    const stranger = await openPerson(app)
    expect((await transfer(stranger)).status).toBe(404)
    await run("update users set status = 'suspended' where id = ?", next.id)
    expect((await transfer(next)).status).toBe(409)
    expect(await statusesOf(plain, giving, owners)).toEqual(['pending', 'pending', 'pending'])
    await run("update users set status = 'active' where id = ?", next.id)
    expect((await transfer(next)).status).toBe(200)
    expect(await statusesOf(plain, giving, owners)).toEqual(['pending', 'revoked', 'revoked'])
    expect(await revocationsOf(owners)).toMatchObject([{ actor_id: team.owner.id }])
  })
})

describe('an invitation for which nobody answers', () => {
  const list = (team: Team, query = '') => team.owner.call('GET', `${INVITATIONS}?organization_id=${team.id}${query}`)
  const becomes = (team: Team, { id }: Person, role: string) =>
    run('update memberships set role = ? where organization_id = ? and user_id = ?', role, team.id, id)

  /** Its author lost the rank in a way that revoked nothing. */
  async function inviteUnanswered(team: Team) {
    const author = await team.join('admin')
    const invited = await invite(team, {}, author)
    await becomes(team, author, 'member')
    return { author, invited }
  }

  it('is listed and counted as what it shows', async () => {
    const team = await createTeam(app)
    const { invited } = await inviteUnanswered(team)
    const [kept, ended] = [await invite(team), await invite(team)]
    await expire(ended.id)
    const rowsOf = async (status: string) => {
      const { body } = await list(team, `&status=${status}`)
      const { total, invitations, pending_count, expired_count } = body
      expect([total, pending_count, expired_count]).toEqual([invitations.length, 1, 1])
      return invitations.map((one: { id: string; status: string }) => [one.id, one.status])
    }
    expect(await rowsOf('pending')).toEqual([[kept.id, 'pending']])
    expect(await rowsOf('revoked')).toEqual([[invited.id, 'revoked']])
    expect(await rowsOf('expired')).toEqual([[ended.id, 'expired']])
    expect((await list(team)).body.total).toBe(3)
    const live = await team.owner.call('GET', `${team.path}/invites`)
    expect(live.body.invites.map(({ id }: { id: string }) => id).sort()).toEqual([kept.id, ended.id].sort())
  })

  it('makes room for another to its address, and does not come back with its author', async () => {
    const team = await createTeam(app)
    const { author, invited } = await inviteUnanswered(team)
    const again = await invite(team, { email: invited.email })
    await becomes(team, author, 'admin')
    expect((await list(team, `&email=${invited.email}`)).body.invitations).toMatchObject([
      { id: again.id, status: 'pending' },
      { id: invited.id, status: 'revoked' },
    ])
    expect(await revocationsOf(invited)).toMatchObject([
      { actor_id: team.owner.id, data: { reason: 'author_lost_right' } },
    ])
    expect(await revocationsOf(again)).toEqual([])
  })

  it('can be revoked, for good', async () => {
    const team = await createTeam(app)
    const { author, invited } = await inviteUnanswered(team)
    const path = `${INVITATIONS}/${invited.id}`
    for (const [method, suffix, body] of [
      ['PATCH', '', { message: 'x' }],
      ['POST', '/resend', undefined],
    ] as const)
      expect(codeOf(await team.owner.call(method, path + suffix, body))).toEqual([400, 'INVITATION_NOT_PENDING'])
    expect((await team.owner.call('DELETE', path)).status).toBe(200)
    await becomes(team, author, 'admin')
    expect((await team.owner.call('GET', path)).body.status).toBe('revoked')
    expect(await revocationsOf(invited)).toMatchObject([{ data: { reason: 'revoked' } }])
    expect(codeOf(await team.owner.call('DELETE', path))).toEqual([400, 'INVITATION_NOT_PENDING'])
  })

  it('is not replaced by whoever loses the rank meanwhile', async () => {
    const [team, second] = await createTeam(app).then(async (made) => [made, await made.join('admin')] as const)
    const { invited } = await inviteUnanswered(team)
    const late = interfering(() => becomes(team, second, 'viewer'), 1, /^insert into "invitations"/)
    const body = { organization_id: team.id, email: invited.email }
    expect((await ask(late, { method: 'POST', path: INVITATIONS, body, headers: second.headers })).status).toBe(403)
    expect(await statusesOf(invited)).toEqual(['pending'])
    expect(await revocationsOf(invited)).toEqual([])
  })
})

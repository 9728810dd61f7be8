import { describe, expect, it } from 'vitest'
import { createTestApp, env } from '../../support/app.ts'
import { createTeam, openPerson, type Person, type Team } from '../../support/organizations.ts'
import { PASSWORD } from '../../support/world.ts'
import { codeOf, INVITATIONS, invite, run } from '../invitations/support.ts'

const app = createTestApp()

const isDeleted = async ({ id }: Team): Promise<boolean> =>
  (await env.DB.prepare('select deleted_at from organizations where id = ?').bind(id).first('deleted_at')) !== null

const unconfirm = ({ id }: Person) => run('update users set email_verified_at = null where id = ?', id)
const rolesOf = async (team: Team) => {
  const { body } = await team.owner.call('GET', `${team.path}/members`)
  return Object.fromEntries(body.map(({ user_id, role }: { user_id: string; role: string }) => [user_id, role]))
}

describe('an address that is not confirmed', () => {
  it('is not named by a mail: its holder adds nobody', async () => {
    const [team, ada] = [await createTeam(app), await openPerson(app)]
    const admin = await team.join('admin')
    const add = () => admin.call('POST', `${team.path}/members`, { user_id: ada.id })
    await unconfirm(admin)
    expect(codeOf(await add())).toEqual([403, 'VERIFIED_ADDRESS_REQUIRED'])
    await run('update users set email_verified_at = 1, email_unanswered_since = 1 where id = ?', admin.id)
    expect(codeOf(await add())).toEqual([403, 'VERIFIED_ADDRESS_REQUIRED'])
    await run('update users set email_unanswered_since = null where id = ?', admin.id)
    expect((await add()).status).toBe(201)
  })

  it('is not shown as the owner: the ownership is neither handed to it nor given nor taken up', async () => {
    const team = await createTeam(app)
    const [member, sleeper] = [await team.join('admin'), await openPerson(app)]
    await team.owner.call('POST', `${team.path}/members`, { user_id: sleeper.id, role: 'owner' })
    for (const one of [member, sleeper]) await unconfirm(one)
    const refused = [
      await team.owner.call('POST', `${team.path}/transfer-ownership`, { new_owner_id: member.id }),
      await team.owner.call('PUT', `${team.path}/members/${member.id}/role`, { role: 'owner' }),
      await sleeper.call('POST', `${team.path}/activate`),
    ]
    expect(refused.map(codeOf)).toEqual(Array(3).fill([403, 'VERIFIED_ADDRESS_REQUIRED']))
    expect(await rolesOf(team)).toMatchObject({ [team.owner.id]: 'owner', [member.id]: 'admin' })
    await run('update users set email_verified_at = 1 where id = ?', sleeper.id)
    expect((await sleeper.call('POST', `${team.path}/activate`)).status).toBe(200)
    // The sleeper is an owner now; the other may be any other rank.
    expect((await team.owner.call('PUT', `${team.path}/members/${member.id}/role`, { role: 'viewer' })).status).toBe(
      200,
    )
  })

  it('does not become the owner by the link of `invite_url`, as a stranger or as a user', async () => {
    const [team, ada] = [await createTeam(app), await openPerson(app)]
    await unconfirm(ada)
    const invited = await invite(team, { email: ada.user.email, role: 'owner' })
    const free = await invite(team, { role: 'owner' })
    const accept = `${INVITATIONS}/accept`
    expect(codeOf(await ada.call('POST', accept, { token: invited.urlToken }))).toEqual([403, 'EMAIL_NOT_VERIFIED'])
    const asStranger = await app.fetch(accept, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: free.urlToken, password: PASSWORD }),
    })
    expect(asStranger.status).toBe(403)
    await run('update users set email_verified_at = 1 where id = ?', ada.id)
    expect((await ada.call('POST', accept, { token: invited.urlToken })).status).toBe(200)
  })
})

describe('whoever left', () => {
  it('is shown by id, role and times alone, as they are masked who did not take a membership up', async () => {
    const team = await createTeam(app)
    const fields = {
      firstName: 'Ada',
      lastName: 'Lovelace',
      displayName: 'Countess',
      profileImageUrl: 'https://a.test/a',
    }
    const [ada, bob] = [await team.join('viewer', fields), await team.join('member', fields)]
    expect((await ada.call('POST', `${team.path}/leave`)).status).toBe(200)
    expect((await team.owner.call('DELETE', `${team.path}/members/${bob.id}`)).status).toBe(200)
    // Names and addresses of after they left are not the organization's to see.
    await run("update users set email = ?, first_name = 'Grace' where id = ?", `grace-${ada.user.email}`, ada.id)
    const { body } = await team.owner.call('GET', `${team.path}/members?include_removed=true`)
    for (const one of [ada, bob]) {
      const row = body.find(({ user_id }: { user_id: string }) => user_id === one.id)
      expect(row).toMatchObject({
        status: 'removed',
        role: one === ada ? 'viewer' : 'member',
        first_name: one === ada ? 'G***' : 'A***',
        last_name: 'L***',
        display_name: 'C***',
        profile_image_url: null,
        joined_at: expect.any(String),
      })
      expect(row.email).toMatch(/^.\*\*\*@.\*\*\*/)
    }
    expect(body[0]).toMatchObject({ user_id: team.owner.id, email: team.owner.user.email })
  })
})

describe('members whose accounts are deleted', () => {
  const deleteOwn = (person: Person) => person.call('DELETE', '/api/v1/users/me', { current_password: PASSWORD })

  it('do not keep the last owner from deleting the account, and the organization goes along', async () => {
    const [team, mixed] = [await createTeam(app), await createTeam(app)]
    const admin = await openPerson(app, { role: 'admin' })
    for (const one of [await team.join('member'), await mixed.join('member')])
      expect((await admin.call('DELETE', `/api/v1/admin/users/${one.id}`)).status).toBe(200)
    await mixed.join('viewer')
    const refused = await deleteOwn(mixed.owner)
    expect(codeOf(refused)).toEqual([400, 'LAST_OWNER'])
    expect([200, 202]).toContain((await deleteOwn(team.owner)).status)
    expect([await isDeleted(team), await isDeleted(mixed)]).toEqual([true, false])
  })
})

it('the domains that an organization invites are not for those who accept or have not joined', async () => {
  const [team, ada] = [await createTeam(app), await openPerson(app)]
  const invited = await invite(team, { email: ada.user.email })
  await team.owner.call('POST', `${team.path}/members`, { user_id: ada.id })
  await team.owner.call('PUT', `${team.path}/settings`, {
    settings: { invitation_domains: ['secret-partner.example'] },
  })
  const accepted = await ada.call('POST', `${INVITATIONS}/${invited.id}/accept`)
  expect(codeOf(accepted)).toEqual([422, 'DOMAIN_NOT_ALLOWED'])
  const listed = await ada.call('GET', '/api/v1/organizations')
  expect(listed.body).toMatchObject([{ id: team.id, status: 'pending' }])
  expect(JSON.stringify([accepted.body, listed.body])).not.toContain('secret-partner')
  const refused = await team.owner.call('POST', INVITATIONS, { organization_id: team.id, email: 'x@else.example' })
  expect(refused.body.details).toMatchObject({ domains: ['secret-partner.example'] })
})

it('a stranger who asks for an invitation of others writes no error into the log', async () => {
  const [team, eve] = [await createTeam(app), await openPerson(app)]
  const invited = await invite(team)
  const errors: unknown[] = []
  const watched = createTestApp({
    override: (ctx) => ({ ...ctx, log: { ...ctx.log, error: (...line: unknown[]) => errors.push(line) } }),
  })
  for (const [method, suffix] of [
    ['DELETE', ''],
    ['POST', '/resend'],
  ] as const) {
    const path = `${INVITATIONS}/${invited.id}${suffix}`
    expect((await watched.fetch(path, { method, headers: eve.headers })).status).toBe(404)
  }
  expect(errors).toEqual([])
})

it('the name of an organization is one line that reads as it is stored', async () => {
  const team = await createTeam(app)
  for (const name of ['Acme\u202eecnailla', 'Ac\u200bme', 'Acme\u2028Admin', 'Acme\u2029Admin']) {
    const made = await team.owner.call('POST', '/api/v1/organizations', { name, slug: 'unused' })
    const changed = await team.owner.call('PATCH', team.path, { name })
    expect([name, made.status, changed.status]).toEqual([name, 422, 422])
  }
  expect(
    (await team.owner.call('PATCH', team.path, { name: 'Family \u{1f468}\u200d\u{1f469}\u200d\u{1f467}' })).status,
  ).toBe(200)
})

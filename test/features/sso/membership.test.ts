import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { openPerson, type Person, type Team } from '../../support/organizations.ts'
import { createSettling, person, roleIn } from './settling.ts'
import { rowsOf, run } from './support.ts'

const { app, ready, settle } = createSettling()

const MAPPING = [
  { group: 'Readers', role: 'viewer' },
  { group: 'Engineers', role: 'member' },
  { group: 'Operators', role: 'admin' },
]

const standingOf = async ({ id }: Team, userId: string) => {
  const [row] = await rowsOf(
    `select memberships.role, given_role, mapped_role, claims_version from memberships join users on users.id = memberships.user_id
      where organization_id = ? and user_id = ? and removed_at is null`,
    id,
    userId,
  )
  return row
}

/** The record of an organization about somebody, or of one kind. */
const eventsIn = async ({ id }: Team, type: string) => {
  const rows = await rowsOf<{ data: string }>(
    'select data from events where organization_id = ? and type = ? order by position',
    ...[id, type],
  )
  return rows.map(({ data }) => JSON.parse(data))
}

describe('the groups of a sign-in', () => {
  it('give a known member a role beside the one by hand, at every sign-in, and take it again', async () => {
    const { team, domain, configuration } = await ready({ role_mapping: MAPPING })
    const { id } = await team.join('viewer', { email: `ada@${domain}` })
    const ada = person(`ada@${domain}`)
    const signIn = async (...groups: string[]) => {
      await settle(configuration, { ...ada, groups })
      return standingOf(team, id)
    }
    const operator = { role: 'admin', given_role: 'viewer', mapped_role: 'admin', claims_version: 2 }
    expect(await signIn('Readers', 'Operators')).toEqual(operator)
    expect(await signIn('Operators')).toEqual(operator)
    expect(await signIn('Engineers', 'Others')).toMatchObject({
      role: 'member',
      mapped_role: 'member',
      claims_version: 3,
    })
    expect(await signIn('Readers')).toMatchObject({ role: 'viewer', mapped_role: 'viewer', claims_version: 4 })
    // The effective role is the same: tokens stay good.
    expect(await signIn()).toEqual({ role: 'viewer', given_role: null, mapped_role: null, claims_version: 4 })
    const changed = (before: string, after: string) => ({
      before: { role: before },
      after: { role: after },
      reason: 'groups',
    })
    expect(await eventsIn(team, 'organization.role_changed')).toEqual([
      changed('viewer', 'admin'),
      changed('admin', 'member'),
      changed('member', 'viewer'),
    ])
  })

  it('take from nobody what was given by hand, and make nobody an owner', async () => {
    const { team, domain, configuration } = await ready({ role_mapping: MAPPING })
    const [owner, admin] = [
      await team.join('owner', { email: `owner@${domain}` }),
      await team.join('admin', { email: `admin@${domain}` }),
    ]
    await settle(configuration, person(`owner@${domain}`, { groups: ['Operators', 'owner'] }))
    await settle(configuration, person(`admin@${domain}`, { groups: ['Engineers', 'owner'] }))
    expect(await standingOf(team, owner.id)).toMatchObject({ role: 'owner', mapped_role: 'admin', claims_version: 1 })
    expect(await standingOf(team, admin.id)).toMatchObject({ role: 'admin', mapped_role: 'member', claims_version: 1 })
  })

  it('are kept apart from the default role of a new member', async () => {
    const { team, domain, configuration } = await ready({ role_mapping: MAPPING, default_role: 'viewer' })
    const { user } = await settle(configuration, person(`ada@${domain}`, { groups: ['Operators'] }))
    expect(await standingOf(team, user.id)).toMatchObject({ role: 'admin', given_role: 'viewer', mapped_role: 'admin' })
  })

  it('are not read while a directory writes the people', async () => {
    const { team, domain, configuration } = await ready({ role_mapping: MAPPING })
    const { id } = await team.join('viewer', { email: `ada@${domain}` })
    await run(
      "update memberships set mapped_role = 'member', given_role = 'viewer', role = 'member' where user_id = ?",
      id,
    )
    await run('update organizations set directory_enabled = 1 where id = ?', team.id)
    const ada = person(`ada@${domain}`)
    for (const groups of [['Operators'], []]) await settle(configuration, { ...ada, groups })
    expect(await standingOf(team, id)).toMatchObject({ role: 'member', mapped_role: 'member', claims_version: 1 })
  })

  it('change a role once when five sign-ins come at once', async () => {
    const { team, domain, configuration } = await ready({ role_mapping: MAPPING })
    const { id } = await team.join('viewer', { email: `ada@${domain}` })
    const ada = person(`ada@${domain}`, { groups: ['Operators'] })
    await settle(configuration, { ...ada, groups: [] })
    await Promise.all(Array.from({ length: 5 }, () => settle(configuration, ada)))
    expect(await standingOf(team, id)).toMatchObject({ role: 'admin', claims_version: 2 })
    expect(await eventsIn(team, 'organization.role_changed')).toHaveLength(1)
  })
})

describe('whoever was added or invited, and signs in before they took that up', () => {
  /** An account with the address that an owner has added to the organization. */
  async function added(
    { team, domain }: Awaited<ReturnType<typeof ready>>,
    { role, by }: { role: string; by?: Pick<Person, 'id'> },
  ) {
    const known = await openPerson(app, { email: `${newUuid()}@${domain}` })
    const { status } = await team.owner.call('POST', `${team.path}/members`, { user_id: known.id, role })
    if (by) await run('update memberships set invited_by = ? where user_id = ?', by.id, known.id)
    await run("insert into grants values (?, ?, 'reports:read', ?, 1)", team.id, known.id, team.owner.id)
    return { known, status }
  }
  const grantsOf = ({ id }: Team, userId: string) =>
    rowsOf('select permission from grants where scope = ? and user_id = ?', id, userId)

  it.each([
    ['admin', 'admin'],
    ['viewer', 'member'],
  ])('takes up what was given: of %s and the default the higher, %s, with what was granted', async (role, after) => {
    const enterprise = await ready()
    const { team, configuration } = enterprise
    const { known, status } = await added(enterprise, { role })
    expect(status).toBe(201)
    const ada = person(known.user.email)
    await Promise.all(Array.from({ length: 3 }, () => settle(configuration, ada)))
    expect(await roleIn(team, known.id)).toEqual([after])
    expect(await grantsOf(team, known.id)).toEqual([{ permission: 'reports:read' }])
    const events = await eventsIn(team, 'organization.member_added')
    expect(events.filter(({ status: said }) => said === 'active')).toEqual([
      { role: after, status: 'active', connection_id: configuration.id },
    ])
  })

  it('has the default role, and nothing that was granted, where nobody answers for it any more', async () => {
    const enterprise = await ready()
    const { team, configuration } = enterprise
    const former = await team.join('admin')
    const { known } = await added(enterprise, { role: 'admin', by: former })
    await run("update memberships set role = 'member' where user_id = ?", former.id)
    await settle(configuration, person(known.user.email))
    expect(await roleIn(team, known.id)).toEqual(['member'])
    expect(await grantsOf(team, known.id)).toEqual([])
  })

  it('has the default role where the time to take it up is over', async () => {
    const enterprise = await ready()
    const { team, configuration } = enterprise
    const { known } = await added(enterprise, { role: 'admin' })
    await run('update memberships set expires_at = 1 where user_id = ?', known.id)
    await settle(configuration, person(known.user.email))
    expect(await roleIn(team, known.id)).toEqual(['member'])
    expect(await grantsOf(team, known.id)).toEqual([])
  })

  it.each(['a new person', 'a known one'])('leaves no invitation pending to %s', async (who) => {
    const { team, domain, configuration } = await ready()
    const email = `ada@${domain}`
    if (who === 'a known one') await openPerson(app, { email })
    await run(
      `insert into invitations (id, organization_id, email, role, invited_by, created_at, updated_at, expires_at)
        values (?, ?, ?, 'admin', ?, 1, 1, 9e15)`,
      ...[newUuid(), team.id, email, team.owner.id],
    )
    await settle(configuration, person(email))
    expect(await rowsOf('select status from invitations where organization_id = ?', team.id)).toEqual([
      { status: 'revoked' },
    ])
    expect(await eventsIn(team, 'invitation.revoked')).toEqual([{ role: 'admin', reason: 'joined' }])
  })

  it('leaves membership and invitation as they are where accounts are not made by signing in', async () => {
    const enterprise = await ready({ jit_provisioning: false })
    const { team, configuration } = enterprise
    const { known } = await added(enterprise, { role: 'admin' })
    await expect(settle(configuration, person(known.user.email))).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
    expect(await roleIn(team, known.id)).toEqual([])
    expect(await grantsOf(team, known.id)).toHaveLength(1)
  })
})

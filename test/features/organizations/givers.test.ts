import { describe, expect, it } from 'vitest'
import type { Rank } from '../../../src/lib/roles.ts'
import { createTestApp, env } from '../../support/app.ts'
import { createTeam, enroll, openPerson, type Person, renewed, type Team } from '../../support/organizations.ts'
import { codeOf, eventsAbout, forgetSent, INVITATIONS, type Invited, invite, run } from '../invitations/support.ts'

const app = createTestApp()

/** Somebody who was added by id and has not taken that up. */
async function addSleeper(team: Team, by: Person, role: Rank = 'member'): Promise<Person> {
  const sleeper = await openPerson(app)
  expect((await by.call('POST', `${team.path}/members`, { user_id: sleeper.id, role })).status).toBe(201)
  return sleeper
}

const activate = (team: Team, person: Person) => person.call('POST', `${team.path}/activate`)

/** As the row has it: `activate` would also find out by reading the giver. */
const isPending = async (team: Team, { id }: Person): Promise<boolean> =>
  (await env.DB.prepare(
    'select 1 as one from memberships where organization_id = ? and user_id = ? and removed_at is null and taken_up_at is null',
  )
    .bind(team.id, id)
    .first()) !== null

const setRole = (team: Team, by: Person, { id }: Person, role: Rank) =>
  by.call('PUT', `${team.path}/members/${id}/role`, { role })

const ACCOUNTS = '/api/v1/admin/users'

describe('a membership that was not taken up', () => {
  it('ends with the ownership of whoever gave it: nobody sells an organization with a sleeping owner', async () => {
    const team = await createTeam(app)
    const buyer = await team.join('admin')
    const [owner, helper] = [await addSleeper(team, team.owner, 'owner'), await addSleeper(team, team.owner)]
    const sold = await team.owner.call('POST', `${team.path}/transfer-ownership`, { new_owner_id: buyer.id })
    expect(sold.status).toBe(200)
    expect(await isPending(team, owner)).toBe(false)
    // The seller is an admin, and answers for a member.
    expect(await isPending(team, helper)).toBe(true)
    const seller = await renewed(team.owner)
    expect((await seller.call('POST', `${team.path}/leave`)).status).toBe(200)
    expect(await isPending(team, helper)).toBe(false)
    for (const sleeper of [owner, helper]) {
      expect(codeOf(await activate(team, sleeper))).toEqual([403, 'NOT_A_MEMBER'])
      expect((await sleeper.call('GET', '/api/v1/organizations')).body).toEqual([])
      const [, ended, ...others] = (await eventsAbout(sleeper.id)).filter(({ type }) =>
        type.startsWith('organization.'),
      )
      expect(ended).toMatchObject({
        type: 'organization.member_removed',
        user_id: sleeper.id,
        organization_id: team.id,
        actor_id: team.owner.id,
        data: { before: { role: sleeper === owner ? 'owner' : 'member' }, reason: 'author_lost_right' },
      })
      expect(others).toEqual([])
    }
  })

  it.each([
    ['demoted', (team: Team, giver: Person) => setRole(team, team.owner, giver, 'viewer')],
    ['removed', (team: Team, giver: Person) => team.owner.call('DELETE', `${team.path}/members/${giver.id}`)],
    ['suspended', (_: Team, giver: Person, admin: Person) => admin.call('POST', `${ACCOUNTS}/${giver.id}/suspend`)],
    ['deleted', (_: Team, giver: Person, admin: Person) => admin.call('DELETE', `${ACCOUNTS}/${giver.id}`)],
  ] as const)('ends when whoever gave it is %s; those of others stay', async (_, lose) => {
    const [team, admin] = [await createTeam(app), await openPerson(app, { role: 'admin' })]
    const giver = await team.join('admin')
    const [theirs, other] = [await addSleeper(team, giver), await addSleeper(team, team.owner)]
    expect([200, 202]).toContain((await lose(team, giver, admin)).status)
    expect([await isPending(team, theirs), await isPending(team, other)]).toEqual([false, true])
    expect(codeOf(await activate(team, theirs))).toEqual([403, 'NOT_A_MEMBER'])
    expect((await activate(team, other)).status).toBe(200)
  })

  it('ends when an admin of the platform gave its role and is none any more, unless they answer for it as a member', async () => {
    const [team, led] = [await createTeam(app), await createTeam(app)]
    const [giver, admin] = [await openPerson(app, { role: 'admin' }), await openPerson(app, { role: 'admin' })]
    await enroll(app, led.id, giver.id, 'admin')
    const lost = [await addSleeper(team, team.owner), await addSleeper(led, led.owner, 'admin')]
    const kept = await addSleeper(led, led.owner)
    for (const [where, one, role] of [
      [team, lost[0], 'viewer'],
      [led, lost[1], 'owner'],
      [led, kept, 'admin'],
    ] as const)
      if (one) expect((await setRole(where, giver, one, role)).status).toBe(200)
    expect((await admin.call('PUT', `${ACCOUNTS}/${giver.id}/role`, { role: 'user' })).status).toBe(200)
    for (const [index, one] of lost.entries()) expect(await isPending(index === 0 ? team : led, one)).toBe(false)
    expect(await isPending(led, kept)).toBe(true)
  })

  it('is answered for by whoever last gave its role', async () => {
    const team = await createTeam(app)
    const [first, second] = [await team.join('owner'), await team.join('owner')]
    const sleeper = await addSleeper(team, first, 'admin')
    const changed = await setRole(team, second, sleeper, 'owner')
    expect(changed.body).toMatchObject({ role: 'owner', status: 'pending', invited_by: second.id })
    await setRole(team, team.owner, first, 'viewer')
    expect(await isPending(team, sleeper)).toBe(true)
    await setRole(team, team.owner, second, 'admin')
    expect(await isPending(team, sleeper)).toBe(false)
  })

  // A right may be lost in a way that ends nothing: then the statement that takes it up decides.
  it.each([
    ["update users set status = 'suspended' where id = ?1", 'member'],
    ["update memberships set role = 'member' where user_id = ?1", 'member'],
    ["update memberships set role = 'admin' where user_id = ?1", 'owner'],
    ['update memberships set removed_at = 1 where user_id = ?1', 'viewer'],
    ['update memberships set taken_up_at = null where user_id = ?1', 'viewer'],
    ['update memberships set invited_by = null where invited_by = ?1', 'viewer'],
  ] as const)('is not taken up after: %s (%s)', async (statement, role) => {
    const team = await createTeam(app)
    const giver = await team.join('owner')
    const sleeper = await addSleeper(team, giver, role)
    await run(statement, giver.id)
    expect(codeOf(await activate(team, sleeper))).toEqual([403, 'NOT_A_MEMBER'])
    expect(await isPending(team, sleeper)).toBe(true)
  })

  it('is either taken up or ended when whoever gave it is removed meanwhile', async () => {
    const team = await createTeam(app)
    const giver = await team.join('admin')
    const sleeper = await addSleeper(team, giver)
    const [taken, removed] = await Promise.all([
      activate(team, sleeper),
      team.owner.call('DELETE', `${team.path}/members/${giver.id}`),
    ])
    expect(removed.status).toBe(200)
    const { body } = await team.owner.call('GET', `${team.path}/members`)
    const members = body.map(({ user_id }: { user_id: string }) => user_id)
    expect(members.includes(sleeper.id)).toBe(taken.status === 200)
    expect(await isPending(team, sleeper)).toBe(false)
  })
})

describe('an older invitation to the address of somebody', () => {
  const statusOf = ({ id }: Invited) =>
    env.DB.prepare('select status from invitations where id = ?').bind(id).first<string>('status')

  const revocation = async ({ id }: Invited) =>
    (await eventsAbout(id)).find(({ type }) => type === 'invitation.revoked')

  const accept = (person: Person, { id }: Invited) => person.call('POST', `${INVITATIONS}/${id}/accept`)

  it('is revoked when they take a membership up, so that a demoted or removed member does not come back by it', async () => {
    const [team, other] = [await createTeam(app), await createTeam(app)]
    const sleeper = await addSleeper(team, team.owner)
    const email = sleeper.user.email
    const [older, elsewhere, foreign] = [
      await invite(team, { email, role: 'admin' }),
      await invite(other, { email, role: 'admin' }),
      await invite(team, { role: 'admin' }),
    ]
    expect((await activate(team, sleeper)).status).toBe(200)
    expect(await Promise.all([older, elsewhere, foreign].map(statusOf))).toEqual(['revoked', 'pending', 'pending'])
    expect(await revocation(older)).toMatchObject({ actor_id: sleeper.id, data: { reason: 'joined' } })
    const member = `${team.path}/members/${sleeper.id}`
    expect((await team.owner.call('DELETE', member)).status).toBe(200)
    expect(codeOf(await accept(await renewed(sleeper), older))).toEqual([400, 'INVITATION_NOT_PENDING'])
    await forgetSent(app, team, email)
    const again = await invite(team, { email })
    expect((await accept(await renewed(sleeper), again)).status).toBe(200)
  })

  it('is revoked when an admin of the platform adds them, and not when they are there already', async () => {
    const [team, admin] = [await createTeam(app), await openPerson(app, { role: 'admin' })]
    const [ada, sleeper] = [await openPerson(app), await addSleeper(team, team.owner)]
    const invited = await invite(team, { email: ada.user.email, role: 'admin' })
    const kept = await invite(team, { email: sleeper.user.email })
    const add = ({ id }: Person) => admin.call('POST', `${team.path}/members`, { user_id: id })
    expect((await add(ada)).status).toBe(201)
    expect((await add(sleeper)).status).toBe(409)
    expect([await statusOf(invited), await statusOf(kept)]).toEqual(['revoked', 'pending'])
  })

  // Their address became the invited one after they had joined.
  it.each([
    ['are removed', (team: Team, member: Person) => team.owner.call('DELETE', `${team.path}/members/${member.id}`)],
    ['leave', (team: Team, member: Person) => member.call('POST', `${team.path}/leave`)],
  ])('is revoked when they %s', async (_, end) => {
    const [team, member] = await createTeam(app).then(async (made) => [made, await made.join('member')] as const)
    const [invited, foreign] = [await invite(team, { role: 'owner' }), await invite(team, { role: 'owner' })]
    await run('update users set email = ? where id = ?', invited.email, member.id)
    expect((await end(team, member)).status).toBe(200)
    expect([await statusOf(invited), await statusOf(foreign)]).toEqual(['revoked', 'pending'])
    expect(await revocation(invited)).toMatchObject({ organization_id: team.id, data: { reason: 'left' } })
    expect(codeOf(await accept(await renewed(member), invited))).toEqual([400, 'INVITATION_NOT_PENDING'])
  })

  it('stays while a last owner may not leave, and goes with a membership that was not taken up', async () => {
    const team = await createTeam(app)
    const sleeper = await addSleeper(team, team.owner)
    const [own, theirs] = [await invite(team), await invite(team, { email: sleeper.user.email })]
    await run('update users set email = ? where id = ?', own.email, team.owner.id)
    expect(codeOf(await team.owner.call('POST', `${team.path}/leave`))).toEqual([400, 'LAST_OWNER'])
    expect(await statusOf(own)).toBe('pending')
    expect((await sleeper.call('POST', `${team.path}/leave`)).status).toBe(200)
    expect(await statusOf(theirs)).toBe('revoked')
  })
})

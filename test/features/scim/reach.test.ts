import { describe, expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import { createTeam, enroll, openPerson } from '../../support/organizations.ts'
import { accountOf, connect, membershipOf, refusalOf, run, type TestDirectory } from './support.ts'

const app = createTestApp()

let known: Promise<TestDirectory> | undefined
const shared = () => {
  known ??= connect(app)
  return known
}

const off = { op: 'replace', value: { active: false } }

describe('a member outside the domains whom the directory attached', () => {
  it.each([
    ['an owner', "update memberships set role = 'owner' where user_id = ?"],
    ['an admin of the platform', "update users set role = 'admin' where id = ?"],
  ])('keeps the membership once they are %s: switched off and deleted', async (_, promotion) => {
    const directory = await shared()
    const person = await directory.team.join('member')
    const { body } = await directory.user({ userName: person.user.email })
    expect(await accountOf(body.id)).toMatchObject({ id: person.id })
    await run(promotion, person.id)
    const { status, body: after } = await directory.patch(body.id, off)
    expect([status, after.active]).toEqual([200, false])
    expect((await directory.call('DELETE', `/Users/${body.id}`)).status).toBe(204)
    expect((await membershipOf(directory.team.id, person.id))?.taken_up_at).toEqual(expect.any(Number))
  })
})

describe('the address of an account that owns an organization', () => {
  it.each(['this one', 'another'])('stays what it is: %s', async (which) => {
    const directory = await shared()
    const person = await openPerson(app, { email: directory.name() })
    const { body } = await directory.user({ userName: person.user.email })
    const organizationId = which === 'another' ? (await createTeam(app)).id : directory.team.id
    if (which === 'another') await enroll(app, organizationId, person.id, 'owner')
    else await run("update memberships set role = 'owner' where user_id = ?", person.id)
    const answer = await directory.patch(body.id, { op: 'add', path: 'emails', value: [{ value: directory.name() }] })
    expect(refusalOf(answer)).toEqual([409, 'uniqueness'])
    expect(answer.body.detail).toMatch(/owns an organization/)
    const renamed = await directory.patch(body.id, { op: 'replace', path: 'userName', value: directory.name() })
    expect(refusalOf(renamed)).toEqual([409, 'uniqueness'])
    expect(await accountOf(body.id)).toMatchObject({ email: person.user.email })
    expect((await directory.patch(body.id, { op: 'add', path: 'title', value: 'x' })).status).toBe(200)
  })
})

import { describe, expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import { createTeam, enroll, openPerson } from '../../support/organizations.ts'
import { accountOf, connect, membershipOf, refusalOf, rowsOf, run, type TestDirectory } from './support.ts'

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

describe('whoever left', () => {
  const leave = (id: string) =>
    run("update users set status = 'deleted', user_restorable = 1, erase_at = 9e15 where id = ?", id)
  const restorable = async (id: string) =>
    (await rowsOf<{ user_restorable: number }>('select user_restorable from users where id = ?', id))[0]
      ?.user_restorable

  it.each(['off', 'deletes'])('restores no account of the domain that the directory %s', async (how) => {
    const directory = await shared()
    const person = await openPerson(app, { email: directory.name() })
    const { body } = await directory.user({ userName: person.user.email })
    await leave(person.id)
    const put = await directory.call('PUT', `/Users/${body.id}`, { body: { userName: body.userName, title: 'x' } })
    expect(put.status).toBe(200)
    expect([await accountOf(body.id), await restorable(person.id)]).toMatchObject([{ id: person.id }, 1])
    const answer = how === 'off' ? directory.patch(body.id, off) : directory.call('DELETE', `/Users/${body.id}`)
    expect((await answer).status).toBe(how === 'off' ? 200 : 204)
    expect(await restorable(person.id)).toBe(0)
    expect(await membershipOf(directory.team.id, person.id)).toMatchObject({ taken_up_at: null })
  })

  it('is switched off by a record that lost the account, and by its deletion', async () => {
    const directory = await shared()
    const people = await Promise.all([openPerson(app, { email: directory.name() }), directory.team.join('member')])
    for (const person of people) {
      const { body } = await directory.user({ userName: person.user.email })
      await run('update scim_users set user_id = null where id = ?', body.id)
      expect((await directory.call('DELETE', `/Users/${body.id}`)).status).toBe(204)
    }
    const [own, other] = people
    expect((await rowsOf('select status from users where id = ?', own.id))[0]).toEqual({ status: 'inactive' })
    expect(await membershipOf(directory.team.id, other.id)).toMatchObject({ taken_up_at: null })
  })

  it('gets in by no unlock: a locked or suspended person loses the membership, and comes back with the record', async () => {
    const directory = await shared()
    for (const status of ['locked', 'suspended', 'inactive']) {
      const person = await openPerson(app, { email: directory.name() })
      const { body } = await directory.user({ userName: person.user.email })
      await run('update users set status = ? where id = ?', status, person.id)
      expect((await directory.patch(body.id, off)).status).toBe(200)
      expect(await membershipOf(directory.team.id, person.id)).toMatchObject({ taken_up_at: null })
      const [before] = await rowsOf('select version from scim_users where id = ?', body.id)
      expect((await directory.patch(body.id, off)).body.meta.version).toBe(`W/"${before?.version}"`)
      await directory.patch(body.id, { op: 'replace', path: 'active', value: true })
      expect(await membershipOf(directory.team.id, person.id)).toMatchObject({ suspended_at: null })
    }
  })
})

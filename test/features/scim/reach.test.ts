import { describe, expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import { accountOf, connect, membershipOf, run, type TestDirectory } from './support.ts'

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

import { beforeEach, describe, expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import { countsDatabase, emptyCountsDatabase, onCountsDatabase } from '../../support/counts-database.ts'
import { type SignedInUser, signInUser, signUpUser } from '../../support/users.ts'
import { asking } from './support.ts'

// A database of its own: who is the last admin is a question about all users.
const app = createTestApp({ override: onCountsDatabase })

beforeEach(emptyCountsDatabase)

async function newAdmin(): Promise<SignedInUser> {
  const user = await signUpUser(app)
  await countsDatabase.prepare("update users set role = 'admin' where id = ?").bind(user.user.id).run()
  return signInUser(app, user)
}

const countAdmins = async (): Promise<number | undefined> =>
  (
    await countsDatabase
      .prepare("select count(*) as count from users where role = 'admin' and status in ('active', 'pending')")
      .first<{ count: number }>()
  )?.count

type Act = (by: ReturnType<typeof asking>, on: string) => Promise<Response>

const ACTS: Readonly<Record<string, Act>> = {
  demote: (by, on) => by('PUT', `/users/${on}/role`, { role: 'user' }),
  patch: (by, on) => by('PATCH', `/users/${on}`, { is_admin: false }),
  suspend: (by, on) => by('POST', `/users/${on}/suspend`),
  lock: (by, on) => by('POST', `/users/${on}/lock`),
  deactivate: (by, on) => by('POST', `/users/${on}/deactivate`),
  delete: (by, on) => by('DELETE', `/users/${on}`),
  erase: (by, on) => by('DELETE', `/users/${on}/force-delete`),
}

const actOf = (name: string): Act => {
  const act = ACTS[name]
  if (!act) throw new Error(name)
  return act
}

describe('the last admin', () => {
  it.each(Object.keys(ACTS).filter((name) => name !== 'erase' && name !== 'delete'))(
    'is not to be removed: %s is 409',
    async (name) => {
      const admin = await newAdmin()
      const answer = await actOf(name)(asking(app, admin), admin.user.id)
      expect([answer.status, await answer.json()]).toMatchObject([409, { code: 'LAST_ADMIN' }])
      expect(await countAdmins()).toBe(1)
    },
  )

  it.each([
    ['demote', 'demote'],
    ['patch', 'demote'],
    ['delete', 'delete'],
    ['erase', 'erase'],
    ['suspend', 'demote'],
    ['suspend', 'suspend'],
    ['lock', 'deactivate'],
    ['delete', 'demote'],
  ])('stays when two admins at once do this to each other: %s, %s', async (first, second) => {
    const [a, b] = [await newAdmin(), await newAdmin()]
    const answers = await Promise.all([
      actOf(first)(asking(app, a), b.user.id),
      actOf(second)(asking(app, b), a.user.id),
    ])
    const won = answers.filter(({ status }) => status === 200)
    expect(won).toHaveLength(1)
    // Whose session ended before they were heard is nobody any more.
    expect([401, 409]).toContain(answers.find(({ status }) => status !== 200)?.status)
    expect(await countAdmins()).toBe(1)
  })

  it('stays when several others are demoted at once by each other in a circle', async () => {
    const admins = [await newAdmin(), await newAdmin(), await newAdmin()]
    const answers = await Promise.all(
      admins.map((admin, index) => actOf('demote')(asking(app, admin), admins[(index + 1) % 3]?.user.id ?? '')),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2)
    expect(await countAdmins()).toBe(1)
  })
})

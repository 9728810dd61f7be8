import { beforeAll, describe, expect, it } from 'vitest'
import { createTestApp } from '../support/app.ts'
import { makeAdmin, newEmail, type SignedInUser, signUpUser } from '../support/users.ts'

const app = createTestApp()
const word = `q${crypto.randomUUID().replaceAll('-', '').slice(0, 14)}`
const [head, tail] = [word.slice(0, 6), word.slice(-6)]

let admin: SignedInUser

beforeAll(async () => {
  admin = await makeAdmin(app)
  await signUpUser(app, { email: newEmail(), first_name: word })
})

const LISTS = [
  (search: string) => `/api/v1/users?search=${search}`,
  (search: string) => `/api/v1/users/search?q=${search}`,
  (search: string) => `/api/v1/admin/users?search=${search}`,
]

async function findEmails(path: string): Promise<number> {
  const answer = await app.fetch(path, { headers: admin.headers })
  expect([path, answer.status]).toEqual([path, 200])
  const body = await answer.json<{ users?: unknown[] } | unknown[]>()
  return (Array.isArray(body) ? body : (body.users ?? [])).length
}

describe('a search', () => {
  it.each(LISTS)('finds what it is for: %s', async (path) => {
    expect(await findEmails(path(word))).toBe(1)
    expect(await findEmails(path(word.toUpperCase()))).toBe(1)
  })

  it.each([
    ['a wildcard of LIKE', `${head}%${tail}`],
    ['a placeholder of LIKE', `${head}${'_'.repeat(word.length - 12)}${tail}`],
    ['a prefix of full-text search', `${head}*`],
    ['either of two', `${word} OR ${word}`],
    ['a phrase that is closed', `${word}" OR "${word}`],
    ['a column', `first_name:${word}`],
    ['neighbours', `NEAR(${head} ${tail})`],
    ['a condition that always holds', `${word}' or 1=1 --`],
    ['a word of patterns', `${head}.*${tail}`],
  ])('takes %s as text, and finds nobody', async (_, search) => {
    for (const path of LISTS) expect(await findEmails(path(encodeURIComponent(search)))).toBe(0)
  })
})

import bcrypt from 'bcryptjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, json } from '../../support/app.ts'
import { claimsOf } from '../../support/tokens.ts'
import { newAddress, newEmail, signUpUser } from '../../support/users.ts'
import { freshMachine } from '../oauth/support.ts'
import { createImporter, type Importer, rowOf } from './support.ts'

const app = createTestApp()
const withClaim = createTestApp({ env: { EXTERNAL_ID_CLAIM: 'true' } })
const PASSWORD = 'the key of the old castle'
const HASH = bcrypt.hashSync(PASSWORD, 4)

let importer: Importer
beforeAll(async () => {
  importer = await createImporter(app)
})

const newId = () => `auth0|${newUuid().replaceAll('-', '').slice(0, 24)}`

const found = async (query: string): Promise<{ email: string; external_id: string | null }[]> =>
  (await app.fetch(`/api/v1/admin/users?${query}`, { headers: importer.admin.headers })).json()

describe('the id of the old system', () => {
  it.each([
    [(id: string) => ({ user_id: id }), (id: string) => id],
    [(id: string) => ({ _id: { $oid: id }, tenant: 'x' }), (id: string) => `auth0|${id}`],
    [(id: string) => ({ localId: id }), (id: string) => id],
    [(id: string) => ({ id, createdTimestamp: 1_600_000_000_000 }), (id: string) => id],
    [(id: string) => ({ external_id: id }), (id: string) => id],
  ])('%#: is kept', async (toRecord, expected) => {
    const [email, id] = [newEmail(), newUuid()]
    await importer.rows([{ email, ...toRecord(id) }])
    expect(await rowOf(email)).toMatchObject({ external_id: expected(id) })
  })

  it('may be a number in our own field', async () => {
    const email = newEmail()
    const id = Math.floor(Math.random() * 1e15)
    await importer.rows([{ email, external_id: id }])
    expect(await rowOf(email)).toMatchObject({ external_id: String(id) })
  })

  it('belongs to one user: the same user with another email is skipped, within a chunk, too', async () => {
    const id = newId()
    const [email, other, third] = [newEmail(), newEmail(), newEmail()]
    const answer = await importer.rows([
      { user_id: id, email },
      { user_id: id, email: other },
    ])
    expect(answer.rows.map(({ status, reason }) => [status, reason])).toEqual([
      ['imported', undefined],
      ['skipped', 'already exists under another email'],
    ])
    expect((await importer.rows([{ user_id: id, email: third }])).rows[0]).toMatchObject({ status: 'skipped' })
    expect([await rowOf(other), await rowOf(third)]).toEqual([null, null])
  })

  it("of another system's user does not prevent the import", async () => {
    const id = newUuid()
    const email = newEmail()
    await importer.rows([{ localId: id, email: newEmail() }])
    expect((await importer.rows([{ id, createdTimestamp: 1_600_000_000_000, email }])).rows[0]).toMatchObject({
      status: 'imported',
      warning: 'external_id: is the id of a user of another system: imported without it',
    })
    expect(await rowOf(email)).toMatchObject({ external_id: null })
  })

  it('creates one account in concurrent imports', async () => {
    const id = newId()
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => importer.rows([{ user_id: id, email: newEmail() }])),
    )
    expect(answers.map(({ rows }) => rows[0]?.status).sort()).toEqual(['imported', 'skipped', 'skipped', 'skipped'])
  })

  it('can be searched, in full and in part, and is a filter', async () => {
    const [email, id] = [newEmail(), newId()]
    await importer.rows([
      { user_id: id, email },
      { user_id: `${id}x`, email: newEmail() },
    ])
    const query = (text: string) => encodeURIComponent(text)
    expect((await found(`search=${query(id)}`)).map((user) => user.external_id).sort()).toEqual([id, `${id}x`])
    expect(await found(`search=${query(id.slice(8, 20))}`)).toHaveLength(2)
    expect(await found(`external_id=${query(id)}`)).toMatchObject([{ email, external_id: id }])
    expect(await found(`external_id=${query(id)}&status=suspended`)).toEqual([])
    expect(await found(`external_id=${query(id)}&search=nobody-at-all`)).toEqual([])
    expect(await found(`external_id=${query(id.slice(0, 20))}`)).toEqual([])
    const detail = await app.fetch(`/api/v1/admin/users/${(await rowOf(email))?.id}`, {
      headers: importer.admin.headers,
    })
    expect(await detail.json()).toMatchObject({ external_id: id })
  })
})

describe('the claim `ext`', () => {
  const signInWith = async (on: typeof app, email: string) => {
    const body = { email, password: PASSWORD }
    const answer = await on.fetch('/api/v1/auth/signin', json(body, { 'cf-connecting-ip': newAddress() }))
    return ((await answer.json()) as { tokens: { access_token: string; refresh_token: string } }).tokens
  }
  const refreshWith = async (on: typeof app, refresh_token: string) =>
    (await (await on.fetch('/api/v1/auth/refresh', json({ refresh_token }))).json()) as { access_token: string }

  it('is in no token unless it is configured', async () => {
    const [email, id] = [newEmail(), newId()]
    await importer.rows([{ user_id: id, email, password_hash: HASH }])
    expect(claimsOf((await signInWith(app, email)).access_token)).not.toHaveProperty('ext')
  })

  it('is in tokens of sign-in and refresh, and in introspection', async () => {
    const [email, id] = [newEmail(), newId()]
    await importer.rows([{ user_id: id, email, password_hash: HASH }])
    const tokens = await signInWith(withClaim, email)
    const refreshed = await refreshWith(withClaim, tokens.refresh_token)
    for (const { access_token } of [tokens, refreshed]) {
      expect(claimsOf(access_token)).toMatchObject({ email, ext: id })
      const checked = await withClaim.fetch('/validate', { headers: { authorization: `Bearer ${access_token}` } })
      expect(checked.status).toBe(200)
    }
    const machine = await freshMachine(withClaim, ['introspect'])
    const introspected = await withClaim.fetch('/oauth/introspect', {
      method: 'POST',
      headers: { authorization: machine.basic },
      body: new URLSearchParams({ token: refreshed.access_token }),
    })
    expect(await introspected.json()).toMatchObject({ active: true, ext: id })
    // The session continues when the deployment turns the claim off.
    expect(
      claimsOf((await refreshWith(app, String((await signInWith(withClaim, email)).refresh_token))).access_token),
    ).not.toHaveProperty('ext')
  })

  it('is absent for a user without an external id', async () => {
    const user = await signUpUser(withClaim)
    expect(claimsOf(user.accessToken)).not.toHaveProperty('ext')
  })
})

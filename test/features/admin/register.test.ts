import { describe, expect, it } from 'vitest'
import { createTestApp, json, type TestApp } from '../../support/app.ts'
import { recordedOf } from '../../support/events.ts'
import { makeAdmin, newAddress, newEmail, PASSWORD, signInUser, signUpUser } from '../../support/users.ts'
import { asking } from './support.ts'

const KEY = 'test-admin-secret-key'
const app = createTestApp()

const register = (
  body: Record<string, unknown>,
  { headers = {}, address = newAddress(), to = app }: { headers?: object; address?: string; to?: TestApp } = {},
) => to.fetch('/api/v1/admin/register', json(body, { 'cf-connecting-ip': address, ...headers }))

const account = () => ({ email: newEmail(), password: PASSWORD })
const codeOf = async (answer: Response) => [answer.status, (await answer.json<{ code: string }>()).code]

describe('POST /api/v1/admin/register', () => {
  it('makes an admin for an admin, whom the event names', async () => {
    const admin = await makeAdmin(app)
    const given = { ...account(), username: `admin-${crypto.randomUUID().slice(0, 8)}` }
    const answer = await register(given, { headers: admin.headers })
    const body = await answer.json<{ id: string }>()
    expect([answer.status, body]).toMatchObject([
      201,
      { email: given.email, username: given.username, role: 'admin', is_admin: true, message: 'Admin registered' },
    ])
    expect(await recordedOf(body.id, 'user.created')).toMatchObject([
      { actor_type: 'user', actor_id: admin.user.id, data: { after: { role: 'admin' } } },
    ])
    const made = await signInUser(app, { ...given, address: newAddress() })
    expect((await asking(app, made)('GET', '/stats')).status).toBe(200)
  })

  it('takes a short key in local mode; a deployment refuses to have one', async () => {
    const short = createTestApp({ env: { ADMIN_SECRET_KEY: 'short' } })
    expect((await register({ ...account(), secret_key: 'short' }, { to: short })).status).toBe(201)
    expect((await register({ ...account(), secret_key: 'shor' }, { to: short })).status).toBe(403)
  })

  it('makes an admin for who has the secret key', async () => {
    const answer = await register({ ...account(), secret_key: KEY })
    const { id } = await answer.json<{ id: string }>()
    expect(answer.status).toBe(201)
    expect(await recordedOf(id, 'user.created')).toMatchObject([{ actor_type: 'system', actor_id: 'admin-secret' }])
  })

  it('is 403 without a key, with a wrong one, and where none is set', async () => {
    const unset = createTestApp({ env: { ADMIN_SECRET_KEY: '' } })
    const answers = [
      await register(account()),
      await register({ ...account(), secret_key: '' }),
      await register({ ...account(), secret_key: null }),
      await register({ ...account(), secret_key: `${KEY}x` }),
      await register({ ...account(), secret_key: KEY }, { to: unset }),
      await register({ ...account(), secret_key: 'no key is set' }, { to: unset }),
    ]
    for (const answer of answers) expect(await codeOf(answer)).toEqual([403, 'ADMIN_SECRET_INVALID'])
  })

  it('is not for who is signed in and no admin, unless they have the key', async () => {
    const { headers } = await signUpUser(app)
    expect(await codeOf(await register(account(), { headers }))).toEqual([403, 'ADMIN_SECRET_INVALID'])
    expect((await register({ ...account(), secret_key: KEY }, { headers })).status).toBe(201)
  })

  it('confirms the session: an admin whose session has ended, or who was demoted, counts as anonymous', async () => {
    const elsewhere = createTestApp()
    const [gone, demoted] = [await makeAdmin(app), await makeAdmin(app)]
    for (const { headers } of [gone, demoted]) await elsewhere.fetch('/api/v1/auth/me', { headers })
    await app.fetch('/api/v1/auth/signout', { method: 'POST', headers: gone.headers })
    await asking(app, await makeAdmin(app))('PUT', `/users/${demoted.user.id}/role`, { role: 'user' })
    for (const { headers } of [gone, demoted]) {
      const answer = await register(account(), { headers, to: elsewhere })
      expect(await codeOf(answer)).toEqual([401, 'TOKEN_ERROR'])
    }
    expect((await register(account(), { headers: { authorization: 'Bearer nonsense' } })).status).toBe(401)
  })

  it('locks a network after five wrong keys: the right one is not compared any more', async () => {
    const address = newAddress()
    const statuses = []
    for (let attempt = 0; attempt < 5; attempt += 1)
      statuses.push((await register({ ...account(), secret_key: `wrong ${attempt}` }, { address })).status)
    expect(statuses).toEqual([403, 403, 403, 403, 403])
    const locked = await register({ ...account(), secret_key: KEY }, { address })
    expect(await codeOf(locked)).toEqual([429, 'RATE_LIMIT_EXCEEDED'])
    const retryAfter = Number(locked.headers.get('retry-after'))
    expect(retryAfter).toBeGreaterThan(800)
    expect(retryAfter).toBeLessThanOrEqual(900)
    expect((await register({ ...account(), secret_key: KEY })).status).toBe(201)
    const admin = await makeAdmin(app)
    expect((await register(account(), { address, headers: admin.headers })).status).toBe(201)
  })

  it('counts exactly when they come at once', async () => {
    const address = newAddress()
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => register({ ...account(), secret_key: `wrong ${index}` }, { address })),
    )
    expect(answers.filter(({ status }) => status === 403)).toHaveLength(5)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(7)
  })

  it('does not count right keys', async () => {
    const address = newAddress()
    for (let time = 0; time < 7; time += 1)
      expect((await register({ ...account(), secret_key: KEY }, { address })).status).toBe(201)
  })

  it('refuses weak passwords and taken names as a sign-up does', async () => {
    const taken = await signUpUser(app)
    const key = { secret_key: KEY }
    expect(await codeOf(await register({ ...account(), ...key, password: 'password1' }))).toEqual([
      400,
      'WEAK_PASSWORD',
    ])
    expect(await codeOf(await register({ ...account(), ...key, email: taken.email }))).toEqual([409, 'CONFLICT'])
    for (const bad of [{ email: 'x' }, { password: 7 }, { username: '12345' }, { secret_key: 7 }, { email: null }])
      expect((await register({ ...account(), ...key, ...bad })).status).toBe(422)
  })

  it('needs no open sign-ups', async () => {
    const closed = createTestApp({ env: { SIGNUPS_ENABLED: 'false' } })
    expect((await register({ ...account(), secret_key: KEY }, { to: closed })).status).toBe(201)
  })
})

import { beforeAll, describe, expect, it } from 'vitest'
import { recordedOf } from '../../support/events.ts'
import { makeAdmin, newAddress, newEmail, PASSWORD, type SignedInUser } from '../../support/users.ts'
import { answerOf, app, call } from '../support/requests.ts'
import {
  CHANGED_KEYS,
  DONE,
  issuesOf,
  keysOf,
  LOGIN_KEYS,
  namedFields,
  newUsername,
  type Person,
  register,
  registerAndLogin,
  USER_KEYS,
} from './support.ts'

let admin: SignedInUser
beforeAll(async () => {
  admin = await makeAdmin(app)
})

const ask = (method: string, path: string, body?: unknown) =>
  answerOf(call(method, path, { headers: admin.headers, body }))
const show = async ({ username }: Person) => (await ask('GET', `/auth/verify-user/${username}`))[1]
const canUse = async (headers: Record<string, string>) => (await call('GET', '/protected', { headers })).status === 200

describe('GET /admin/users', () => {
  interface Shown {
    readonly id: number
    readonly failed_login_attempts: number
    readonly account_locked: boolean
  }
  const page = async (query: string): Promise<Shown[]> =>
    (await call('GET', `/admin/users${query}`, { headers: admin.headers })).json()

  it('answers a bare array of users in the order of their ids', async () => {
    const [first, second] = [await register(), await register()]
    const { total } = (await (
      await call('GET', '/api/v1/users?skip=0&limit=1', { headers: admin.headers })
    ).json()) as { total: number }
    const users = await page(`?skip=${Math.max(0, total - 50)}&limit=100`)
    const ids = users.map(({ id }) => id)
    expect(ids).toEqual(ids.toSorted((a, b) => a - b))
    expect(ids).toEqual(expect.arrayContaining([first.id, second.id]))
    for (const user of users) expect(keysOf(user)).toEqual(USER_KEYS)
  })

  it('counts no attempts, and shows the administrative lock alone', async () => {
    const person = await register()
    const wrong = { username: person.email, password: 'wrong password' }
    const headers = { 'cf-connecting-ip': newAddress() }
    for (let time = 0; time < 6; time += 1) await call('POST', '/auth/login', { form: wrong, headers })
    const listed = async () => {
      for (let skip = 0; ; skip += 1000) {
        const users = await page(`?skip=${skip}&limit=1000`)
        const found = users.find(({ id }) => id === person.id)
        if (found || users.length === 0) return found
      }
    }
    expect(await listed()).toMatchObject({ failed_login_attempts: 0, account_locked: false })
    await ask('POST', '/admin/lock', { email: person.email })
    expect(await listed()).toMatchObject({ failed_login_attempts: 0, account_locked: true })
  })

  it('pages by skip and limit', async () => {
    const [both, first, second] = await Promise.all([
      page('?skip=0&limit=2'),
      page('?limit=1'),
      page('?skip=1&limit=1'),
    ])
    expect([...first, ...second]).toEqual(both)
    expect(await page('?skip=10000000')).toEqual([])
  })

  it('is 422 for a page that cannot be', async () => {
    for (const query of [
      'skip=-1',
      'skip=x',
      'skip=1.5',
      'skip=',
      'skip=99999999999',
      'skip=1&skip=2',
      'limit=0',
      'limit=-5',
      'limit=1001',
      'limit=all',
      `limit=${'9'.repeat(400)}`,
    ]) {
      const [status, body] = await ask('GET', `/admin/users?${query}`)
      expect([query, status, issuesOf(body)[0]?.loc]).toEqual([query, 422, ['query', query.split('=')[0]]])
    }
  })
})

describe('PUT /admin/deactivate-user/:user_id and /admin/activate-user/:user_id', () => {
  it('shut a user out and let them in again; a repeat changes nothing', async () => {
    const person = await registerAndLogin()
    const [off, inactive] = await ask('PUT', `/admin/deactivate-user/${person.id}`)
    expect([off, keysOf(inactive), inactive.is_active]).toEqual([200, CHANGED_KEYS, false])
    expect((await ask('PUT', `/admin/deactivate-user/${person.id}`))[0]).toBe(200)
    expect(await canUse(person.headers)).toBe(false)
    const signIn = () => call('POST', '/auth/login', { form: { username: person.email, password: PASSWORD } })
    expect((await signIn()).status).toBe(401)
    const [on, active] = await ask('PUT', `/admin/activate-user/${person.id}`)
    expect([on, keysOf(active), active.is_active]).toEqual([200, CHANGED_KEYS, true])
    expect((await ask('PUT', `/admin/activate-user/${person.id}`))[0]).toBe(200)
    expect((await signIn()).status).toBe(200)
    await app.settled()
    for (const type of ['user.deactivated', 'user.reactivated']) {
      const [event, ...more] = await recordedOf(person.uuid, type)
      expect([event?.actor_id, more]).toEqual([admin.user.id, []])
    }
  })

  it('are 200 for all who do the same at the same moment', async () => {
    const { id } = await register()
    for (const change of ['deactivate', 'activate']) {
      const both = await Promise.all([1, 2, 3].map(() => ask('PUT', `/admin/${change}-user/${id}`)))
      expect([change, ...both.map(([status]) => status)]).toEqual([change, 200, 200, 200])
    }
  })

  it('activate no suspended user: that is another measure', async () => {
    const person = await register()
    await ask('POST', '/admin/lock', { email: person.email })
    expect((await ask('PUT', `/admin/activate-user/${person.id}`))[0]).toBe(400)
  })
})

describe('PUT /admin/user/role', () => {
  const put = (body: unknown) => ask('PUT', '/admin/user/role', body)

  it('gives another role, by username or by address', async () => {
    const person = await register()
    expect(await put({ username: person.username, role: 'vendor' })).toEqual([200, DONE])
    expect(await show(person)).toMatchObject({ role: 'vendor' })
    expect((await put({ username: person.email, role: 'admin' }))[0]).toBe(200)
    const [status, body] = await answerOf(
      call('POST', '/admin/login', { body: { email: person.email, password: PASSWORD } }),
    )
    expect([status, keysOf(body)]).toEqual([200, LOGIN_KEYS])
    expect((await put({ username: person.username, role: 'user' }))[0]).toBe(200)
  })

  it('is 404 for an unknown user and 422 for wrong fields', async () => {
    expect(await put({ username: newUsername(), role: 'user' })).toMatchObject([404, { detail: 'User not found' }])
    const [status, body] = await put({})
    expect([status, namedFields(body)]).toEqual([422, ['body.role', 'body.username']])
    for (const role of ['', 'Admin', 'two words', 1, null, "'; drop table users; --", 'x'.repeat(65)])
      expect((await put({ username: newUsername(), role }))[0]).toBe(422)
  })
})

describe('DELETE /admin/user/:user_id', () => {
  it('deletes a user, who is unknown from then on', async () => {
    const person = await registerAndLogin()
    expect(await ask('DELETE', `/admin/user/${person.id}`)).toEqual([200, DONE])
    expect(await canUse(person.headers)).toBe(false)
    expect((await ask('DELETE', `/admin/user/${person.id}`))[0]).toBe(404)
    expect((await ask('PUT', `/admin/activate-user/${person.id}`))[0]).toBe(404)
    expect((await ask('POST', '/admin/lock', { email: person.email }))[0]).toBe(404)
    expect((await ask('POST', '/admin/unlock', { email: person.email }))[0]).toBe(404)
    expect((await ask('PUT', '/admin/user/role', { username: person.username, role: 'admin' }))[0]).toBe(404)
  })
})

describe.each([
  ['PUT', '/admin/deactivate-user'],
  ['PUT', '/admin/activate-user'],
  ['DELETE', '/admin/user'],
])('%s %s/:user_id', (method, path) => {
  it('is 404 for an unknown user and 422 for anything but a positive integer', async () => {
    expect(await ask(method, `${path}/999999999999999`)).toMatchObject([404, { detail: 'User not found' }])
    for (const id of ['0', '-1', 'x', '1.0', '1e3', '%27', '9'.repeat(100), admin.user.id]) {
      const [status, body] = await ask(method, `${path}/${id}`)
      expect([id, status, issuesOf(body)[0]?.loc]).toEqual([id, 422, ['path', 'user_id']])
    }
  })
})

describe('POST /admin/lock and /admin/unlock', () => {
  it('lock ends sessions and every way of signing in; unlock lifts it', async () => {
    const vendor = { name: 'Corner Shop', email: newEmail(), password: PASSWORD }
    await call('POST', '/vendor/register_vendor', { body: vendor })
    const [, session] = await answerOf(call('POST', '/vendor/login', { body: vendor }))
    const headers = { authorization: `Bearer ${session.access_token}` }
    expect(await ask('POST', '/admin/lock', { email: vendor.email })).toEqual([200, DONE])
    expect(await canUse(headers)).toBe(false)
    const [own, shared] = [
      await answerOf(call('POST', '/vendor/login', { body: vendor })),
      await answerOf(call('POST', '/auth/login', { form: { username: vendor.email, password: PASSWORD } })),
    ]
    expect([own[0], shared[0]]).toEqual([403, 429])
    expect((await ask('POST', '/admin/lock', { email: vendor.email }))[0]).toBe(200)
    expect(await ask('POST', '/admin/unlock', { email: vendor.email })).toEqual([200, DONE])
    expect((await call('POST', '/vendor/login', { body: vendor })).status).toBe(200)
  })

  it('unlock lifts the lock of wrong passwords too', async () => {
    const person = await register()
    const headers = { 'cf-connecting-ip': newAddress() }
    const signIn = (password: string) =>
      call('POST', '/auth/login', { form: { username: person.email, password }, headers })
    for (let time = 0; time < 5; time += 1) await signIn('wrong password')
    expect((await signIn(PASSWORD)).status).toBe(429)
    expect(await show(person)).toMatchObject({ account_locked: true })
    expect((await ask('POST', '/admin/unlock', { email: person.email }))[0]).toBe(200)
    expect(await show(person)).toMatchObject({ account_locked: false, failed_login_attempts: 0 })
    expect((await signIn(PASSWORD)).status).toBe(200)
  })

  it.each(['/admin/lock', '/admin/unlock'])('%s is 404 for nobody and 422 for what is no address', async (path) => {
    expect(await ask('POST', path, { email: newEmail() })).toMatchObject([404, { detail: 'User not found' }])
    for (const email of [undefined, null, 1, '', 'nobody', "' or 1=1 --"]) {
      const [status, body] = await ask('POST', path, { email })
      expect([status, namedFields(body)]).toEqual([422, ['body.email']])
    }
  })
})

import { beforeAll, describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { env } from '../../support/app.ts'
import { recordedOf } from '../../support/events.ts'
import { makeAdmin, type SignedInUser, signInUser, signUpUser } from '../../support/users.ts'
import { ageSession } from '../factors/totp/support.ts'
import { app, ask, setColumn } from '../users/support.ts'

let admin: SignedInUser
beforeAll(async () => {
  admin = await makeAdmin(app)
})

const as = ({ headers }: SignedInUser, body?: unknown) => ({ headers, ...(body === undefined ? {} : { body }) })
const statusOf = async (asked: Promise<[number, unknown]>) => (await asked)[0]
const unknownId = () => newUuid()

describe('GET /api/v1/users/:user_id', () => {
  it('has the id in the form that was asked, UUID or integer, and by number always a username', async () => {
    const account = await signUpUser(app)
    const { id, number } = account.user
    for (const caller of [account, admin]) {
      const expected = { uuid: id, number, email: account.email }
      expect(await ask('GET', `/${id}`, as(caller))).toMatchObject([200, { id, username: null, ...expected }])
      expect(await ask('GET', `/${id.toUpperCase()}`, as(caller))).toMatchObject([200, { id, ...expected }])
      const named = { id: number, username: account.email }
      expect(await ask('GET', `/${number}`, as(caller))).toMatchObject([200, { ...named, ...expected }])
      expect(await ask('GET', `/${number}/`, as(caller))).toMatchObject([200, { id: number }])
    }
    expect(await ask('GET', '/me', as(account))).toMatchObject([200, { id, number }])
  })

  it('is 403 for anybody else, whoever is asked, and in the same words', async () => {
    const [asking, other] = [await signUpUser(app), await signUpUser(app)]
    const paths = [`/${other.user.id}`, `/${other.user.number}`, `/${unknownId()}`, '/2147483647', '/0']
    const answers = await Promise.all(paths.map((path) => ask('GET', path, as(asking))))
    for (const [status, body] of answers)
      expect([status, body.code, body.message, body.details]).toEqual([403, 'FORBIDDEN', answers[0]?.[1].message, {}])
  })

  it('is 404 for an unknown user, in the form of users-api and of Janua', async () => {
    for (const path of [`/${unknownId()}`, '/2147483647', '/0'])
      expect(await ask('GET', path, as(admin))).toMatchObject([
        404,
        { code: 'NOT_FOUND', detail: 'Resource not found', message: 'User not found' },
      ])
  })

  it('shows a deleted user to an admin by UUID, and to nobody by number', async () => {
    const { user } = await signUpUser(app)
    await ask('DELETE', `/${user.id}`, as(admin))
    expect(await ask('GET', `/${user.id}`, as(admin))).toMatchObject([200, { status: 'deleted', is_active: false }])
    expect(await statusOf(ask('GET', `/${user.number}`, as(admin)))).toBe(404)
    expect(await statusOf(ask('GET', `/by-email?email=${user.email}`, as(admin)))).toBe(404)
  })

  it.each(['x', '-1', '+1', '1.5', '1e3', '0x10', '2147483648', '99999999999999999999', "1'--", '%00', 'null', 'me2'])(
    'is 400 for %s',
    async (id) => {
      for (const caller of [admin, await signUpUser(app)])
        expect(await ask('GET', `/${id}`, as(caller))).toMatchObject([400, { code: 'VALIDATION_ERROR' }])
    },
  )
})

describe('GET /api/v1/users/by-email', () => {
  it('finds one’s own account and, for an admin, anybody’s, however the address is spelt', async () => {
    const account = await signUpUser(app)
    const email = encodeURIComponent(` ${account.email.toUpperCase()} `)
    for (const caller of [account, admin])
      expect(await ask('GET', `/by-email?email=${email}`, as(caller))).toMatchObject([200, { id: account.user.id }])
    expect(await statusOf(ask('GET', '/by-email?email=nobody@example.test', as(admin)))).toBe(404)
    expect(await statusOf(ask('GET', '/by-email?email=nobody', as(admin)))).toBe(422)
    expect(await statusOf(ask('GET', '/by-email', as(admin)))).toBe(422)
  })

  it('does not reveal to others whether the account exists', async () => {
    const account = await signUpUser(app)
    for (const email of [admin.email, 'nobody@example.test'])
      expect(await ask('GET', `/by-email?email=${email}`, as(account))).toMatchObject([403, { code: 'FORBIDDEN' }])
  })
})

describe('PUT and PATCH', () => {
  it.each(['PUT', 'PATCH'])('%s changes what it names, of oneself by every name', async (method) => {
    const account = await signUpUser(app)
    const { id, number } = account.user
    for (const [path, shown] of [
      ['/me', id],
      [`/${id}`, id],
      [`/${number}`, number],
    ] as const) {
      const display_name = `Ada ${path}`
      expect(await ask(method, path, as(account, { display_name, role: 'admin', status: 'deleted' }))).toMatchObject([
        200,
        { id: shown, number, display_name, roles: ['user'], status: 'active', pending_email: null, propagated: true },
      ])
    }
  })

  it('of another is an admin’s, with the admin as the actor and both values in the event', async () => {
    const account = await signUpUser(app, { first_name: 'Ada' })
    const changes = { first_name: 'Grace', bio: null, timezone: 'Europe/Vienna', user_metadata: { plan: 'x' } }
    expect(await ask('PUT', `/${account.user.id}`, as(admin, changes))).toMatchObject([200, changes])
    expect(await recordedOf(account.user.id, 'user.updated')).toEqual([
      expect.objectContaining({
        actor_id: admin.user.id,
        data: {
          before: { first_name: 'Ada', timezone: null, user_metadata: {} },
          after: { first_name: 'Grace', timezone: 'Europe/Vienna', user_metadata: { plan: 'x' } },
        },
      }),
    ])
  })

  it('renews the tokens after a username that an admin gave', async () => {
    const account = await signUpUser(app)
    const username = `given_${newUuid().slice(0, 8)}`
    expect(await ask('PATCH', `/${account.user.number}`, as(admin, { username }))).toMatchObject([200, { username }])
    expect(await statusOf(ask('GET', '/me', as(account)))).toBe(401)
    expect((await signInUser(app, account)).user.username).toBe(username)
  })

  it('leaves an address to its user: an admin may send it back unchanged, and not another', async () => {
    const account = await signUpUser(app)
    const path = `/${account.user.id}`
    expect(await statusOf(ask('PUT', path, as(admin, { email: account.email.toUpperCase(), bio: 'x' })))).toBe(200)
    expect(await ask('PUT', path, as(admin, { email: `other-${account.email}`, bio: 'y' }))).toMatchObject([
      403,
      { code: 'FORBIDDEN', details: { field: 'email' } },
    ])
    expect(await ask('GET', path, as(admin))).toMatchObject([200, { email: account.email, bio: 'x' }])
    const newEmail = `new-${account.email}`
    expect(await ask('PATCH', '/me', as(account, { email: newEmail }))).toMatchObject([
      200,
      { email: account.email, pending_email: newEmail },
    ])
  })

  it('is 403 for others, 404 for an unknown or deleted user, 409 for a taken username, 422 for an invalid field', async () => {
    const [account, other] = [await signUpUser(app), await signUpUser(app, { username: `t_${newUuid().slice(0, 8)}` })]
    const body = { first_name: 'x' }
    expect(await statusOf(ask('PUT', `/${other.user.id}`, as(account, body)))).toBe(403)
    expect(await statusOf(ask('PUT', `/${unknownId()}`, as(account, body)))).toBe(403)
    expect(await statusOf(ask('PUT', `/${unknownId()}`, as(admin, body)))).toBe(404)
    expect(await ask('PUT', '/me', as(account, { username: other.user.username }))).toMatchObject([
      409,
      { details: { field: 'username' } },
    ])
    for (const invalid of [{ first_name: 7 }, { bio: 'x'.repeat(1001) }, { username: '123' }, { user_metadata: [] }])
      expect(await statusOf(ask('PATCH', `/${account.user.number}`, as(admin, invalid)))).toBe(422)
    await ask('DELETE', `/${other.user.id}`, as(admin))
    expect(await statusOf(ask('PUT', `/${other.user.id}`, as(admin, body)))).toBe(404)
    expect(await statusOf(ask('PUT', `/${other.user.id}`, as(admin, {})))).toBe(404)
  })
})

describe('DELETE', () => {
  const signInLongAgo = async () => ageSession({ ...app, clock: { now: Date.now() } }, await signUpUser(app))

  it.each(['/me', 'uuid', 'number'])('%s of oneself works as the SDK sends it, right after a sign-in', async (form) => {
    const account = await signUpUser(app)
    const path = form === '/me' ? form : `/${form === 'uuid' ? account.user.id : account.user.number}`
    expect(await ask('DELETE', path, as(account))).toMatchObject([
      200,
      { message: expect.any(String), propagated: true },
    ])
    expect(await statusOf(ask('GET', '/me', as(account)))).toBe(401)
    await expect(signInUser(app, account)).rejects.toThrow('401')
    const row = await env.DB.prepare('select status, erase_at > deleted_at as kept from users where id = ?')
      .bind(account.user.id)
      .first()
    expect(row).toEqual({ status: 'deleted', kept: 1 })
    expect((await recordedOf(account.user.id, 'user.deleted')).map(({ actor_id }) => actor_id)).toEqual([
      account.user.id,
    ])
  })

  it('wants a factor of the last ten minutes, in the session, the body or the query', async () => {
    const account = await signInLongAgo()
    expect(await ask('DELETE', '/me', as(account))).toMatchObject([
      403,
      { code: 'STEP_UP_REQUIRED', details: { available_methods: ['password'], max_age_seconds: 600 } },
    ])
    expect(await ask('DELETE', `/${account.user.number}`, as(account, { password: 'wrong password' }))).toMatchObject([
      400,
      { code: 'INVALID_PASSWORD' },
    ])
    expect(await statusOf(ask('GET', '/me', as(account)))).toBe(200)
    expect(await statusOf(ask('DELETE', '/me', as(account, { password: account.password })))).toBe(200)
    const inQuery = await signInLongAgo()
    const query = `password=${encodeURIComponent(inQuery.password)}`
    expect(await statusOf(ask('DELETE', `/me?${query}`, as(inQuery)))).toBe(200)
    const named = await signInLongAgo()
    expect(await statusOf(ask('DELETE', '/me', as(named, { current_password: named.password })))).toBe(200)
  })

  it('of another is an admin’s: its sessions end at once', async () => {
    const [account, other] = [await signUpUser(app), await signUpUser(app)]
    for (const path of [`/${other.user.id}`, `/${other.user.number}`, `/${unknownId()}`])
      expect(await statusOf(ask('DELETE', path, as(account)))).toBe(403)
    expect(await ask('DELETE', `/${other.user.number}`, as(admin))).toMatchObject([200, { propagated: true }])
    expect(await statusOf(ask('GET', '/me', as(other)))).toBe(401)
    expect((await recordedOf(other.user.id, 'user.deleted'))[0]?.actor_id).toBe(admin.user.id)
    for (const path of [`/${other.user.id}`, `/${other.user.number}`, `/${unknownId()}`])
      expect(await statusOf(ask('DELETE', path, as(admin)))).toBe(404)
  })

  it('of the picture leaves the account', async () => {
    const account = await signUpUser(app)
    await setColumn(account.user.id, 'profile_image_url', 'https://example.test/ada.png')
    expect(await ask('DELETE', '/me/avatar', as(account))).toMatchObject([200, { message: 'Avatar deleted' }])
    expect(await ask('GET', '/me', as(account))).toMatchObject([200, { profile_image_url: null, status: 'active' }])
    expect(await statusOf(ask('DELETE', '/me/avatar', as(account)))).toBe(200)
    expect(await recordedOf(account.user.id, 'user.updated')).toHaveLength(1)
  })
})

describe('suspension', () => {
  it('takes its reason from the body, else the query, ends the sessions, and is undone', async () => {
    const account = await signUpUser(app)
    const path = `/${account.user.id}`
    expect(await ask('POST', `${path}/suspend?reason=query`, as(admin, { reason: 'spam' }))).toMatchObject([
      200,
      { message: 'User suspended', propagated: true },
    ])
    expect(await statusOf(ask('GET', '/me', as(account)))).toBe(401)
    await expect(signInUser(app, account)).rejects.toThrow('401')
    // The SDK repeats what failed on its way back.
    expect(await statusOf(ask('POST', `${path}/suspend`, as(admin)))).toBe(200)
    expect(await ask('POST', `${path}/unsuspend`, as(admin))).toMatchObject([200, { message: 'User unsuspended' }])
    expect(await ask('POST', `${path}/unsuspend`, as(admin))).toMatchObject([400, { code: 'USER_STATE_CONFLICT' }])
    await signInUser(app, account)
    expect(await statusOf(ask('POST', `/${account.user.number}/suspend?reason=query`, as(admin)))).toBe(200)
    expect(await statusOf(ask('POST', `/${account.user.number}/reactivate`, as(admin)))).toBe(200)
    const events = await recordedOf(account.user.id, 'user.suspended')
    expect(events.map(({ actor_id, data }) => [actor_id, data])).toEqual([
      [admin.user.id, { before: { status: 'active' }, after: { status: 'suspended' }, reason: 'spam' }],
      [admin.user.id, { before: { status: 'active' }, after: { status: 'suspended' }, reason: 'query' }],
    ])
  })

  it('is not what locks or deactivates: reactivate undoes a deactivation, and no lock', async () => {
    const [inactive, locked] = [await signUpUser(app), await signUpUser(app)]
    await setColumn(inactive.user.id, 'status', 'inactive')
    await setColumn(locked.user.id, 'status', 'locked')
    expect(await statusOf(ask('POST', `/${inactive.user.id}/unsuspend`, as(admin)))).toBe(400)
    expect(await statusOf(ask('POST', `/${inactive.user.id}/reactivate`, as(admin)))).toBe(200)
    for (const call of ['unsuspend', 'reactivate', 'suspend'])
      expect(await ask('POST', `/${locked.user.id}/${call}`, as(admin))).toMatchObject([
        400,
        { details: { status: 'locked' } },
      ])
  })

  it('is 404 for an unknown user and 422 for an invalid reason', async () => {
    for (const call of ['suspend', 'unsuspend', 'reactivate'])
      for (const id of [unknownId(), 2147483647])
        expect(await statusOf(ask('POST', `/${id}/${call}`, as(admin)))).toBe(404)
    const { user } = await signUpUser(app)
    for (const reason of [7, ['x'], 'x'.repeat(501)])
      expect(await statusOf(ask('POST', `/${user.id}/suspend`, as(admin, { reason })))).toBe(422)
  })
})

describe('GET /api/v1/users/:user_id/permissions', () => {
  it('are those of the platform role, for oneself and an admin', async () => {
    const account = await signUpUser(app)
    const { id, number } = account.user
    for (const caller of [account, admin])
      expect(await ask('GET', `/${number}/permissions`, as(caller))).toEqual([
        200,
        { user_id: number, permissions: [], granted: [], role: 'user', roles: [], organization_id: null },
      ])
    expect(await ask('GET', `/${admin.user.id}/permissions`, as(admin))).toEqual([
      200,
      {
        user_id: admin.user.id,
        permissions: ['*'],
        granted: [],
        role: 'admin',
        roles: [],
        organization_id: null,
      },
    ])
    expect(await statusOf(ask('GET', `/${admin.user.id}/permissions`, as(account)))).toBe(403)
    expect(await statusOf(ask('GET', `/${id.replace(/^./, 'z')}/permissions`, as(admin)))).toBe(400)
  })
})

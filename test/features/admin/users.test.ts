import { beforeAll, describe, expect, it, vi } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { DAY } from '../../../src/lib/time.ts'
import { fails } from '../../faults/support.ts'
import { createTestApp, env, json } from '../../support/app.ts'
import { recordedOf } from '../../support/events.ts'
import { createAppWithObjects, withMethods } from '../../support/objects.ts'
import { scansIn, watchPlans } from '../../support/plans.ts'
import { makeAdmin, type SignedInUser, signUpUser } from '../../support/users.ts'
import { asking, insertPasskey } from './support.ts'

const app = createTestApp()
let admin: SignedInUser
let ask: ReturnType<typeof asking>
beforeAll(async () => {
  admin = await makeAdmin(app)
  ask = asking(app, admin)
})

const list = async (query: string) => {
  const answer = await ask('GET', `/users?${query}`)
  expect(answer.status).toBe(200)
  return { users: await answer.json<Record<string, unknown>[]>(), total: Number(answer.headers.get('x-total-count')) }
}

/** A word that is in nobody else's name. */
const newWord = () => `w${newUuid().replaceAll('-', '').slice(0, 12)}`

describe('GET /api/v1/admin/users', () => {
  it('is a bare array of users with their counts, newest first, and the total in a header', async () => {
    const word = newWord()
    const first = await signUpUser(app, { first_name: word })
    const second = await signUpUser(app, { first_name: word })
    // The queue has brought what the sign-up counts.
    await vi.waitFor(async () => expect(await recordedOf(first.user.id, 'session.created')).toHaveLength(1), 10_000)
    await env.DB.prepare("insert or replace into counts (name, value) values ('sessions.open:' || ?, 3)")
      .bind(first.user.id)
      .run()
    await insertPasskey(first.user.id)
    const { users, total } = await list(`search=${word}`)
    expect(users.map(({ id }) => id)).toEqual([second.user.id, first.user.id])
    expect(total).toBe(2)
    expect(users[1]).toMatchObject({
      id: first.user.id,
      number: first.user.number,
      email: first.email,
      email_verified: false,
      first_name: word,
      status: 'active',
      mfa_enabled: false,
      is_admin: false,
      role: 'user',
      organizations_count: 0,
      sessions_count: 3,
      oauth_providers: [],
      passkeys_count: 1,
      failed_login_attempts: 0,
      account_locked: false,
      locked_until: null,
    })
    expect(JSON.stringify(users)).not.toMatch(/password|argon2/)
  })

  it('pages', async () => {
    const word = newWord()
    const made = []
    for (let count = 0; count < 3; count += 1) made.unshift((await signUpUser(app, { first_name: word })).user.id)
    const pages = [await list(`search=${word}&per_page=2`), await list(`search=${word}&per_page=2&page=2`)]
    expect(pages.map(({ users }) => users.map(({ id }) => id))).toEqual([made.slice(0, 2), made.slice(2)])
    expect(pages.map(({ total }) => total)).toEqual([3, 3])
    expect((await list(`search=${word}&page=1000000&per_page=100`)).users).toEqual([])
  })

  it('filters by state, second factor and role; the deleted only when asked for', async () => {
    const word = newWord()
    const ids: Record<string, string> = {}
    for (const name of ['plain', 'suspended', 'locked', 'deleted', 'mfa', 'admin'])
      ids[name] = (await signUpUser(app, { first_name: word })).user.id
    await ask('POST', `/users/${ids.suspended}/suspend`)
    await ask('POST', `/users/${ids.locked}/lock`)
    await ask('DELETE', `/users/${ids.deleted}`)
    await ask('PATCH', `/users/${ids.admin}`, { is_admin: true })
    await env.DB.prepare('update users set mfa_enabled = 1 where id = ?').bind(ids.mfa).run()
    const found = async (query: string) => {
      const { users, total } = await list(`search=${word}&${query}`)
      expect(total).toBe(users.length)
      return users.map(({ id }) => Object.keys(ids).find((name) => ids[name] === id)).sort()
    }
    for (const query of ['', 'status=&mfa_enabled=&is_admin='])
      expect(await found(query)).toEqual(['admin', 'locked', 'mfa', 'plain', 'suspended'])
    expect(await found('status=suspended')).toEqual(['locked', 'suspended'])
    expect(await found('status=locked')).toEqual(['locked'])
    expect(await found('status=deleted')).toEqual(['deleted'])
    expect(await found('mfa_enabled=true')).toEqual(['mfa'])
    expect(await found('is_admin=true')).toEqual(['admin'])
    expect(await found('is_admin=false&status=active')).toEqual(['mfa', 'plain'])
  })

  it.each([
    'page=0',
    'page=-1',
    'page=1.5',
    'page=99999999999999999999',
    'per_page=0',
    'per_page=101',
    'status=gone',
    'mfa_enabled=perhaps',
    'page=1&page=2',
    `search=${'x'.repeat(101)}`,
  ])('refuses %s', async (query) => {
    expect((await ask('GET', `/users?${query}`)).status).toBe(422)
  })

  it.each([
    ['status=gone', /expected one of "active"\|"pending"/],
    ['mfa_enabled=perhaps', /expected one of "true"/],
  ])('says what would do instead of %s', async (query, said) => {
    const body = await (await ask('GET', `/users?${query}`)).json()
    expect(body).toMatchObject({ details: { validation_errors: [{ message: expect.stringMatching(said) }] } })
  })

  it.each(['search=%27%20or%201=1--', 'search=%22*', 'search=AND%20OR%20NEAR(', 'search=%25%25%25'])(
    'takes %s for text',
    async (query) => {
      expect((await list(query)).users).toEqual([])
    },
  )

  it('counts for a page only by index', async () => {
    const watched = watchPlans()
    const other = asking(createTestApp({ override: watched.into }), admin)
    await other('GET', '/config')
    await watched.plans()
    expect((await other('GET', '/users?per_page=5')).status).toBe(200)
    const steps = await watched.plans()
    expect(scansIn(steps).filter((step) => /counts|passkeys/.test(step))).toEqual([])
    expect(steps.some((step) => /passkeys_by_user/.test(step))).toBe(true)
  })
})

describe('GET /api/v1/admin/users/:id', () => {
  it('takes the UUID or the number, and shows failed attempts and their lock', async () => {
    const user = await signUpUser(app)
    const headers = { 'cf-connecting-ip': '198.51.100.77' }
    for (let attempt = 0; attempt < 5; attempt += 1)
      await app.fetch('/api/v1/auth/signin', json({ email: user.email, password: 'wrong password' }, headers))
    const byId = await (await ask('GET', `/users/${user.user.id}`)).json()
    expect(byId).toMatchObject({
      id: user.user.id,
      failed_login_attempts: 5,
      account_locked: true,
      locked_until: expect.stringMatching(/Z$/),
      deleted_at: null,
      erase_at: null,
      app_metadata: {},
    })
    expect(await (await ask('GET', `/users/${user.user.number}`)).json()).toEqual(byId)
  })

  it('shows a deleted user with the end of the grace period', async () => {
    const { user } = await signUpUser(app)
    const { config, now } = await app.ctx()
    const before = now()
    await ask('DELETE', `/users/${user.id}`)
    const shown = await (await ask('GET', `/users/${user.id}`)).json<{ deleted_at: string; erase_at: string }>()
    expect(shown).toMatchObject({ status: 'deleted' })
    const [deletedAt, eraseAt] = [Date.parse(shown.deleted_at), Date.parse(shown.erase_at)]
    expect(deletedAt).toBeGreaterThanOrEqual(before)
    expect(deletedAt).toBeLessThanOrEqual(now())
    expect((eraseAt - deletedAt) / DAY).toBeCloseTo(config.DELETION_GRACE_DAYS, 2)
  })
})

describe('PATCH /api/v1/admin/users/:id', () => {
  it('changes role, state and verified address, each with its event', async () => {
    const { user } = await signUpUser(app)
    const answer = await ask('PATCH', `/users/${user.id}`, {
      status: 'suspended',
      is_admin: true,
      email_verified: true,
    })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({
      message: 'User updated',
      propagated: true,
      user: { status: 'suspended', is_admin: true, email_verified: true },
    })
    const events = (await recordedOf(user.id)).filter(({ actor_id }) => actor_id === admin.user.id)
    expect(events.map(({ type, data }) => [type, data.before, data.after])).toEqual(
      expect.arrayContaining([
        ['user.updated', { role: 'user' }, { role: 'admin' }],
        ['user.suspended', { status: 'active' }, { status: 'suspended' }],
        ['user.updated', { email_verified: false }, { email_verified: true }],
      ]),
    )
  })

  it('changes nothing where nothing differs, and writes no event', async () => {
    const { user } = await signUpUser(app)
    const changes = async () => (await recordedOf(user.id)).filter(({ actor_id }) => actor_id === admin.user.id)
    const same = { status: 'active', is_admin: false, email_verified: false }
    for (const body of [same, { is_active: true }])
      expect((await ask('PATCH', `/users/${user.id}`, body)).status).toBe(200)
    expect(await changes()).toEqual([])
  })

  it('takes is_active for the state: inactive and active again', async () => {
    const { user } = await signUpUser(app)
    for (const [is_active, status] of [
      [false, 'inactive'],
      [true, 'active'],
    ]) {
      const answer = await ask('PATCH', `/users/${user.id}`, { is_active })
      expect([answer.status, await answer.json()]).toMatchObject([200, { propagated: true, user: { status } }])
    }
    expect((await ask('PATCH', `/users/${user.id}`, { is_active: false, status: 'inactive' })).status).toBe(200)
  })

  it('changes nothing when a part is refused', async () => {
    const { user } = await signUpUser(app)
    await ask('POST', `/users/${user.id}/suspend`)
    const byAdmin = async () =>
      (await recordedOf(user.id)).filter(({ actor_id, type }) => actor_id === admin.user.id && type.startsWith('user.'))
    const before = await byAdmin()
    const answer = await ask('PATCH', `/users/${user.id}`, { status: 'locked', is_admin: true, email_verified: true })
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'USER_STATE_CONFLICT' }])
    expect(await (await ask('GET', `/users/${user.id}`)).json()).toMatchObject({
      is_admin: false,
      email_verified: false,
    })
    expect(await byAdmin()).toEqual(before)
  })

  it('lets back in whoever was kept out, each from their own state', async () => {
    for (const action of ['suspend', 'lock', 'deactivate']) {
      const { user } = await signUpUser(app)
      await ask('POST', `/users/${user.id}/${action}`)
      const answer = await ask('PATCH', `/users/${user.id}`, { status: 'active' })
      expect([action, answer.status, await answer.json()]).toMatchObject([action, 200, { user: { status: 'active' } }])
    }
  })

  it('makes who awaits the proof of the address active, with the address', async () => {
    const { user } = await signUpUser(app)
    await env.DB.prepare("update users set status = 'pending' where id = ?").bind(user.id).run()
    const answer = await ask('PATCH', `/users/${user.id}`, { status: 'active', email_verified: true })
    expect([answer.status, await answer.json()]).toMatchObject([
      200,
      { user: { status: 'active', email_verified: true } },
    ])
  })

  it('says that no change is propagated whose events are not delivered', async () => {
    const { user } = await signUpUser(app)
    const silent = createAppWithObjects((objects) => ({
      user: (id) => withMethods(objects.user(id), { nudge: fails }),
    }))
    for (const body of [{ email_verified: true }, { is_admin: true }, { status: 'suspended' }]) {
      const answer = await asking(silent, admin)('PATCH', `/users/${user.id}`, body)
      expect([body, answer.status, await answer.json()]).toMatchObject([body, 200, { propagated: false, user: body }])
    }
  })

  it('takes a verified address back', async () => {
    const { user } = await signUpUser(app)
    await ask('PATCH', `/users/${user.id}`, { email_verified: true })
    const answer = await ask('PATCH', `/users/${user.id}`, { email_verified: false })
    expect(await answer.json()).toMatchObject({ user: { email_verified: false } })
  })

  it.each([
    { status: 'pending' },
    { status: 'gone' },
    { is_admin: 'yes' },
    { email_verified: 1 },
    { status: 7 },
    { is_active: 'false' },
    { is_active: true, status: 'locked' },
    { is_active: false, status: 'active' },
    // Nothing that is known: an answer of success would be believed.
    {},
    { status: null, is_active: null, unknown: 1 },
    { isActive: false },
  ])('refuses %j', async (body) => {
    const { user } = await signUpUser(app)
    expect((await ask('PATCH', `/users/${user.id}`, body)).status).toBe(422)
  })
})

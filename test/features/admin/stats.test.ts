import { beforeAll, describe, expect, it } from 'vitest'
import { insertOrganization, updateOrganization } from '../../../src/features/memberships/service.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env } from '../../support/app.ts'
import { scansIn, watchPlans } from '../../support/plans.ts'
import { makeAdmin, type SignedInUser, signUpUser } from '../../support/users.ts'
import { asking } from './support.ts'

const app = createTestApp()
let admin: SignedInUser
beforeAll(async () => {
  admin = await makeAdmin(app)
})

type Stats = Record<string, number>
const readStats = async (): Promise<Stats> => (await asking(app, admin)('GET', '/stats')).json()

describe('GET /api/v1/admin/stats', () => {
  it('has twelve integers', async () => {
    const stats = await readStats()
    expect(Object.keys(stats).sort()).toEqual(
      [
        'active_sessions',
        'active_users',
        'deleted_users',
        'mfa_enabled_users',
        'oauth_accounts',
        'passkeys_registered',
        'sessions_last_24h',
        'suspended_users',
        'total_organizations',
        'total_sessions',
        'total_users',
        'users_last_24h',
      ].sort(),
    )
    for (const count of Object.values(stats)) expect(count).toBeGreaterThanOrEqual(0)
  })

  it('counts organizations, without those that were deleted', async () => {
    const ctx = await app.ctx()
    const id = newUuid()
    const before = (await readStats()).total_organizations ?? 0
    await insertOrganization(ctx, { id, slug: id, name: 'x', createdAt: 1, updatedAt: 1 })
    expect((await readStats()).total_organizations).toBe(before + 1)
    await updateOrganization(ctx, id, { set: { deletedAt: 1 }, when: undefined })
    expect((await readStats()).total_organizations).toBe(before)
  })

  it('counts users by state at once, the locked among the suspended', async () => {
    const [a, b, c] = await Promise.all([signUpUser(app), signUpUser(app), signUpUser(app)])
    const before = await readStats()
    const ask = asking(app, admin)
    await ask('POST', `/users/${a.user.id}/suspend`)
    await ask('POST', `/users/${b.user.id}/lock`)
    await ask('DELETE', `/users/${c.user.id}`)
    const after = await readStats()
    expect(after).toMatchObject({
      total_users: before.total_users,
      users_last_24h: before.users_last_24h,
      active_users: (before.active_users ?? 0) - 3,
      suspended_users: (before.suspended_users ?? 0) + 2,
      deleted_users: (before.deleted_users ?? 0) + 1,
    })
  })

  it('counts sessions from the record', async () => {
    const before = await readStats()
    const id = crypto.randomUUID()
    const insert = env.DB.prepare(
      "insert into events (id, type, time, subject, user_id, actor_type, actor_id, data, delivered_at) values (?, ?, ?, ?, ?, 'system', 'test', '{}', 1)",
    )
    const row = (type: string, time: number) => insert.bind(crypto.randomUUID(), type, time, id, admin.user.id)
    await env.DB.batch([
      row('session.created', Date.now()),
      row('session.created', Date.now() - 30 * 3_600_000),
      row('session.revoked', Date.now()),
    ])
    const after = await readStats()
    const more = (name: string) => (after[name] ?? 0) - (before[name] ?? 0)
    expect([more('total_sessions'), more('active_sessions'), more('sessions_last_24h')]).toEqual([2, 1, 1])
  })

  it('scans no table and no index', async () => {
    const watched = watchPlans()
    const other = createTestApp({ override: watched.into })
    await asking(other, admin)('GET', '/config')
    await watched.plans()
    expect((await asking(other, admin)('GET', '/stats')).status).toBe(200)
    const steps = await watched.plans()
    expect(scansIn(steps)).toEqual([])
    expect(steps.filter((step) => /user_counts|counts|users_by_created/.test(step)).length).toBeGreaterThanOrEqual(3)
  })
})

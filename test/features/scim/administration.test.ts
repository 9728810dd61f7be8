import { describe, expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import { createTeam, withStaleFactor } from '../../support/organizations.ts'
import { callScim, connect, PATCH_OP, rowsOf, run, SCIM } from './support.ts'

const app = createTestApp()

const isGood = async (token: string, at = app) =>
  (await callScim(at, token, { method: 'GET', path: `${SCIM}/Users?count=0` })).status === 200

const later = (ms: number) => createTestApp({ override: (ctx) => ({ ...ctx, now: () => Date.now() + ms }) })

const HOUR = 3_600_000
const DAY = 24 * HOUR

describe('the configuration', () => {
  it('is made once, with a token that is shown once', async () => {
    const team = await createTeam(app)
    const path = `${team.path}/scim/config`
    expect((await team.owner.call('GET', path)).status).toBe(404)
    const made = await Promise.all([team.owner.call('POST', path, {}), team.owner.call('POST', path, {})])
    expect(made.map(({ status }) => status).sort()).toEqual([201, 409])
    const body = made.find(({ status }) => status === 201)?.body
    expect(body.bearer_token).toMatch(/^scim_[\w-]{64}$/)
    const { bearer_token: token, ...shown } = body
    expect(shown).toMatchObject({
      organization_id: team.id,
      provider: 'custom',
      enabled: true,
      base_url: `http://127.0.0.1:8787${SCIM}`,
      bearer_token_prefix: token.slice(0, 12),
      default_role: 'member',
      role_mapping: [],
    })
    expect((await team.owner.call('GET', path)).body).toEqual(shown)
    expect(JSON.stringify(await rowsOf('select * from scim_tokens where organization_id = ?', team.id))).not.toContain(
      token,
    )
    expect(await isGood(token)).toBe(true)
  })

  it('is for admins with a fresh factor', async () => {
    const team = await createTeam(app)
    const path = `${team.path}/scim/config`
    const [admin, member] = [await team.join('admin'), await team.join('member')]
    expect((await member.call('POST', path, {})).status).toBe(403)
    expect((await member.call('GET', path)).status).toBe(403)
    expect((await (await withStaleFactor(admin)).call('POST', path, {})).body.code).toBe('STEP_UP_REQUIRED')
    expect((await admin.call('POST', path, {})).status).toBe(201)
    const stale = await withStaleFactor(team.owner)
    for (const [method, at] of [
      ['PUT', path],
      ['DELETE', path],
      ['POST', `${path}/token`],
    ] as const)
      expect((await stale.call(method, at, {})).body.code).toBe('STEP_UP_REQUIRED')
    expect((await stale.call('GET', path)).status).toBe(200)
  })

  it('switched off ends every token at once, and deleted for good', async () => {
    const { team, token } = await connect(app)
    const path = `${team.path}/scim/config`
    expect((await team.owner.call('PUT', path, { enabled: false })).body.enabled).toBe(false)
    expect(await isGood(token)).toBe(false)
    await team.owner.call('PUT', path, { enabled: true, provider: 'entra' })
    expect(await isGood(token)).toBe(true)
    expect((await team.owner.call('DELETE', path)).status).toBe(204)
    expect(await isGood(token)).toBe(false)
    expect((await team.owner.call('POST', path, {})).status).toBe(201)
    expect(await isGood(token)).toBe(false)
  })

  it('ends with the organization', async () => {
    const { team, token } = await connect(app)
    await run('update organizations set deleted_at = 1 where id = ?', team.id)
    expect(await isGood(token)).toBe(false)
  })

  it.each([
    [{ default_role: 'owner' }],
    [{ role_mapping: [{ group: 'x', role: 'owner' }] }],
    [
      {
        role_mapping: [
          { group: 'x', role: 'admin' },
          { group: 'x', role: 'viewer' },
        ],
      },
    ],
    [{ expires_in_days: 1096 }],
    [{ expires_in_days: 0 }],
    [{ configuration: { x: 'x'.repeat(9000) } }],
  ])('refuses %j', async (body) => {
    const team = await createTeam(app)
    expect((await team.owner.call('POST', `${team.path}/scim/config`, body)).status).toBe(422)
  })
})

describe('a token', () => {
  it('ends when it was said to, and a second one is good beside it for a while', async () => {
    const { team, token } = await connect(app, { expires_in_days: 2 })
    const { body, status } = await team.owner.call('POST', `${team.path}/scim/config/token`, { overlap_hours: 1 })
    expect([status, body.bearer_token]).toEqual([200, expect.stringMatching(/^scim_/)])
    expect([await isGood(token), await isGood(body.bearer_token)]).toEqual([true, true])
    expect([await isGood(token, later(HOUR + 1000)), await isGood(body.bearer_token, later(HOUR + 1000))]).toEqual([
      false,
      true,
    ])
    expect(await isGood(body.bearer_token, later(366 * DAY))).toBe(false)
    const { body: seen } = await team.owner.call('GET', `${team.path}/scim/config`)
    expect(seen.bearer_token_prefix).toBe(body.bearer_token.slice(0, 12))
  })

  it('is used by nobody else: not as an access token, in no other scheme, not in the query', async () => {
    const { team, token } = await connect(app)
    for (const authorization of [`Basic ${token}`, token, `Bearer ${token}x`, `Bearer ${token}, Bearer ${token}`]) {
      const answer = await app.fetch(`${SCIM}/Users`, { headers: { authorization } })
      expect([authorization.slice(0, 7), answer.status]).toEqual([authorization.slice(0, 7), 401])
    }
    expect((await app.fetch(`${SCIM}/Users?access_token=${token}`)).status).toBe(401)
    expect((await app.fetch(`${team.path}/members`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(
      401,
    )
  })
})

describe('status and log', () => {
  it('say what the directory did and was refused, without a value', async () => {
    const directory = await connect(app)
    const { team } = directory
    const { body } = await directory.user({ userName: 'ada', title: 'a secret title' })
    await directory.user({ userName: 'ADA' })
    await directory.patch(body.id, { op: 'replace', path: 'title', value: 'another secret' })
    await directory.patch(body.id, { op: 'replace', path: 'active', value: false })
    await directory.group({ displayName: 'Engineers', members: [{ value: body.id }] })
    await directory.call('PATCH', `/Users/${body.id}`, {
      body: { schemas: [PATCH_OP], Operations: [{ op: 'remove' }] },
    })
    const second = await directory.user({ userName: 'bob' })
    await directory.call('DELETE', `/Users/${second.body.id}`)
    await app.settled()
    const status = await team.owner.call('GET', `${team.path}/scim/status`)
    expect(status.body).toMatchObject({
      total_users: 1,
      active_users: 0,
      inactive_users: 1,
      total_groups: 1,
      total_memberships: 1,
      created_24h: 2,
      updated_24h: 1,
      deactivated_24h: 1,
      deleted_24h: 1,
      errors_24h: 2,
      last_sync_at: expect.any(String),
      last_error_at: expect.any(String),
    })
    const { body: rows } = await team.owner.call('GET', `${team.path}/scim/logs`)
    expect(
      rows.map((row: Record<string, unknown>) => [row.operation, row.resource_type, row.status, row.scim_type]).sort(),
    ).toEqual(
      [
        ['create', 'User', 'success', null],
        ['create', 'User', 'error', 'uniqueness'],
        ['update', 'User', 'success', null],
        ['deactivate', 'User', 'success', null],
        ['create', 'Group', 'success', null],
        ['update', 'User', 'error', 'noTarget'],
        ['create', 'User', 'success', null],
        ['delete', 'User', 'success', null],
      ].sort(),
    )
    expect(JSON.stringify(rows)).not.toContain('secret')
    const { body: errors } = await team.owner.call(
      'GET',
      `${team.path}/scim/logs?status=error&resource_type=User&limit=1&offset=1`,
    )
    expect(errors).toMatchObject([{ operation: 'create', http_status: 409, scim_type: 'uniqueness' }])
    const events = await rowsOf<{ type: string; actor_type: string }>(
      "select distinct type, actor_type from events where organization_id = ? and type like 'directory.%' and type not like 'directory.configuration%' order by type",
      team.id,
    )
    expect(events).toEqual(
      [
        'directory.group.created',
        'directory.membership.added',
        'directory.user.created',
        'directory.user.deactivated',
        'directory.user.deleted',
        'directory.user.updated',
      ].map((type) => ({ type, actor_type: 'client' })),
    )
    const outsider = await createTeam(app)
    expect((await outsider.owner.call('GET', `${team.path}/scim/logs`)).status).toBe(403)
  })
})

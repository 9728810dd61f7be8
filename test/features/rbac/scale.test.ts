import { expect, it } from 'vitest'
import { createTestApp, env } from '../../support/app.ts'
import { createTeam } from '../../support/organizations.ts'

const app = createTestApp()

it('an edited role of ten thousand members is one entry of the feed, and no token is refused', async () => {
  const team = await createTeam(app)
  const member = await team.join('member')
  const made = await team.owner.call('POST', '/api/v1/rbac/roles', {
    name: 'Readers',
    organization_id: team.id,
    permissions: ['reports:read'],
  })
  const crowd = `with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000)`
  await env.DB.batch([
    env.DB.prepare(
      `${crowd} insert into memberships (id, organization_id, user_id, role, joined_at, taken_up_at)
       select ? || '-' || i, ?, ? || '-' || i, 'member', 0, 0 from n`,
    ).bind(team.id, team.id, team.id),
    env.DB.prepare(
      `${crowd} insert into role_assignments (role_id, user_id, scope, assigned_at)
       select ?, ? || '-' || i, ?, 0 from n`,
    ).bind(made.body.id, team.id, team.id),
    env.DB.prepare('insert into role_assignments (role_id, user_id, scope, assigned_at) values (?, ?, ?, 0)').bind(
      made.body.id,
      member.id,
      team.id,
    ),
  ])
  const entries = async () => {
    const { results } = await env.DB.prepare(
      `select feed_entry from events where feed_entry is not null and feed_entry ->> '$.id' = ? order by position`,
    )
      .bind(team.id)
      .all<{ feed_entry: string }>()
    return results.map(({ feed_entry: entry }) => JSON.parse(entry).kind)
  }
  const before = await entries()
  const active = await member.call('POST', `${team.path}/activate`)
  const headers = { authorization: `Bearer ${active.body.access_token}` }
  const check = () => app.fetch(`/validate?org=${team.id}&permission=reports:read&consistency=strong`, { headers })
  expect((await check()).status).toBe(200)
  const path = `/api/v1/rbac/roles/${made.body.id}?organization_id=${team.id}`
  expect((await team.owner.call('PUT', path, { permissions: ['reports:write'] })).status).toBe(200)
  expect(await entries()).toEqual([...before, 'roles'])
  expect((await check()).status).toBe(403)
  expect((await app.fetch(`/validate?org=${team.id}`, { headers })).status).toBe(200)
}, 30_000)

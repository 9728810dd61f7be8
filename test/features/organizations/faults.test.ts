import { describe, expect, it } from 'vitest'
import { FAILURES, fails, isolateWithout, type Part } from '../../faults/support.ts'
import { createTestApp, env } from '../../support/app.ts'
import { ask, createTeam, enroll, newSlug, openPerson, type Person, type Team } from '../../support/organizations.ts'

const app = createTestApp()

const TABLES = ['organizations', 'memberships'] as const

/** What the database says of a team, and of whoever may be in it. */
const rowsOf = async ({ id }: Team) => {
  const read = async (table: (typeof TABLES)[number]) => {
    const key = table === 'organizations' ? 'id' : 'organization_id'
    const order = table === 'organizations' ? 'id' : 'user_id'
    const { results } = await env.DB.prepare(`select * from ${table} where ${key} = ? order by ${order}`).bind(id).all()
    return results
  }
  return Promise.all(TABLES.map(read))
}

interface Scene {
  readonly team: Team
  readonly member: Person
  readonly pending: Person
  readonly outsider: Person
}

async function makeScene(): Promise<Scene> {
  const team = await createTeam(app)
  const [member, pending, outsider] = [await team.join('member'), await openPerson(app), await openPerson(app)]
  await team.owner.call('POST', `${team.path}/members`, { user_id: pending.id })
  await app.settled()
  return { team, member, pending, outsider }
}

type Change = (scene: Scene) => { by: Person; method: string; path: string; body?: object }

/** Everything that changes a member or an organization. */
const CHANGES: Readonly<Record<string, Change>> = {
  'a new organization': ({ team }) => ({
    by: team.owner,
    method: 'POST',
    path: '/api/v1/organizations',
    body: { name: 'x', slug: newSlug() },
  }),
  settings: ({ team }) => ({
    by: team.owner,
    method: 'PUT',
    path: `${team.path}/settings`,
    body: { settings: { invitation_domains: ['example.test'] } },
  }),
  'an addition': ({ team, outsider }) => ({
    by: team.owner,
    method: 'POST',
    path: `${team.path}/members`,
    body: { user_id: outsider.id },
  }),
  'a role': ({ team, member }) => ({
    by: team.owner,
    method: 'PUT',
    path: `${team.path}/members/${member.id}/role`,
    body: { role: 'admin' },
  }),
  'a removal': ({ team, member }) => ({
    by: team.owner,
    method: 'DELETE',
    path: `${team.path}/members/${member.id}`,
  }),
  'a transfer': ({ team, member }) => ({
    by: team.owner,
    method: 'POST',
    path: `${team.path}/transfer-ownership`,
    body: { new_owner_id: member.id },
  }),
  leaving: ({ team, member }) => ({ by: member, method: 'POST', path: `${team.path}/leave` }),
  'taking up': ({ team, pending }) => ({ by: pending, method: 'POST', path: `${team.path}/activate` }),
  'a deletion': ({ team }) => ({ by: team.owner, method: 'DELETE', path: team.path }),
}

const without = async (part: Part, failure: typeof fails, { by, ...call }: ReturnType<Change>) =>
  ask(isolateWithout(part, failure), { ...call, headers: by.headers })

/** What is waited for costs seconds: some of what takes the same way. */
const SOME = ['a role', 'taking up', 'a deletion']

describe.each(FAILURES)('while the database %s', (_, failure, options) => {
  it.each(SOME)('%s is 503, and nothing is half done', options, async (name) => {
    const scene = await makeScene()
    const before = await rowsOf(scene.team)
    const refused = await without('database', failure, (CHANGES[name] as Change)(scene))
    expect([refused.status, refused.body.code]).toEqual([503, 'SERVICE_UNAVAILABLE'])
    expect(await rowsOf(scene.team)).toEqual(before)
  })
})

/** An isolate whose database answers reads, and takes no batch: every change is one. */
const withoutWrites = (failure: typeof fails) =>
  createTestApp({
    env: {
      DB: {
        withSession: (constraint: string) =>
          new Proxy(env.DB.withSession(constraint), {
            get(session, name) {
              const value = Reflect.get(session, name)
              return name === 'batch' ? failure : typeof value === 'function' ? value.bind(session) : value
            },
          }),
      },
    },
  })

describe.each(FAILURES)('while a write to the database %s', (_, failure, options) => {
  it.each(options.concurrent ? SOME : Object.keys(CHANGES))(
    '%s is 503, and nothing is half done',
    options,
    async (name) => {
      const scene = await makeScene()
      const before = await rowsOf(scene.team)
      const { by, ...call } = (CHANGES[name] as Change)(scene)
      const refused = await ask(withoutWrites(failure), { ...call, headers: by.headers })
      expect([refused.status, refused.body.code]).toEqual([503, 'SERVICE_UNAVAILABLE'])
      expect(await rowsOf(scene.team)).toEqual(before)
      // The same is possible once it is back: only the write was refused.
      const done = await ask(app, { ...call, headers: by.headers })
      expect([200, 201]).toContain(done.status)
    },
  )
})

describe('while the objects of users are away', () => {
  it.each(['a role', 'a removal', 'a transfer', 'leaving', 'a deletion'])(
    '%s is not confirmed by the session, so it changes nothing',
    async (name) => {
      const scene = await makeScene()
      const before = await rowsOf(scene.team)
      const refused = await without('user', fails, (CHANGES[name] as Change)(scene))
      expect([refused.status, refused.body.code]).toEqual([503, 'SERVICE_UNAVAILABLE'])
      expect(await rowsOf(scene.team)).toEqual(before)
    },
  )

  it('taking a membership up is whole or nothing', async () => {
    const scene = await makeScene()
    const refused = await without('user', fails, (CHANGES['taking up'] as Change)(scene))
    expect(refused.status).toBe(503)
    expect((await scene.pending.call('POST', `${scene.team.path}/activate`)).status).toBe(200)
    expect((await scene.pending.call('GET', scene.team.path)).body.member_count).toBe(3)
  })
})

describe('while hubs are away', () => {
  it('a deletion stands, says that it is not propagated, and is delivered later', async () => {
    const scene = await makeScene()
    const { team, member } = scene
    const deleted = await without('hub', fails, (CHANGES['a deletion'] as Change)(scene))
    expect(deleted).toMatchObject({ status: 200, body: { success: true, propagated: false } })
    const row = await env.DB.prepare('select deleted_at, version from organizations where id = ?')
      .bind(team.id)
      .first<{ deleted_at: number | null; version: number }>()
    expect(row).toMatchObject({ deleted_at: expect.any(Number), version: 2 })
    const undelivered = async () =>
      env.DB.prepare('select count(*) as rows from events where organization_id = ? and delivered_at is null')
        .bind(team.id)
        .first<number>('rows')
    expect(await undelivered()).toBe(1)
    await (await app.ctx()).objects.hub(`organization:${team.id}`).nudgeOrganization({ organizationId: team.id })
    expect(await undelivered()).toBe(0)
    // Another isolate hears of it from the feed.
    const other = createTestApp()
    expect((await ask(other, { method: 'GET', path: team.path, headers: member.headers })).status).toBe(401)
  })

  it('a change of a member stands and is propagated: it is the log of the user that has it', async () => {
    const scene = await makeScene()
    const changed = await without('hub', fails, (CHANGES['a role'] as Change)(scene))
    expect(changed).toMatchObject({ status: 200, body: { role: 'admin', propagated: true } })
  })
})

describe('taking up while it is removed', () => {
  it('ends either as a member whose tokens are void, or as nobody', async () => {
    for (let round = 0; round < 4; round += 1) {
      const { team, pending } = await makeScene()
      const [taken, removed] = await Promise.all([
        pending.call('POST', `${team.path}/activate`),
        team.owner.call('DELETE', `${team.path}/members/${pending.id}`),
      ])
      expect([200, 401, 403]).toContain(taken.status)
      expect([200, 409]).toContain(removed.status)
      // A removal that found the membership taken up meanwhile is repeated.
      if (removed.status === 409)
        expect((await team.owner.call('DELETE', `${team.path}/members/${pending.id}`)).status).toBe(200)
      const token = taken.body.access_token
      if (token) {
        const held = await pending.withToken(token).call('GET', team.path)
        expect([401, 403]).toContain(held.status)
      }
      const count = await env.DB.prepare('select member_count from organizations where id = ?')
        .bind(team.id)
        .first<number>('member_count')
      expect(count).toBe(2)
    }
  })

  it('and activation of a membership that is removed at once keeps no organization in the session', async () => {
    const team = await createTeam(app)
    const ada = await openPerson(app)
    await enroll(app, team.id, ada.id, 'member')
    const [activated] = await Promise.all([
      ada.call('POST', `${team.path}/activate`),
      team.owner.call('DELETE', `${team.path}/members/${ada.id}`),
    ])
    expect([200, 401, 403, 503]).toContain(activated.status)
    const { body } = await ada.call('POST', '/api/v1/auth/refresh', { refresh_token: ada.refreshToken })
    expect(JSON.parse(atob(body.access_token.split('.')[1])).org_id).toBeNull()
    if (activated.status === 200)
      expect((await ada.withToken(activated.body.access_token).call('GET', team.path)).status).toBe(401)
  })
})

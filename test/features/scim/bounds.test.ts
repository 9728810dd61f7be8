import { drizzle } from 'drizzle-orm/d1'
import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env } from '../../support/app.ts'
import { createAccount } from '../../support/world.ts'
import { connect, directoryOf, refusalOf, rowsOf, run, type ScimReply, type TestDirectory } from './support.ts'

const app = createTestApp()

it('a page of groups names the members of each, with fewer groups where they have many', async () => {
  const directory = await connect(app)
  const groups = await Promise.all([1, 2, 3].map(() => directory.group()))
  const first = groups[0]?.body
  const columns =
    'organization_id, user_name_key, active, attributes, folded, version, write_id, created_at, updated_at'
  // 10,001 people, each in all groups.
  await run(
    `insert into scim_users (id, ${columns})
     with recursive n(i) as (select 1 union all select i + 1 from n where i < 10001)
     select 'm' || i || '-' || ?1, ?1, 'm' || i, 1, '{"userName":"m","active":true}', '{}', 1, 'x', 1, 1 from n`,
    directory.team.id,
  )
  await run(
    `insert into scim_members select organization_id, g.id, u.id, 'x' from scim_users as u join scim_groups as g using (organization_id)
     where organization_id = ? and u.write_id = 'x'`,
    directory.team.id,
  )
  const page = (await directory.call('GET', '/Groups?cursor=')).body
  expect([page.totalResults, page.itemsPerPage]).toEqual([3, 2])
  expect(page.Resources.map(({ members }: { members: unknown[] }) => members.length)).toEqual([10_000, 10_000])
  const rest = (await directory.call('GET', `/Groups?cursor=${page.nextCursor}`)).body
  expect([rest.itemsPerPage, rest.nextCursor, rest.Resources[0].members.length]).toEqual([1, undefined, 10_000])
  expect((await directory.call('GET', '/Groups?excludedAttributes=members')).body.itemsPerPage).toBe(3)
  expect((await directory.call('GET', `/Groups/${first.id}`)).body.members).toHaveLength(10_000)
})

it.each([
  ['in UTF-8', '\u4e2d'],
  // NFKC makes 18 letters of it.
  ['once folded', '\ufdfa'],
])('attributes are bounded by their bytes %s', async (_, letter) => {
  const directory = await connect(app)
  const fields = {
    title: letter,
    nickName: letter,
    userType: letter,
    locale: letter,
    timezone: letter,
    preferredLanguage: letter,
  }
  const long = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value.repeat(4000)]))
  expect(refusalOf(await directory.user(long))).toEqual([400, 'invalidValue'])
})

it('a page of large users has fewer of them, and its cursor goes on', async () => {
  const directory = await connect(app)
  await run(
    `insert into scim_users (id, organization_id, user_name_key, active, attributes, folded, version, write_id, created_at, updated_at)
     with recursive n(i) as (select 1 union all select i + 1 from n where i < 130)
     select printf('00000000-0000-4000-8000-%012d', i), ?1, 'l' || i, 1, json_object('userName', 'l', 'active', json('true'), 'title', ?2), '{}', 1, 'x', i, 1 from n`,
    directory.team.id,
    'x'.repeat(63_000),
  )
  const page = (await directory.call('GET', '/Users?cursor=&count=1000')).body
  expect([page.totalResults, page.itemsPerPage, page.Resources.length]).toEqual([130, 100, 100])
  const rest = (await directory.call('GET', `/Users?count=1000&cursor=${page.nextCursor}`)).body
  expect([rest.itemsPerPage, rest.nextCursor]).toEqual([30, undefined])
})

it.each([
  ['what is no id', ['x'.repeat(100_000)], 400],
  ['more than 10,000', Array.from({ length: 10_001 }, () => newUuid()), 400],
])('a group is given no members by %s, and loses none', async (_, ids, status) => {
  const directory = await connect(app)
  const { id } = (await directory.user()).body
  const value = ids.map((one) => ({ value: one }))
  expect((await directory.group({ members: value })).status).toBe(status)
  const group = (await directory.group({ members: [{ value: id }] })).body
  for (const op of ['add', 'replace'])
    expect(refusalOf(await directory.patchGroup(group.id, { op, path: 'members', value }))).toEqual([
      400,
      'invalidValue',
    ])
  const { body } = await directory.patchGroup(group.id, { op: 'remove', path: 'members', value })
  expect(body.members).toHaveLength(1)
})

describe('what an organization has', () => {
  const countsOf = async ({ team }: TestDirectory) =>
    (
      await rowsOf(
        `select directory_users as users, directory_active_users as active, directory_groups as groups, directory_members as members
         from organizations where id = ?`,
        team.id,
      )
    )[0]

  it('is counted as it comes and goes', async () => {
    const directory = await connect(app)
    const [ada, ben, eve] = (await Promise.all([1, 2, 3].map(() => directory.user({ active: true })))).map(
      ({ body }) => body.id,
    )
    const members = [ada, ben].map((value) => ({ value }))
    const [first, second] = (await Promise.all([1, 2].map(() => directory.group({ members })))).map(
      ({ body }) => body.id,
    )
    expect(await countsOf(directory)).toEqual({ users: 3, active: 3, groups: 2, members: 4 })
    await directory.patch(eve, { op: 'replace', path: 'active', value: false })
    await directory.call('DELETE', `/Groups/${second}`)
    expect(await countsOf(directory)).toEqual({ users: 3, active: 2, groups: 1, members: 2 })
    expect((await directory.call('GET', '/Users?count=1')).body.totalResults).toBe(3)
    expect((await directory.call('GET', '/Groups?count=0')).body.totalResults).toBe(1)
    await Promise.all([ada, eve].map((id) => directory.call('DELETE', `/Users/${id}`)))
    expect(await countsOf(directory)).toEqual({ users: 1, active: 1, groups: 1, members: 1 })
    await directory.patchGroup(first, { op: 'remove', path: 'members' })
    await run('delete from scim_users where organization_id = ?', directory.team.id)
    expect(await countsOf(directory)).toEqual({ users: 0, active: 0, groups: 1, members: 0 })
  })

  it.each([
    ['directory_users', 100_000],
    ['directory_groups', 10_000],
    ['directory_members', 1_000_000],
  ])('has an end: %s', async (column, limit) => {
    const directory = await connect(app)
    const { id } = (await directory.user()).body
    const group = (await directory.group({ externalId: 'x' })).body.id
    const member = { op: 'add', path: 'members', value: [{ value: id }] }
    const full = async (call: Promise<ScimReply>) => {
      const { status, body } = await call
      return [status, body.detail] as const
    }
    await run(`update organizations set ${column} = ? where id = ?`, limit, directory.team.id)
    const writes = {
      directory_users: () => directory.user(),
      directory_groups: () => directory.group(),
      directory_members: () => directory.patchGroup(group, member),
    }
    const write = writes[column as keyof typeof writes]
    expect(await full(write())).toEqual([403, 'The organization has no room for more'])
    if (column === 'directory_members') expect((await full(directory.group({ members: [{ value: id }] })))[0]).toBe(403)
    // What adds nothing goes on.
    expect((await directory.patchGroup(group, { op: 'replace', path: 'externalId', value: 'y' })).status).toBe(200)
    expect((await directory.patch(id, { op: 'replace', path: 'active', value: false })).status).toBe(200)
    await run(`update organizations set ${column} = ? where id = ?`, limit - 1, directory.team.id)
    expect((await write()).status).toBeLessThan(300)
  })
})

it('of a deleted record its name stays, and nothing else of the person', async () => {
  const directory = await connect(app)
  const userName = directory.name()
  const { id } = (await directory.user({ userName, displayName: 'Ada', title: 'Countess' })).body
  await directory.call('DELETE', `/Users/${id}`)
  const [row] = await rowsOf('select attributes, folded, display_name_key as name from scim_users where id = ?', id)
  expect(row).toEqual({ attributes: JSON.stringify({ userName, active: false }), folded: '{}', name: null })
})

it('the time of a create tells nothing of an address outside the domains', async () => {
  const directory = await connect(app)
  const holder = await createAccount(app, { emailVerifiedAt: 1, status: 'active' })
  const statementsFor = async (value: string) => {
    const statements: string[] = []
    const counting = createTestApp({
      override: (ctx) => ({ ...ctx, db: drizzle(env.DB, { logger: { logQuery: (query) => statements.push(query) } }) }),
    })
    const asking = directoryOf(counting, directory)
    expect((await asking.user({ userName: newUuid(), emails: [{ value }] })).status).toBe(201)
    return statements.sort()
  }
  // Noted once a minute.
  await run('update scim_tokens set last_used_at = ? where organization_id = ?', Date.now(), directory.team.id)
  const nobody = `${newUuid()}@elsewhere.test`
  const unknown = await statementsFor(nobody)
  expect(unknown.length).toBeGreaterThan(10)
  expect(await statementsFor(holder.email)).toEqual(unknown)
})

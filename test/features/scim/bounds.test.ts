import { expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp } from '../../support/app.ts'
import { connect, refusalOf, run } from './support.ts'

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

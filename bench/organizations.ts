import type { Miniflare } from 'miniflare'
import { joinTen, NEW_UUID, signUpPostern } from './fixtures.ts'
import { type ListCall, signInAdmin, timesOf } from './lists.ts'
import type { Spread } from './statistics.ts'

/** How many organizations there are, and members of one of them, while a call is measured. */
export const ORGANIZATIONS = [1_000, 10_000] as const
const [FEW, MANY] = ORGANIZATIONS

interface Asked {
  readonly by: 'member' | 'admin'
  readonly path: (size: number) => string
}

/** What members and admins list, at the first page, deep, and searched. `{big}` is the organization with as many members. */
const CALLS: readonly Asked[] = [
  { by: 'member', path: () => '/api/v1/organizations' },
  { by: 'member', path: () => '/api/v1/organizations/{big}/members?page=1' },
  { by: 'member', path: (size) => `/api/v1/organizations/{big}/members?page=${size / 20}` },
  { by: 'admin', path: () => '/api/v1/admin/organizations?page=1' },
  { by: 'admin', path: (size) => `/api/v1/admin/organizations?page=${size / 20}` },
  { by: 'admin', path: () => '/api/v1/admin/organizations?search=team-77' },
  { by: 'admin', path: () => '/api/v1/admin/organizations?search=seeded&page=20' },
  { by: 'admin', path: () => '/api/v1/admin/organizations?search=no' },
]

/** Organizations with an owner each, of the users that are seeded, and as many members of one of them. */
async function seedOrganizations(runtime: Miniflare, big: string, from: number, to: number): Promise<void> {
  const database = await runtime.getD1Database('DB', 'postern')
  const numbers = 'with recursive n(i) as (select ?1 union all select i + 1 from n where i + 1 < ?2)'
  const membership = 'insert into memberships (id, organization_id, user_id, role, joined_at, taken_up_at)'
  await database.batch([
    database
      .prepare(
        `${numbers} insert into organizations (id, name, slug, created_at, updated_at)
         select ${NEW_UUID}, 'Seeded team ' || i, 'team-' || i, i, i from n`,
      )
      .bind(from, to),
    database
      .prepare(
        `${numbers} ${membership} select hex(randomblob(16)), o.id, u.id, 'owner', i, i from n
         join organizations as o on o.slug = 'team-' || i join users as u on u.email = 'seeded' || i || '@example.com'`,
      )
      .bind(from, to),
    database
      .prepare(
        `${numbers} ${membership} select hex(randomblob(16)), ?3, u.id, 'member', i, i from n
         join users as u on u.email = 'seeded' || i || '@example.com'`,
      )
      .bind(from, to, big),
  ])
}

/** A member of ten organizations, among them the one with many members. */
export async function measureOrganizationLists(runtime: Miniflare, base: URL): Promise<readonly ListCall[]> {
  const [member] = await signUpPostern(base, 1)
  if (!member) throw new Error('nobody signed up')
  const big = await joinTen(runtime, base, [member])
  const tokens = { member: member.accessToken, admin: await signInAdmin(runtime, base) }
  const measure = async (size: number): Promise<Spread[]> => {
    const spreads: Spread[] = []
    for (const { by, path } of CALLS)
      spreads.push(await timesOf(new URL(path(size).replace('{big}', big), base), tokens[by]))
    return spreads
  }
  await seedOrganizations(runtime, big, 0, FEW)
  // Until the code is compiled: else the first size would be measured without.
  await measure(FEW)
  const few = await measure(FEW)
  await seedOrganizations(runtime, big, FEW, MANY)
  const many = await measure(MANY)
  return CALLS.map(({ path }, index) => ({
    name: path(MANY),
    times: [few[index], many[index]].filter((times) => times !== undefined),
  }))
}

import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { listUsers } from '../../../src/features/users/service/users.ts'
import { pageStatements, type UserFilter, type UserRange } from '../../../src/features/users/store/directory.ts'
import type { User } from '../../../src/features/users/types.ts'
import { ctx, database, seed } from '../users/scale-database.ts'

const STATUSES = ['active', 'pending', 'inactive', 'suspended', 'locked', 'deleted'] as const

interface Row {
  readonly number: number
  readonly email: string
  readonly username: string
  readonly first_name: string | null
  readonly last_name: string | null
  readonly display_name: string | null
  readonly status: User['status']
  readonly role: string
  readonly mfa_enabled: number
}

const everybody = async (): Promise<Row[]> =>
  (await database.prepare('select * from users order by number').all<Row>()).results

const holds = (row: Row, { status, isAdmin, mfaEnabled }: UserFilter): boolean =>
  (status === undefined ? row.status !== 'deleted' : status.includes(row.status)) &&
  (isAdmin === undefined || (row.role === 'admin') === isAdmin) &&
  (mfaEnabled === undefined || Boolean(row.mfa_enabled) === mfaEnabled)

function finds(row: Row, search: string | undefined): boolean {
  if (search === undefined) return true
  const words = search.toLowerCase().split(' ')
  const names = [row.email, row.username.toLowerCase()]
  const [first = ''] = words
  if (words.every((word) => [...word].length < 3) && !names.some((name) => name.startsWith(first))) return false
  const fields = [...names, row.first_name, row.last_name, row.display_name]
  return words.every((word) => fields.some((field) => field?.toLowerCase().includes(word)))
}

/** All that the filter is to find, by reading every row. */
function bruteForce(rows: readonly Row[], { search, ...filter }: UserFilter, { offset, limit, order }: UserRange) {
  const found = rows.filter((row) => holds(row, filter) && finds(row, search)).map(({ number }) => number)
  const sorted = order === 'newest' ? found.reverse() : found
  return { numbers: sorted.slice(offset, offset + limit), total: sorted.length }
}

async function pageOf(filter: UserFilter, range: UserRange) {
  const { users, total } = await listUsers(ctx, { ...filter, ...range })
  return { numbers: users.map(({ number }) => number), total }
}

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })

const filters = fc.record({
  status: maybe(fc.subarray([...STATUSES])),
  isAdmin: maybe(fc.boolean()),
  mfaEnabled: maybe(fc.boolean()),
  search: maybe(
    fc.constantFrom(
      'seeded1',
      'Seeded_22',
      'zoë "3',
      'x',
      'QS',
      '@',
      'EXAMPLE',
      '11@e',
      'or 1=1',
      '" or "',
      '*',
      'NEAR(a b)',
      'nobody',
      'seed seeded1',
      'Seed of22',
      'of3 zoë',
      'zo Seed11',
      'q Q',
      'c 4',
      'a" b',
      'zoë nobody',
    ),
  ),
})

const ranges = fc.record({
  offset: fc.oneof(fc.nat(60), fc.nat(4000), fc.constant(2 ** 31 - 1)),
  limit: fc.integer({ min: 1, max: 100 }),
  order: fc.constantFrom('newest' as const, 'oldest' as const),
})

describe('the directory of a few thousand users with gaps', () => {
  let rows: Row[] = []
  beforeAll(async () => {
    await seed(6000)
    rows = await everybody()
  })

  it('has the page and the total that reading every row has, for any filter, search and range', async () => {
    await fc.assert(
      fc.asyncProperty(filters, ranges, async (filter, range) => {
        expect(await pageOf(filter, range)).toEqual(bruteForce(rows, filter, range))
      }),
      { numRuns: 300 },
    )
  }, 120_000)

  it('shows every user once, page by page, in either order', async () => {
    for (const order of ['newest', 'oldest'] as const) {
      const seen: number[] = []
      for (let offset = 0; ; offset += 100) {
        const { numbers } = await pageOf({}, { offset, limit: 100, order })
        if (numbers.length === 0) break
        seen.push(...numbers)
      }
      expect(seen).toEqual(bruteForce(rows, {}, { offset: 0, limit: rows.length, order }).numbers)
    }
  })

  it('follows changes of state, role and factor, and rows that go', async () => {
    await database
      .prepare("update users set status = 'inactive', role = 'auditor' where number between 3000 and 3050")
      .run()
    await database.prepare('update users set mfa_enabled = 1 where number between 3040 and 3060').run()
    await database.prepare('delete from users where number between 3020 and 3030').run()
    rows = await everybody()
    for (const filter of [
      {},
      { status: ['inactive'] },
      { isAdmin: false, mfaEnabled: true },
      { isAdmin: false },
    ] as const)
      for (const offset of [0, 7, 2500]) {
        const range = { offset, limit: 20, order: 'newest' } as const
        expect(await pageOf(filter, range)).toEqual(bruteForce(rows, filter, range))
      }
  })
})

interface Statement {
  toSQL(): { sql: string; params: unknown[] }
}

async function run<T>(statement: Statement, prefix = ''): Promise<D1Result<T>> {
  const { sql, params } = statement.toSQL()
  return database
    .prepare(prefix + sql)
    .bind(...params)
    .all<T>()
}

/** What the statements of a page read. */
async function rowsRead(filter: UserFilter, range: UserRange): Promise<number> {
  const results = await Promise.all(pageStatements(ctx, filter, range).map((statement) => run(statement)))
  return results.reduce((sum, { meta }) => sum + meta.rows_read, 0)
}

const FILTERS: readonly UserFilter[] = [
  {},
  { status: ['suspended'] },
  { status: ['suspended', 'locked'] },
  { status: ['deleted'] },
  { isAdmin: true },
  { isAdmin: false },
  { mfaEnabled: true },
  { mfaEnabled: false, status: ['active'], isAdmin: false },
  { mfaEnabled: true, status: ['suspended'], isAdmin: true },
]

describe('the directory of 100,000 users', () => {
  beforeAll(() => seed(100_000), 120_000)

  it.each(FILTERS)('reads the same few rows for the first page, the middle and the last of %j', async (filter) => {
    const { total } = await listUsers(ctx, { ...filter, offset: 0, limit: 1 })
    const reads: number[] = []
    for (const order of ['newest', 'oldest'] as const)
      for (const offset of [0, Math.floor(total / 2), Math.max(0, total - 20), total + 1, 2 ** 31 - 1])
        reads.push(await rowsRead(filter, { offset, limit: 20, order }))
    // A bucket's rows to skip, the counts of a hundred buckets, and a page of each kind: of 100,000 users.
    expect(Math.max(...reads)).toBeLessThan(4000)
  })

  it('reads less beyond the last user than on a page', async () => {
    for (const offset of [98_300, 2 ** 31 - 1]) {
      expect(await rowsRead({}, { offset, limit: 100, order: 'newest' })).toBeLessThan(1500)
      expect(await listUsers(ctx, { offset, limit: 100 })).toEqual({ users: [], total: 98_280 })
    }
  })

  it.each([
    ['seeded17', 7000],
    ['seeded99999', 20],
    ['example', 61_000],
    ['zoë', 61_000],
    ['s', 18_000],
    ['nobody at all', 10],
    ['example zoë', 61_000],
    ['seed of99999', 30],
    ['example 7', 81_000],
    ['s 7', 20_000],
    ['zoë @', 81_000],
  ])('reads a bounded part for a search of %j', async (search, bound) => {
    const filters = [{ search }, { search, status: ['active'], isAdmin: false, mfaEnabled: false }] as const
    for (const filter of filters)
      for (const offset of [0, 5000, 100_000])
        expect(await rowsRead(filter, { offset, limit: 20, order: 'newest' })).toBeLessThan(bound)
  })

  it('searches the newest 10,000 matches, and the first thousand of what a letter begins', async () => {
    const { users, total } = await listUsers(ctx, { search: 'example', offset: 0, limit: 3 })
    expect([total, users.map(({ number }) => number)]).toEqual([9908, [100_000, 99_999, 99_998]])
    const begun = await listUsers(ctx, { search: 's', offset: 0, limit: 1 })
    expect(begun.total).toBeLessThanOrEqual(2000)
  })

  it('walks through no table and no index: every statement is a search of one', async () => {
    const plans = new Set<string>()
    const searches = [
      { search: 'seeded1' },
      { search: 'se' },
      { search: 'se', status: ['active'] as const, isAdmin: false },
      { search: 'seeded1 zoë' },
      { search: 'seeded1 zo', status: ['active'] as const, isAdmin: false },
      { search: 'se zo' },
    ]
    for (const filter of [...FILTERS, ...searches, { search: 'seeded1', mfaEnabled: true, isAdmin: true }])
      for (const offset of [0, 40])
        for (const order of ['newest', 'oldest'] as const)
          for (const statement of pageStatements(ctx, filter, { offset, limit: 20, order })) {
            const { results } = await run<{ detail: string }>(statement, 'explain query plan ')
            for (const { detail } of results) if (/^(SCAN|SEARCH)/.test(detail)) plans.add(detail)
          }
    expect([...plans].filter((plan) => !BOUNDED.some((bounded) => bounded.test(plan)))).toEqual([])
  })
})

/** What a page may do: each reads a page of one kind, one bucket, the counts, or matches up to their limit. */
const BOUNDED: readonly RegExp[] = [
  /^SEARCH listed USING COVERING INDEX users_by_kind \(status=\? AND role=\? AND mfa_enabled=\?( AND number[<>]\?)?\)$/,
  /^SEARCH skipped USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)$/,
  /^SEARCH user_counts USING INDEX sqlite_autoindex_user_counts_1 \(bucket/,
  /^SEARCH users USING INTEGER PRIMARY KEY \(rowid=\?\)$/,
  /^SEARCH users USING COVERING INDEX users_(email|username_key)_unique \(\w+>\? AND \w+<\?\)$/,
  // M: the rows that match, not all.
  // The short words of the search itself.
  /^SCAN json_each VIRTUAL TABLE INDEX 1:$/,
  /^SCAN user_search VIRTUAL TABLE INDEX \d+:M\d+$/,
  /^SCAN (located|\(subquery-\d+\)|CONSTANT ROW)/,
]

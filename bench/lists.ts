import type { Miniflare } from 'miniflare'
import { NEW_UUID, signUpPostern } from './fixtures.ts'
import { type Spread, spreadOf } from './statistics.ts'

/** How many users there are while a call is measured. */
export const SIZES = [1_000, 100_000] as const
const ROUNDS = 40

/** Every list for admins, at its first page, deep, filtered and searched, and the statistics. */
const CALLS: readonly ((users: number) => string)[] = [
  () => '/api/v1/users?page=1&per_page=20',
  (users) => `/api/v1/users?page=${Math.floor(users / 40)}&per_page=20`,
  (users) => `/api/v1/users?skip=${users - 100}&limit=10`,
  (users) => `/api/v1/users?status=suspended&page=${Math.floor(users / 400)}`,
  () => '/api/v1/users?search=seeded17',
  () => '/api/v1/users?search=example&page=50',
  () => '/api/v1/admin/users?is_admin=true',
  (users) => `/api/v1/admin/users?mfa_enabled=true&page=${Math.floor(users / 800)}`,
  () => '/api/v1/admin/stats',
  () => '/api/v1/admin/activity-logs?page=2',
  (users) => `/admins/users?skip=${users / 2}&limit=20`,
  (users) => `/admin/users?skip=${users / 2}&limit=20`,
]

export interface ListCall {
  readonly name: string
  /** Milliseconds, one for each size. */
  readonly times: readonly Spread[]
}

/** Rows as sign-up leaves them, a tenth suspended and a fifth with a second factor. */
export async function seedUsers(runtime: Miniflare, from: number, to: number): Promise<void> {
  const database = await runtime.getD1Database('DB', 'postern')
  for (let start = from; start < to; start += 10_000) {
    await database
      .prepare(
        `with recursive n(i) as (select ? union all select i + 1 from n where i + 1 < ?)
         insert into users (id, email, username, first_name, status, mfa_enabled, created_at, updated_at)
         select ${NEW_UUID},
           'seeded' || i || '@example.com', 'seeded' || i, 'Seed', iif(i % 10 = 0, 'suspended', 'active'), i % 5 = 0, i, i from n`,
      )
      .bind(start, Math.min(to, start + 10_000))
      .run()
  }
}

/** Signs in an admin of the platform whose account is confirmed. */
export async function signInAdmin(runtime: Miniflare, base: URL): Promise<string> {
  const [admin] = await signUpPostern(base, 1)
  if (!admin) throw new Error('nobody signed up')
  const database = await runtime.getD1Database('DB', 'postern')
  await database
    .prepare("update users set role = 'admin', email_verified_at = created_at where email = ?")
    .bind(admin.email)
    .run()
  const answer = await fetch(new URL('/api/v1/auth/signin', base), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: admin.email, password: admin.password }),
  })
  return ((await answer.json()) as { access_token: string }).access_token
}

async function timeOf(url: URL, token: string): Promise<number> {
  const began = performance.now()
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  const body = await answer.text()
  if (!answer.ok) throw new Error(`GET ${url.pathname} answered ${answer.status}: ${body}`)
  return performance.now() - began
}

/** One caller, one call at a time. */
export async function timesOf(url: URL, token: string): Promise<Spread> {
  await timeOf(url, token)
  const rounds: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) rounds.push(await timeOf(url, token))
  return spreadOf(rounds)
}

/** What is compared is the same call at both sizes. */
export async function measureLists(runtime: Miniflare, base: URL): Promise<readonly ListCall[]> {
  const times = CALLS.map((): Spread[] => [])
  let users = 0
  for (const size of SIZES) {
    await seedUsers(runtime, users, size)
    users = size
    const token = await signInAdmin(runtime, base)
    for (const [index, call] of CALLS.entries()) {
      times[index]?.push(await timesOf(new URL(call(size), base), token))
    }
  }
  return CALLS.map((call, index) => ({ name: call(100_000), times: times[index] ?? [] }))
}

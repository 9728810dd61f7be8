import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Miniflare } from 'miniflare'
import { type Contestant, compare, type Measured } from './compare.ts'
import { CONNECTIONS } from './contestants.ts'
import { type Builds, betterAuthScimWorker, migratePostern, posternWorker } from './deployments.ts'
import {
  AIM_BETTER_AUTH,
  DOORS,
  named,
  RATE_HEAD,
  RATIO_HEAD,
  rateRow,
  ratioRow,
  spread,
  table,
  twoPlaces,
  verdict,
  whole,
} from './format.ts'
import { requestOf, type Script } from './load/closed-loop.ts'
import type { LoadProcess } from './load-process.ts'
import { startRuntime } from './runtime.ts'
import { type Spread, spreadOf } from './statistics.ts'

const DOMAIN = 'directory.example'
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
const CORE = 'urn:ietf:params:scim:schemas:core:2.0:User'

/** Requests of a connection. */
const REQUESTS = { 'warm-up': 20, round: 10 }
/** A round ends with its requests, not by the clock; what a queue delivers comes a second later. */
const ROUNDS = { count: 5, milliseconds: 120_000, warmUp: 120_000, settle: 1500 }
/** Of each connection. */
const PEOPLE = 10

const CALLS = ['find', 'create', 'deactivate'] as const
type Call = (typeof CALLS)[number]

const CALL_NAMES: Readonly<Record<Call, string>> = {
  find: 'GET /Users?filter=userName eq',
  create: 'POST /Users',
  deactivate: 'PATCH active',
}

interface DirectoryCall {
  readonly call: Call
  readonly measured: readonly Measured[]
}

/** Milliseconds of a call, one at a time. */
interface DirectoryTimes {
  readonly one: Spread
  readonly many: Spread
  readonly first: Spread
  readonly last: Spread
  readonly lastByIndex: Spread
}

interface Directories {
  readonly calls: readonly DirectoryCall[]
  readonly times: DirectoryTimes
  /** Of a tenant with the limits of a deployment: answers by status. */
  readonly paced: Readonly<Record<string, number>>
}

const MEMBERS = 5_000
const USERS = 100_000
const PACED = { perSecond: 25, seconds: 60 }

interface Side {
  readonly name: string
  readonly base: URL
  readonly home: string
  readonly token: string
}

const userNamed = (name: string) => ({
  schemas: [CORE],
  userName: `${name}@${DOMAIN}`,
  name: { givenName: 'Ada', familyName: 'Lovelace' },
  emails: [{ value: `${name}@${DOMAIN}`, primary: true }],
  active: true,
})

async function ask(side: Side, method: string, path: string, body?: unknown) {
  const answer = await fetch(new URL(`${side.home}${path}`, side.base), {
    method,
    headers: { authorization: `Bearer ${side.token}`, 'content-type': 'application/scim+json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${side.name}: ${method} ${path} answered ${answer.status}: ${text}`)
  return JSON.parse(text) as { id: string; totalResults?: number; Resources?: unknown[]; nextCursor?: string }
}

const patchOf = (...operations: object[]) => ({ schemas: [PATCH_OP], Operations: operations })

/** The requests of one connection: each has people of its own, so that none wait for each other. */
function scriptOf(side: Side, call: Call, people: readonly string[], phase: 'warm-up' | 'round', at: number): Script {
  const lines = { Host: '127.0.0.1', Authorization: `Bearer ${side.token}`, 'Content-Type': 'application/scim+json' }
  const rest = Object.entries(lines).reduce((text, [name, value]) => `${text}${name}: ${value}\r\n`, '')
  const head = (method: string, path: string) => `${method} ${side.home}${path} HTTP/1.1\r\n${rest}`
  const requestAt = (turn: number) => {
    if (call === 'create')
      return requestOf(head('POST', '/Users'), JSON.stringify(userNamed(randomBytes(8).toString('hex'))))
    if (call === 'find') {
      const filter = encodeURIComponent(`userName eq "known-${at}-${turn % PEOPLE}@${DOMAIN}"`)
      return requestOf(head('GET', `/Users?filter=${filter}`), '')
    }
    // Off, and in the next round of them on.
    const value = Math.floor(turn / people.length) % 2 === 1
    const body = JSON.stringify(patchOf({ op: 'replace', path: 'active', value }))
    return requestOf(head('PATCH', `/Users/${people[turn % people.length]}`), body)
  }
  // Twice as many where each is switched off and on again.
  const count = REQUESTS[phase] * (call === 'deactivate' ? 2 : 1)
  return { head: '', body: '', once: Array.from({ length: count }, (_, turn) => requestAt(turn)) }
}

async function makePeople(side: Side): Promise<readonly (readonly string[])[]> {
  const ofConnection = async (connection: number) => {
    const ids: string[] = []
    for (let index = 0; index < PEOPLE; index += 1)
      ids.push((await ask(side, 'POST', '/Users', userNamed(`known-${connection}-${index}`))).id)
    return ids
  }
  return Promise.all(Array.from({ length: CONNECTIONS }, (_, connection) => ofConnection(connection)))
}

/** An organization with a verified domain and a directory, as its admins would have made it. */
async function connectDirectory(runtime: Miniflare): Promise<{ token: string; organizationId: string }> {
  const database = await runtime.getD1Database('DB', 'postern')
  const token = `scim_${randomBytes(48).toString('base64url')}`
  const hash = createHash('sha256').update(token).digest('base64url')
  const [organizationId, now] = [randomUUID(), Date.now()]
  const run = (sql: string, ...values: unknown[]) => database.prepare(sql).bind(...values)
  await database.batch([
    run(
      'insert into organizations (id, name, slug, created_at, updated_at, directory_enabled) values (?1, ?1, ?1, ?2, ?2, 1)',
      organizationId,
      now,
    ),
    run(
      "insert into organization_domains (organization_id, domain, challenge, created_at, verified_at) values (?1, ?1 || '.example', 'x', ?2, ?2)",
      organizationId,
      now,
    ),
    run(
      "insert into scim_configs (id, organization_id, provider, default_role, configuration, created_at, updated_at) values (?1, ?1, 'okta', 'member', '{}', ?2, ?2)",
      organizationId,
      now,
    ),
    run(
      "insert into scim_tokens (id, organization_id, token_hash, prefix, created_at, expires_at, last_used_at) values (?1, ?1, ?2, 'scim_', ?3, ?3 + 86400000, ?3)",
      organizationId,
      hash,
      now,
    ),
  ])
  return { token, organizationId }
}

const ID = "printf('00000000-0000-4000-8000-%012d', i)"

async function seedRecords(runtime: Miniflare, organizationId: string, from: number, to: number): Promise<void> {
  const database = await runtime.getD1Database('DB', 'postern')
  for (let start = from; start < to; start += 10_000)
    await database
      .prepare(
        `with recursive n(i) as (select ?1 union all select i + 1 from n where i + 1 < ?2)
         insert into scim_users (id, organization_id, user_name_key, active, attributes, folded, write_id, created_at, updated_at)
         select ${ID}, ?3, 'seeded' || i, 1, json_object('userName', 'Seeded' || i, 'active', json('true'), 'displayName', 'Seeded ' || i),
           json_object('userName', 'seeded' || i, 'active', json('true'), 'displayName', 'seeded ' || i), 'x', i, i from n`,
      )
      .bind(start, Math.min(to, start + 10_000), organizationId)
      .run()
}

const seededId = (index: number): string => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`

async function timesOf(count: number, work: () => Promise<unknown>, after?: () => Promise<unknown>): Promise<Spread> {
  const rounds: number[] = []
  for (let round = -3; round < count; round += 1) {
    const began = performance.now()
    await work()
    if (round >= 0) rounds.push(performance.now() - began)
    await after?.()
  }
  return spreadOf(rounds)
}

async function measureTimes(runtime: Miniflare, side: Omit<Side, 'token'>): Promise<DirectoryTimes> {
  const { token, organizationId } = await connectDirectory(runtime)
  const tenant = { ...side, token }
  await seedRecords(runtime, organizationId, 1, USERS + 1)
  const { id } = await ask(tenant, 'POST', '/Groups', { displayName: 'Everybody' })
  const membersOf = (count: number) => Array.from({ length: count }, (_, index) => ({ value: seededId(index + 1) }))
  const add = (count: number) => {
    const body = patchOf({ op: 'add', path: 'members', value: membersOf(count) })
    return () => ask(tenant, 'PATCH', `/Groups/${id}`, body)
  }
  const empty = () => ask(tenant, 'PATCH', `/Groups/${id}`, patchOf({ op: 'remove', path: 'members' }))
  const list = (query: string) => () => ask(tenant, 'GET', `/Users?count=100&${query}`)
  const lastCursor = Buffer.from(JSON.stringify([USERS - 100, seededId(USERS - 100)])).toString('base64url')
  const { Resources = [], nextCursor } = await list(`cursor=${lastCursor}`)()
  if (Resources.length !== 100) throw new Error(`the last page has ${Resources.length}, and goes on at ${nextCursor}`)
  return {
    one: await timesOf(20, add(1), empty),
    many: await timesOf(7, add(MEMBERS), empty),
    first: await timesOf(40, list('cursor=')),
    last: await timesOf(40, list(`cursor=${lastCursor}`)),
    lastByIndex: await timesOf(40, list(`startIndex=${USERS - 99}`)),
  }
}

/** A tenant with the limits that a deployment has, in a workerd of its own. */
async function pace({ postern }: Pick<Builds, 'postern'>): Promise<Readonly<Record<string, number>>> {
  const runtime = await startRuntime([await posternWorker(postern, 'postern', { RATE_LIMIT_ADMIN: '5000' })])
  try {
    await migratePostern(runtime)
    const { token } = await connectDirectory(runtime)
    const url = new URL('/api/v1/scim/v2/Users?count=1', await runtime.unsafeGetDirectURL('postern'))
    const statuses: Record<string, number> = {}
    const began = performance.now()
    const asked: Promise<void>[] = []
    for (let turn = 0; turn < PACED.perSecond * PACED.seconds; turn += 1) {
      await setTimeout(Math.max(0, began + (turn * 1000) / PACED.perSecond - performance.now()))
      const asking = fetch(url, { headers: { authorization: `Bearer ${token}` } }).then(async (answer) => {
        await answer.arrayBuffer()
        statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
      })
      asked.push(asking)
    }
    await Promise.all(asked)
    return statuses
  } finally {
    await runtime.dispose()
  }
}

/** In a workerd of their own. */
async function measure(load: LoadProcess, builds: Pick<Builds, 'postern' | 'betterAuthScim'>): Promise<Directories> {
  const rivalsToken = randomBytes(48).toString('base64url')
  const runtime = await startRuntime([
    await posternWorker(builds.postern),
    await betterAuthScimWorker(builds.betterAuthScim, rivalsToken),
  ])
  try {
    await migratePostern(runtime)
    const at = (worker: string) => runtime.unsafeGetDirectURL(worker)
    const rivalsBase = await at('better-auth-scim')
    const migrated = await fetch(new URL('/migrate', rivalsBase))
    if (!migrated.ok) throw new Error(`Better Auth was not migrated: ${await migrated.text()}`)
    const { token, organizationId } = await connectDirectory(runtime)
    const database = await runtime.getD1Database('DB', 'postern')
    await database
      .prepare('update organization_domains set domain = ? where organization_id = ?')
      .bind(DOMAIN, organizationId)
      .run()
    const postern = { name: 'Postern', base: await at('postern'), home: '/api/v1/scim/v2', token }
    const rival = { name: 'Better Auth, d1', base: rivalsBase, home: '/api/auth/scim/v2', token: rivalsToken }
    const sides: (Side & { people: readonly (readonly string[])[] })[] = []
    for (const side of [postern, rival]) sides.push({ ...side, people: await makePeople(side) })
    const calls: DirectoryCall[] = []
    for (const call of CALLS) {
      const contestants = sides.map(
        (side): Contestant => ({
          name: side.name,
          base: side.base,
          scripts: async (phase) => side.people.map((people, index) => scriptOf(side, call, people, phase, index)),
        }),
      )
      calls.push({ call, measured: await compare(load, contestants, ROUNDS) })
    }
    return { calls, times: await measureTimes(runtime, postern), paced: await pace(builds) }
  } finally {
    await runtime.dispose()
  }
}

const AIM_MANY_MEMBERS = 50
const AIM_LAST_PAGE = 1.5

function timeRows({ times, paced }: Directories): string[][] {
  const { one, many, first, last, lastByIndex } = times
  const row = (what: string, time: Spread, beside: Spread, aim?: number) => {
    const ratio = time.median / beside.median
    return [what, spread(time, twoPlaces), twoPlaces(ratio), `${aim ?? ''}`, aim ? verdict(ratio <= aim) : '']
  }
  const isPaced = Object.keys(paced).join() === '200'
  const answers = Object.entries(paced).map(([status, count]) => `${whole(count)} answers ${status}`)
  return [
    ['PATCH that adds 1 member', spread(one, twoPlaces), '', '', ''],
    row(`PATCH that adds ${whole(MEMBERS)} members`, many, one, AIM_MANY_MEMBERS),
    [`the first page of ${whole(USERS)} users`, spread(first, twoPlaces), '', '', ''],
    row('the last page by cursor', last, first, AIM_LAST_PAGE),
    row('the last page by startIndex', lastByIndex, first),
    [`${PACED.perSecond} requests a second for ${PACED.seconds} s`, answers.join(', '), '', 'no 429', verdict(isPaced)],
  ]
}

/** What a directory asks, beside Better Auth's plugin of the same name. */
export async function measureDirectories(
  load: LoadProcess,
  builds: Pick<Builds, 'postern' | 'betterAuthScim'>,
): Promise<string> {
  const directories = await measure(load, builds)
  const ratios = directories.calls.map(({ call, measured }) =>
    ratioRow(
      'socket',
      CALL_NAMES[call],
      named(measured, 'Postern'),
      named(measured, 'Better Auth, d1'),
      AIM_BETTER_AUTH,
    ),
  )
  const rates = directories.calls.flatMap(({ call, measured }) =>
    measured.map((one) => rateRow(DOORS.socket, CALL_NAMES[call], one)),
  )
  return `## Directories

What an organization's directory asks by SCIM, beside \`@better-auth/scim\`.

${table(RATIO_HEAD, ratios)}

${table(RATE_HEAD, rates)}

One call at a time: milliseconds, and how many times as long as the call before it that has no ratio.

${table(['call', 'ms', 'ratio', 'aim', 'reached'], timeRows(directories))}
`
}

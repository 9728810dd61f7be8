import { setTimeout as delay } from 'node:timers/promises'
import type { Miniflare } from 'miniflare'
import { WebSocket } from 'ws'
import type { Build } from './build.ts'
import { migratePostern, posternWorker } from './deployments.ts'
import { createPosternClient, NEW_UUID, type PosternUser, post, signUpPostern, type Tokens } from './fixtures.ts'
import { mebibytes, table, verdict, whole } from './format.ts'
import { startRuntime } from './runtime.ts'

const USERS = 10
/** The most that a user may be in. */
const ORGANIZATIONS_OF_A_USER = 100
const ORGANIZATIONS = USERS * ORGANIZATIONS_OF_A_USER

/** What each organization has. */
const RULES = { roles: 20, permissions: 50, policies: 10 }

interface Memory {
  readonly organizations: number
  /** Bytes that an isolate keeps once it has checked a token of each organization. */
  readonly before: number
  /** Bytes once it has also asked for a permission and evaluated the policies of each. */
  readonly after: number
}

interface Place {
  readonly id: string
  readonly userId: string
  readonly email: string
}

async function seed(runtime: Miniflare): Promise<void> {
  const database = await runtime.getD1Database('DB', 'postern')
  const upTo = (name: string, most: number) =>
    `${name}(i) as (select 1 union all select i + 1 from ${name} where i < ${most})`
  await database.batch(
    [
      `with recursive ${upTo('n', ORGANIZATIONS_OF_A_USER)} insert into organizations (id, name, slug, created_by, created_at, updated_at)
       select ${NEW_UUID}, 'Bench', u.number || '-' || n.i, u.id, 1, 1 from n, users as u`,
      `insert into memberships (id, organization_id, user_id, role, joined_at, taken_up_at)
       select hex(randomblob(16)), id, created_by, 'member', 1, 1 from organizations`,
      `with recursive ${upTo('n', RULES.roles)}, ${upTo('p', RULES.permissions)}
       insert into roles (id, scope, key, name, name_key, permissions, created_at, updated_at)
       select o.id || n.i, o.id, 'r' || n.i, 'r' || n.i, 'r' || n.i,
         (select json_group_array('resource-' || n.i || ':action-' || p.i) from p), 1, 1 from n, organizations as o`,
      `insert into role_assignments (role_id, user_id, scope, assigned_by, assigned_at)
       select r.id, o.created_by, o.id, o.created_by, 1 from roles as r join organizations as o on o.id = r.scope and r.key = 'r1'`,
      `with recursive ${upTo('n', RULES.policies)}
       insert into policies (id, scope, name, effect, resource_pattern, conditions, size, created_at, updated_at)
       select ${NEW_UUID}, o.id, 'Bench', 'allow', 'team-' || n.i || '-*',
         '{"StringEquals":{"context.department":["design","engineering"]}}', 100, 0, 0 from n, organizations as o`,
      'insert into policy_sets select id, 1 from organizations',
    ].map((statement) => database.prepare(statement)),
  )
}

async function listPlaces(runtime: Miniflare): Promise<Place[]> {
  const database = await runtime.getD1Database('DB', 'postern')
  const { results } = await database
    .prepare('select o.id, u.id as userId, u.email from organizations as o join users as u on u.id = o.created_by')
    .all<Place>()
  return results
}

/** An access token of each place, of the session of its user. */
async function openPlaces(base: URL, users: readonly PosternUser[], places: readonly Place[]): Promise<string[]> {
  const refreshTokens = new Map(users.map(({ email, refreshToken }) => [email, refreshToken]))
  const tokens: string[] = []
  for (const { id, email } of places) {
    const body = { refresh_token: refreshTokens.get(email), organization_id: id }
    const answer = (await (await post(new URL('/api/v1/auth/refresh', base), body)).json()) as Tokens
    refreshTokens.set(email, answer.refresh_token)
    tokens.push(answer.access_token)
  }
  return tokens
}

async function check(url: URL, token: string): Promise<void> {
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  if (!answer.ok) throw new Error(`GET ${url.pathname}${url.search} answered ${answer.status}: ${await answer.text()}`)
  await answer.arrayBuffer()
}

async function evaluate(base: URL, machineToken: string, { id, userId }: Place): Promise<void> {
  const question = {
    subject_id: userId,
    organization_id: id,
    resource_type: 'document',
    resource_id: 'team-1-plan',
    action: 'read',
    context: { department: 'design' },
  }
  const answer = await post(new URL('/api/v1/policies/evaluate', base), question, machineToken)
  if (!((await answer.json()) as { allowed: boolean }).allowed) throw new Error('an evaluation answered no')
}

/** How often the inspector is asked, and how long it has each time. */
const ATTEMPTS = 10
const PATIENCE_MS = 5000

/** The bytes of an isolate's heap after a collection, as V8's inspector tells them; undefined when it does not answer in time. */
async function askHeap(runtime: Miniflare, worker: string): Promise<number | undefined> {
  const socket = new WebSocket(new URL(`/core:user:${worker}`, await runtime.getInspectorURL()))
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const ask = (id: number, method: string) =>
    new Promise<{ usedSize?: number }>((resolve, reject) => {
      socket.on('message', (data) => {
        const message = JSON.parse(String(data)) as { id?: number; result?: { usedSize?: number } }
        if (message.id !== id) return
        if (message.result) resolve(message.result)
        else reject(new Error(`${method}: ${String(data)}`))
      })
      socket.send(JSON.stringify({ id, method }))
    })
  const collectAndAsk = async () => {
    // The isolate collects when it next does something.
    const collected = ask(1, 'HeapProfiler.collectGarbage')
    await (await fetch(await runtime.unsafeGetDirectURL(worker))).arrayBuffer()
    await collected
    return (await ask(2, 'Runtime.getHeapUsage')).usedSize
  }
  try {
    return await Promise.race([collectAndAsk(), delay(PATIENCE_MS, undefined, { ref: false })])
  } finally {
    socket.terminate()
  }
}

/** About one connection in four of workerd's inspector never answers: then another one is opened. */
async function heapOf(runtime: Miniflare, worker: string): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const bytes = await askHeap(runtime, worker)
    if (bytes !== undefined) return bytes
  }
  throw new Error(`the inspector of ${worker} did not answer ${ATTEMPTS} times`)
}

/** In a workerd of its own: the isolate of no other measurement. */
async function measure(build: Build): Promise<Memory> {
  const runtime = await startRuntime([await posternWorker(build)], { inspected: true })
  try {
    await migratePostern(runtime)
    const base = await runtime.unsafeGetDirectURL('postern')
    const users = await signUpPostern(base, USERS)
    await seed(runtime)
    const places = await listPlaces(runtime)
    const tokens = await openPlaces(base, users, places)
    const machineToken = await createPosternClient(runtime, base, ['policies:evaluate'])
    const ask = async (index: number) => {
      const [place, token] = [places[index], tokens[index]]
      if (!place || !token) throw new Error('there is no such place')
      await check(new URL('/validate?permission=resource-1:action-1', base), token)
      await evaluate(base, machineToken, place)
    }
    for (const token of tokens) await check(new URL('/validate', base), token)
    // The code is loaded by then.
    await ask(0)
    const before = await heapOf(runtime, 'postern')
    for (let index = 1; index < places.length; index += 1) await ask(index)
    return { organizations: ORGANIZATIONS, before, after: await heapOf(runtime, 'postern') }
  } finally {
    await runtime.dispose()
  }
}

const AIM_MEMORY_MIB = 24

export async function measureMemory(build: Build): Promise<string> {
  const { organizations, before, after } = await measure(build)
  const more = after - before
  const row = [whole(organizations), ...[before, after, more].map(mebibytes), verdict(more <= AIM_MEMORY_MIB * 2 ** 20)]
  return `## Memory

MiB of an isolate's heap after a collection: once it has checked a token of each organization, and once it has asked each for a permission of its ${RULES.roles} roles of ${RULES.permissions} permissions and evaluated its ${RULES.policies} policies. The aim is ${AIM_MEMORY_MIB} MiB more.

${table(['organizations', 'tokens', 'roles and policies, too', 'more', 'reached'], [row])}
`
}

import { beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, env, json } from '../support/app.ts'
import {
  as,
  BREAKING,
  type Call,
  createWorld,
  fails,
  hangs,
  isolateWithout,
  type Part,
  statusOfCall,
  type World,
  withNewUser,
} from './support.ts'

const to = (method: string, body: unknown, headers: Record<string, string>): RequestInit => ({
  ...json(body, headers),
  method,
})

/** What users and admins ask of accounts. None changes what another needs. */
const CALLS = {
  'own account': ({ headers }) => ['/api/v1/users/me', as(headers)],
  'one account': ({ userId, headers }) => [`/api/v1/users/${userId}`, as(headers)],
  'change of one': ({ headers }) => ['/api/v1/users/me', to('PATCH', { bio: 'x' }, headers)],
  list: ({ adminHeaders }) => ['/api/v1/users', as(adminHeaders)],
  search: ({ adminHeaders }) => ['/api/v1/users/search?q=example', as(adminHeaders)],
  users: ({ adminHeaders }) => ['/api/v1/admin/users', as(adminHeaders)],
  user: ({ userId, adminHeaders }) => [`/api/v1/admin/users/${userId}`, as(adminHeaders)],
  role: ({ userId, adminHeaders }) => [`/api/v1/admin/users/${userId}/role`, to('PUT', { role: 'user' }, adminHeaders)],
  unlock: ({ userId, adminHeaders }) => [`/api/v1/admin/users/${userId}/unlock`, as(adminHeaders, 'POST')],
  notification: ({ userId, adminHeaders }) => [
    `/api/v1/admin/users/${userId}/notifications`,
    json({ title: 'x', message: 'y' }, adminHeaders),
  ],
  stats: ({ adminHeaders }) => ['/api/v1/admin/stats', as(adminHeaders)],
  activity: ({ adminHeaders }) => ['/api/v1/admin/activity-logs', as(adminHeaders)],
  configuration: ({ adminHeaders }) => ['/api/v1/admin/config', as(adminHeaders)],
} as const satisfies Record<string, (world: World) => Call>

type CallName = keyof typeof CALLS

const NAMES = Object.keys(CALLS) as CallName[]
const WHOLE: Partial<Record<CallName, number>> = { notification: 201 }

/** What is 503 in an isolate that remembers nothing; all the rest is answered as ever. */
const UNAVAILABLE: Record<Part, readonly CallName[]> = {
  database: NAMES,
  kv: [],
  // Whoever changes an account or asks about others' is asked for by `strong`.
  user: NAMES.filter((name) => name !== 'own account'),
  // What is known of failed attempts is shown where it is known; a lock that stands must not be called lifted.
  guard: ['unlock'],
  feed: [],
  hub: [],
  queue: [],
  mail: [],
}

const whole = createTestApp()

let shared: World
beforeAll(async () => {
  shared = await createWorld(whole)
})

describe.each(Object.entries({ fails, hangs }))('an outage that %s', (_, failure) => {
  it.each(Object.keys(BREAKING) as Part[])(
    'of %s has a stated answer at every endpoint of administration',
    { timeout: 60_000 },
    async (part) => {
      const world = await withNewUser(whole, shared)
      const answers = await Promise.all(
        NAMES.map(async (name) => [name, await statusOfCall(isolateWithout(part, failure), name, CALLS[name](world))]),
      )
      const expected = NAMES.map((name) => [name, UNAVAILABLE[part].includes(name) ? 503 : (WHOLE[name] ?? 200)])
      expect(Object.fromEntries(answers)).toEqual(Object.fromEntries(expected))
    },
  )
})

/** They end what they are asked about: each has a user of its own. The row decides; what else is down is told later. */
const ENDING = {
  suspend: ({ userId, adminHeaders }) => [`/api/v1/admin/users/${userId}/suspend`, as(adminHeaders, 'POST')],
  delete: ({ userId, adminHeaders }) => [`/api/v1/admin/users/${userId}`, as(adminHeaders, 'DELETE')],
  'force delete': ({ userId, adminHeaders }) => [
    `/api/v1/admin/users/${userId}/force-delete`,
    as(adminHeaders, 'DELETE'),
  ],
} as const satisfies Record<string, (world: World) => Call>

describe.each(Object.entries(ENDING))('%s', (name, call) => {
  const statusIn = async (userId: string) =>
    (await env.DB.prepare('select status from users where id = ?').bind(userId).first<{ status: string }>())?.status

  it.each(['database', 'user'] as const)(
    'changes nothing without %s, for nobody can be sure who asks',
    async (part) => {
      const world = await withNewUser(whole, shared)
      expect(await statusOfCall(isolateWithout(part, fails), name, call(world))).toBe(503)
      expect(await statusIn(world.userId)).toBe('active')
      const strong = await whole.fetch('/validate?consistency=strong', as(world.headers))
      expect(strong.status).toBe(200)
    },
  )

  it.each(['kv', 'guard', 'feed', 'hub', 'queue'] as const)('ends the sessions without %s', async (part) => {
    const world = await withNewUser(whole, shared)
    expect(await statusOfCall(isolateWithout(part, fails), name, call(world))).toBe(200)
    expect(await statusIn(world.userId)).not.toBe('active')
    const strong = await createTestApp().fetch('/validate?consistency=strong', as(world.headers))
    expect(strong.status).toBe(401)
    expect((await whole.fetch('/api/v1/auth/refresh', json({ refresh_token: world.refreshToken }))).status).toBe(401)
  })
})

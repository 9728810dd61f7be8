import type { Miniflare } from 'miniflare'
import type { Contestant } from './compare.ts'
import { BETTER_AUTH_STORES, type BetterAuthStore } from './deployments.ts'
import { ALLOWED, type BetterAuthUser, type PosternUser } from './fixtures.ts'
import type { Script } from './load/closed-loop.ts'

/** Connections of one contestant: two cores are kept busy by far fewer, and more would measure the queue. */
export const CONNECTIONS = 16
/** A password hash takes a core for itself: more would only stand in line. */
const SIGN_IN_CONNECTIONS = 2

/**
 * How a request comes to a Worker: through its own socket, or through miniflare's front Worker, which is what stands
 * before it under `wrangler dev`. The first hides nothing, the second is nearer to a real front door.
 */
export type Door = 'socket' | 'front'

const WORKERS = ['postern', 'bare-hono', 'refresh-parts', ...BETTER_AUTH_STORES.map((store) => `better-auth-${store}`)]

interface Ask {
  readonly worker: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly carry?: string
}

function scriptOf({ worker, method, path, headers = {}, body, carry }: Ask, door: Door): Script {
  const lines = {
    Host: '127.0.0.1',
    ...(door === 'front' ? { 'MF-Route-Override': worker } : {}),
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...headers,
  }
  const head = Object.entries(lines).reduce((text, [name, value]) => `${text}${name}: ${value}\r\n`, '')
  return {
    head: `${method} ${path} HTTP/1.1\r\n${head}`,
    body: body === undefined ? '' : JSON.stringify(body),
    ...(carry ? { carry } : {}),
  }
}

export type MakeContestant = (
  name: string,
  worker: string,
  ask: (connection: number) => Omit<Ask, 'worker'>,
  connections?: number,
) => Contestant

/** Contestants of one runtime, behind one kind of door. */
export async function contestantsAt(runtime: Miniflare, door: Door): Promise<MakeContestant> {
  const front = await runtime.ready
  const sockets = new Map<string, URL>()
  for (const worker of WORKERS) sockets.set(worker, await runtime.unsafeGetDirectURL(worker))
  return (name, worker, ask, connections = CONNECTIONS) => ({
    name,
    base: door === 'front' ? front : (sockets.get(worker) ?? front),
    scripts: Array.from({ length: connections }, (_, connection) => scriptOf({ worker, ...ask(connection) }, door)),
  })
}

const bearer = (user: PosternUser) => ({ Authorization: `Bearer ${user.accessToken}` })

export interface Users {
  readonly postern: readonly PosternUser[]
  /** Of an organization, each with a custom role. */
  readonly members: readonly PosternUser[]
  /** Of no organization, one for each connection. */
  readonly strangers: readonly PosternUser[]
  /** Of ten organizations, one for each connection. */
  readonly joiners: readonly PosternUser[]
  readonly betterAuth: Readonly<Record<BetterAuthStore, readonly BetterAuthUser[]>>
}

/** The user of a connection: users are shared by connections when there are fewer. */
function userOf<User>(users: readonly User[], connection: number): User {
  const user = users[connection % users.length]
  if (!user) throw new Error('there are no users')
  return user
}

/** The bare Worker gets the very request that Postern gets. By POST it is asked twice: once it reads nothing, once the body. */
export function validateContestants(make: MakeContestant, users: Users, method: 'GET' | 'POST'): Contestant[] {
  const askAt = (path: string) => (connection: number) => {
    const user = userOf(users.postern, connection)
    return method === 'GET'
      ? { method, path, headers: bearer(user) }
      : { method, path, body: { token: user.accessToken } }
  }
  const bare = make('bare Hono', 'bare-hono', askAt('/validate'))
  const postern = make('Postern', 'postern', askAt('/validate'))
  if (method === 'GET') return [bare, postern]
  return [bare, postern, make('bare Hono, body read', 'bare-hono', askAt('/validate/read'))]
}

/** The same tokens: what one asks for is allowed by the role in the organization, what the other does by a custom role. */
export function permissionContestants(make: MakeContestant, users: Users): Contestant[] {
  const askFor = (permission: string) => (connection: number) => ({
    method: 'GET' as const,
    path: `/validate?permission=${permission}`,
    headers: bearer(userOf(users.members, connection)),
  })
  return [
    make('system role', 'postern', askFor(ALLOWED.bySystemRole)),
    make('custom role', 'postern', askFor(ALLOWED.byCustomRole)),
  ]
}

export function getSessionContestant(make: MakeContestant, users: Users, store: BetterAuthStore): Contestant {
  return make(`Better Auth, ${store}`, `better-auth-${store}`, (connection) => ({
    method: 'GET',
    path: '/api/auth/get-session',
    headers: { Cookie: userOf(users.betterAuth[store], connection).cookie },
  }))
}

/** A refresh, and beside it what none can do without: each connection has an object of its own, as each user has. */
export function refreshContestants(make: MakeContestant, users: Users): Contestant[] {
  const postern = make('Postern', 'postern', (connection) => ({
    method: 'POST',
    path: '/api/v1/auth/refresh',
    body: { refresh_token: userOf(users.postern, connection).refreshToken },
    carry: 'refresh_token',
  }))
  const parts = make('the parts alone', 'refresh-parts', (connection) => ({
    method: 'GET',
    path: `/user${connection}`,
  }))
  return [postern, parts]
}

/** Sessions of users who are in no organization, and of members of ten whose session is of one of them. */
export function refreshOfMembersContestants(make: MakeContestant, users: Users): Contestant[] {
  const refreshing = (these: readonly PosternUser[]) => (connection: number) => ({
    method: 'POST' as const,
    path: '/api/v1/auth/refresh',
    body: { refresh_token: userOf(these, connection).refreshToken },
    carry: 'refresh_token',
  })
  return [make('of none', 'postern', refreshing(users.strangers)), make('of ten', 'postern', refreshing(users.joiners))]
}

/** An evaluation, and beside it what none can do without. */
export function evaluationContestants(make: MakeContestant, accessToken: string, question: object): Contestant[] {
  const headers = { Authorization: `Bearer ${accessToken}` }
  const ask = (path: string, body: object) => () => ({ method: 'POST' as const, path, headers, body })
  return [
    make('Postern', 'postern', ask('/api/v1/policies/evaluate', question)),
    make('one row of D1', 'refresh-parts', ask('/row', { ...question, user: '1' })),
  ]
}

export function signInContestants(make: MakeContestant, users: Users): Contestant[] {
  const postern = (connection: number) => {
    const { email, password } = userOf(users.postern, connection)
    return { method: 'POST', path: '/api/v1/auth/signin', body: { email, password } } as const
  }
  const betterAuth = (connection: number) => {
    const { email, password } = userOf(users.betterAuth.d1, connection)
    return { method: 'POST', path: '/api/auth/sign-in/email', body: { email, password } } as const
  }
  return [
    make('Postern', 'postern', postern, SIGN_IN_CONNECTIONS),
    make('Better Auth, d1', 'better-auth-d1', betterAuth, SIGN_IN_CONNECTIONS),
  ]
}

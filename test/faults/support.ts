import { expect } from 'vitest'
import { openSession } from '../../src/features/sessions/service/opening.ts'
import type { User } from '../../src/features/users/types.ts'
import { form, freshMachine, type Machine, requestToken } from '../features/oauth/support.ts'
import { createTestApp, json, type TestApp } from '../support/app.ts'
import { newAddress } from '../support/users.ts'
import { newEmail, type OpenAccount, openAccount, PASSWORD } from '../support/world.ts'

export type Failure = () => Promise<never>

export const fails: Failure = () => Promise.reject(new Error('down'))
export const hangs: Failure = () => new Promise<never>(() => undefined)

/** Tests of what hangs wait most of the time, and may wait together. */
export const FAILURES: readonly (readonly [how: string, failure: Failure, options: { concurrent: boolean }])[] = [
  ['fails', fails, { concurrent: false }],
  ['hangs', hangs, { concurrent: true }],
]

/** A stub or a store that answers every call with the failure. */
const broken = (failure: Failure): object => new Proxy({}, { get: () => failure })

function brokenDatabase(failure: Failure): object {
  const statement: object = { bind: () => statement, run: failure, all: failure, raw: failure, first: failure }
  return { withSession: () => ({ prepare: () => statement, batch: failure }) }
}

const brokenObjects = (failure: Failure): object => ({ getByName: () => broken(failure) })

/** The platform's own bindings fail: what bounds and translates them is under test too. */
export const BREAKING = {
  database: (failure: Failure) => ({ DB: brokenDatabase(failure) }),
  kv: (failure: Failure) => ({ KV: broken(failure) }),
  user: (failure: Failure) => ({ USER_AUTHORITY: brokenObjects(failure) }),
  guard: (failure: Failure) => ({ SIGN_IN_GUARD: brokenObjects(failure) }),
  feed: (failure: Failure) => ({ REVOCATION_FEED: brokenObjects(failure) }),
  hub: (failure: Failure) => ({ EVENT_HUB: brokenObjects(failure) }),
  queue: (failure: Failure) => ({ OBJECT_EVENTS: broken(failure) }),
  mail: (failure: Failure) => ({ MAIL: broken(failure) }),
} as const

export type Part = keyof typeof BREAKING

/** An isolate that knows nothing yet, with a part of the platform out of order. */
export const isolateWithout = (part: Part, failure: Failure): TestApp => createTestApp({ env: BREAKING[part](failure) })

/** Who asks. */
export interface World {
  readonly email: string
  readonly userId: string
  readonly sessionId: string
  readonly accessToken: string
  readonly refreshToken: string
  readonly headers: Record<string, string>
  readonly adminHeaders: Record<string, string>
  /** Of another session of the user, which was ended. */
  readonly revokedHeaders: Record<string, string>
  readonly machine: Machine
  readonly machineToken: string
}

async function endedSession(app: TestApp, user: User): Promise<Record<string, string>> {
  const { tokens } = await openSession(await app.ctx(), { user, amr: ['pwd'] })
  const headers = bearerOf(tokens.accessToken)
  expect((await app.fetch('/api/v1/auth/signout', as(headers, 'POST'))).status).toBe(200)
  return headers
}

export const bearerOf = (token: string) => ({ authorization: `Bearer ${token}` })

const partOf = ({ user, session, tokens }: OpenAccount) => ({
  email: user.email,
  userId: user.id,
  sessionId: session.id,
  accessToken: tokens.accessToken,
  refreshToken: tokens.refreshToken,
  headers: bearerOf(tokens.accessToken),
})

export async function createWorld(app: TestApp): Promise<World> {
  const [account, admin] = await Promise.all([openAccount(app), openAccount(app, { role: 'admin' })])
  const machine = await freshMachine(app, ['introspect', 'events:read'])
  return {
    ...partOf(account),
    adminHeaders: bearerOf(admin.tokens.accessToken),
    revokedHeaders: await endedSession(app, account.user),
    machine,
    machineToken: await requestToken(app, machine),
  }
}

/** The same world with a user of its own: for what ends or changes the user. */
export const withNewUser = async (app: TestApp, world: World): Promise<World> => ({
  ...world,
  ...partOf(await openAccount(app)),
})

export type Call = readonly [path: string, init?: RequestInit]

export const as = (headers: Record<string, string>, method = 'GET'): RequestInit => ({ method, headers })

/** The same claims under a signature that is not theirs. */
const tampered = (token: string): string => token.replace(/[^.]{8}$/, 'AAAAAAAA')

/** Every endpoint that asks a store, by a name that tells what is asked of it. */
export const CALLS = {
  'sign-up': () => ['/api/v1/auth/signup', from(json({ email: newEmail(), password: PASSWORD }))],
  'sign-in': ({ email }) => ['/api/v1/auth/signin', from(json({ email, password: PASSWORD }))],
  'sign-in, wrong password': ({ email }) => ['/api/v1/auth/login', from(json({ email, password: 'no' }))],
  refresh: ({ refreshToken }) => ['/api/v1/auth/refresh', json({ refresh_token: refreshToken })],
  me: ({ headers }) => ['/api/v1/auth/me', as(headers)],
  profile: ({ headers }) => ['/api/v1/auth/profile', as(headers)],
  'sign-out': ({ headers }) => ['/api/v1/auth/signout', as(headers, 'POST')],
  sessions: ({ headers }) => ['/api/v1/sessions', as(headers)],
  'current session': ({ headers }) => ['/api/v1/sessions/current', as(headers)],
  'use of the session': ({ headers }) => ['/api/v1/sessions/refresh', as(headers, 'POST')],
  'revoke one': ({ sessionId, headers }) => [`/api/v1/sessions/${sessionId}`, as(headers, 'DELETE')],
  'revoke others': ({ headers }) => ['/api/v1/sessions/all', as(headers, 'DELETE')],
  "a user's sessions": ({ userId, adminHeaders }) => [`/api/v1/users/${userId}/sessions`, as(adminHeaders)],
  check: ({ headers }) => ['/validate', as(headers)],
  'check, Envoy': ({ headers }) => ['/validate/app', as({ ...headers, 'x-auth-require': 'role=user' }, 'POST')],
  'check, revoked': ({ revokedHeaders }) => ['/validate', as(revokedHeaders)],
  'check, tampered': ({ accessToken }) => ['/validate', as(bearerOf(tampered(accessToken)))],
  'check, strong': ({ headers }) => ['/validate?consistency=strong', as(headers)],
  'check, machine': ({ machineToken }) => ['/validate', as(bearerOf(machineToken))],
  'check, strong machine': ({ machineToken }) => ['/validate?consistency=strong', as(bearerOf(machineToken))],
  'JSON check': ({ accessToken }) => ['/api/v1/auth/validate', json({ token: accessToken })],
  'client token': ({ machine }) => ['/oauth/token', form({ grant_type: 'client_credentials' }, machine.basic)],
  'client token, wrong secret': ({ machine }) => [
    '/oauth/token',
    form({ grant_type: 'client_credentials', client_id: machine.client.id, client_secret: 'no' }),
  ],
  'introspect access': ({ accessToken, machine }) => ['/oauth/introspect', form({ token: accessToken }, machine.basic)],
  'introspect refresh': ({ refreshToken, machine }) => [
    '/oauth/introspect',
    form({ token: refreshToken }, machine.basic),
  ],
  revoke: ({ refreshToken }) => ['/oauth/revoke', form({ token: refreshToken, client_id: 'postern' })],
  ticket: ({ headers }) => ['/api/v1/websocket/ticket', as(headers, 'POST')],
  'ticket, machine': ({ machineToken }) => ['/api/v1/websocket/ticket', as(bearerOf(machineToken), 'POST')],
  socket: ({ accessToken }) => [`/api/v1/ws?token=${accessToken}`, as({ upgrade: 'websocket' })],
  'socket, machine': ({ machineToken }) => [`/api/v1/ws?token=${machineToken}`, as({ upgrade: 'websocket' })],
  keys: () => ['/.well-known/jwks.json'],
  discovery: () => ['/.well-known/openid-configuration'],
  'ring of keys': ({ adminHeaders }) => ['/api/v1/admin/keys', as(adminHeaders)],
  clients: ({ adminHeaders }) => ['/api/v1/admin/clients', as(adminHeaders)],
  'new client': ({ adminHeaders }) => ['/api/v1/admin/clients', json({ name: 'robot', scopes: [] }, adminHeaders)],
  health: () => ['/health'],
  'API health': () => ['/api/v1/health'],
  readiness: () => ['/readiness'],
  liveness: () => ['/liveness'],
  'detailed health': ({ adminHeaders }) => ['/api/v1/health/detailed', as(adminHeaders)],
} as const satisfies Record<string, (world: World) => Call>

export type CallName = keyof typeof CALLS

function from(init: RequestInit): RequestInit {
  return { ...init, headers: { ...(init.headers as Record<string, string>), 'cf-connecting-ip': newAddress() } }
}

/** No endpoint waits longer than 5 s for a part or two; the rest is for hundreds of calls on one core. */
const BOUND_MS = 20_000

export const statusOf = (app: TestApp, world: World, name: CallName): Promise<number> =>
  statusOfCall(app, name, CALLS[name](world))

/** What a call is answered, in bounded time. A socket that opens is closed. */
export async function statusOfCall(app: TestApp, name: string, [path, init]: Call): Promise<number> {
  const began = performance.now()
  const answer = await app.fetch(path, init)
  expect([name, performance.now() - began < BOUND_MS]).toEqual([name, true])
  answer.webSocket?.accept()
  answer.webSocket?.close()
  if (answer.status >= 500) await expectStated(name, path, answer)
  return answer.status
}

const HEALTH: readonly string[] = ['health', 'API health', 'readiness', 'detailed health']

/** An outage is answered in the words of its surface, and never as an internal error. */
async function expectStated(name: string, path: string, answer: Response): Promise<void> {
  const body = await answer.json<{ code?: string; error?: unknown }>()
  if (HEALTH.includes(name)) return
  const told = path.startsWith('/oauth/') ? body.error : body.code
  expect([name, told]).toEqual([name, path.startsWith('/oauth/') ? 'temporarily_unavailable' : 'SERVICE_UNAVAILABLE'])
}

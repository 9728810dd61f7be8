import { beforeAll } from 'vitest'
import { listRoutes } from '../../src/app.ts'
import type { Route } from '../../src/http/router.ts'
import { createWorld, type World } from '../authorization/principals.ts'
import { type Call, sceneOf, toPath } from '../authorization/row.ts'
import { ROWS } from '../authorization/rows.ts'
import { createTestApp } from '../support/app.ts'
import { newAddress } from '../support/users.ts'

const UNLIMITED = { RATE_LIMIT_AUTHENTICATED: '1000000', RATE_LIMIT_ADMIN: '1000000' }

export const app = createTestApp({ env: UNLIMITED })

let world: World | null = null

/** A world of the calling file's own: files share a runtime, and a test between them may revoke the key that signed its tokens. */
export function useWorld(): void {
  beforeAll(async () => {
    world = await createWorld(app, ['introspect', 'events:read'])
  })
}

export const nameOf = ({ method, path }: Route): string => `${method} ${path}`

/** Routes by name, for a table of tests. */
export const named = (wanted: (route: Route) => boolean): (readonly [string, Route])[] =>
  listRoutes()
    .filter(wanted)
    .map((route) => [nameOf(route), route] as const)

type Named = readonly [string, Route]

/** The first route of each kind: what is decided for a kind is decided once. */
export function onePerKind(routes: readonly Named[], kindOf: (route: Route) => unknown): readonly Named[] {
  const kinds = routes.map(([, route]) => kindOf(route))
  return routes.filter((_, index) => kinds.indexOf(kinds[index]) === index)
}

const bodies: unknown[] = []

/** The number of a body's schema. */
function numberOf(body: unknown): number {
  if (!bodies.includes(body)) bodies.push(body)
  return bodies.indexOf(body)
}

/** Other paths of one route have its handler, and name it as what to call instead. */
export const onePerHandler = (routes: readonly Named[]) =>
  onePerKind(routes, ({ method, spec }) => `${method} ${spec.instead ?? spec.id} ${numberOf(spec.body)}`)

/** What would be too much if it were taken: such requests are only sent when the schema refuses them. */
const TOO_MUCH: readonly string[] = ['POST /api/v1/admin/keys/rotate', 'POST /api/v1/admin/maintenance-mode']

export const mayBeTaken = (route: Route): boolean => !TOO_MUCH.includes(nameOf(route))

/** Somebody whom the guard lets in. */
export interface Caller {
  readonly userId: string | null
  readonly token: string | null
  /** A good request of theirs, as the authorization matrix has it. */
  call(): Promise<Call>
  send(call: Call, raw?: RawBody): Promise<Response>
  /** To a path as it stands. */
  sendTo(path: string, call: Call): Promise<Response>
}

/** A body as it is sent, instead of the call's. */
export interface RawBody {
  readonly type: string
  readonly bytes: string | Uint8Array<ArrayBuffer>
}

/** Few enough that no limit of a network is reached; each network has an object of its own. */
const REQUESTS_OF_ADDRESS = 4

function addresses(): () => string {
  let [address, left] = ['', 0]
  return () => {
    if (left === 0) [address, left] = [newAddress(), REQUESTS_OF_ADDRESS]
    left -= 1
    return address
  }
}

/** With accounts of their own: what they ask may be done. */
export const callerOf = (route: Route): Promise<Caller> => callerIn(route, false)

/** With the accounts of the file: what they ask is refused before anything is done. */
export const refusedCallerOf = (route: Route): Promise<Caller> => callerIn(route, true)

const principalOf = ({ spec: { guard } }: Route) =>
  guard.kind === 'admin' || guard.kind === 'directory' ? guard.kind : 'user'

async function callerIn(route: Route, isRefused: boolean): Promise<Caller> {
  const principal = principalOf(route)
  if (world === null) throw new Error('the file has not called useWorld')
  const scene = sceneOf(world, route, principal, isRefused)
  const address = addresses()
  const token = await scene.token()
  const row = ROWS[nameOf(route)]
  return {
    token,
    userId: principal === 'user' ? (await scene.owner()).user.id : null,
    call: async () => (await row?.call?.(scene)) ?? {},
    send: (call, raw) => sendOf(route, toPath(route.path, call.path), call, { token, address: address() }, raw),
    sendTo: (path, call) => sendOf(route, path, call, { token, address: address() }),
  }
}

const encodingOf = (route: Route, body: unknown): RawBody =>
  route.spec.encoding === 'form'
    ? {
        type: 'application/x-www-form-urlencoded',
        bytes: new URLSearchParams((body ?? {}) as Record<string, string>).toString(),
      }
    : { type: 'application/json', bytes: JSON.stringify(body ?? {}) }

interface From {
  readonly token: string | null
  readonly address: string
}

function sendOf(route: Route, path: string, call: Call, { token, address }: From, raw?: RawBody): Promise<Response> {
  const { type, bytes } = raw ?? encodingOf(route, call.body)
  const query = Object.keys(call.query ?? {}).length > 0 ? `?${new URLSearchParams(call.query)}` : ''
  return app.fetch(path + query, {
    method: route.method,
    redirect: 'manual',
    headers: {
      'cf-connecting-ip': address,
      ...(route.spec.body ? { 'content-type': type } : {}),
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...call.headers,
      ...(raw ? { 'content-type': raw.type } : {}),
    },
    ...(route.spec.body ? { body: bytes } : {}),
  })
}

/** Refusals that tell nothing by their time take 400 ms each. */
const AT_ONCE = 48

/** Runs work a few at a time. */
export async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += AT_ONCE)
    await Promise.all(items.slice(from, from + AT_ONCE).map(work))
}

import { beforeAll } from 'vitest'
import { listRoutes } from '../../src/app.ts'
import type { Route } from '../../src/http/router.ts'
import type { World } from '../authorization/principals.ts'
import { createWorld } from '../authorization/principals.ts'
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

export async function callerOf(route: Route): Promise<Caller> {
  const principal = route.spec.guard.kind === 'admin' ? 'admin' : 'user'
  if (world === null) throw new Error('the file has not called useWorld')
  const scene = sceneOf(world, route, principal)
  const token = await scene.token()
  const row = ROWS[nameOf(route)]
  return {
    token,
    userId: principal === 'user' ? (await scene.owner()).user.id : null,
    call: async () => (await row?.call?.(scene)) ?? {},
    send: (call, raw) => sendOf(route, toPath(route.path, call.path), call, token, raw),
    sendTo: (path, call) => sendOf(route, path, call, token),
  }
}

const encodingOf = (route: Route, body: unknown): RawBody =>
  route.spec.encoding === 'form'
    ? {
        type: 'application/x-www-form-urlencoded',
        bytes: new URLSearchParams((body ?? {}) as Record<string, string>).toString(),
      }
    : { type: 'application/json', bytes: JSON.stringify(body ?? {}) }

function sendOf(route: Route, path: string, call: Call, token: string | null, raw?: RawBody): Promise<Response> {
  const { type, bytes } = raw ?? encodingOf(route, call.body)
  const query = Object.keys(call.query ?? {}).length > 0 ? `?${new URLSearchParams(call.query)}` : ''
  return app.fetch(path + query, {
    method: route.method,
    redirect: 'manual',
    headers: {
      'cf-connecting-ip': newAddress(),
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

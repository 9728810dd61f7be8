import { applyD1Migrations, type D1Migration } from 'cloudflare:test'
import { env as workerEnv } from 'cloudflare:workers'
import type { Ctx } from '../../../src/context.ts'
import { listSigningKeys } from '../../../src/features/keys/store/ring.ts'
import type { SigningKeyRow } from '../../../src/features/keys/tables.ts'
import type { ClientClaims, UserClaims } from '../../../src/features/keys/types.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'

const { RING_DB, TEST_MIGRATIONS } = workerEnv as unknown as { RING_DB: D1Database; TEST_MIGRATIONS: D1Migration[] }

/** A database has one key ring, so these tests have their own database, which is empty at the start of each test. */
export async function emptyRing(): Promise<void> {
  await applyD1Migrations(RING_DB, TEST_MIGRATIONS)
  await RING_DB.batch([RING_DB.prepare('delete from signing_keys'), RING_DB.prepare('delete from events')])
}

export const ringRows = (): Promise<SigningKeyRow[]> => listSigningKeys({ openDatabase: () => RING_DB })

export async function ringEvents(): Promise<string[]> {
  const { results } = await RING_DB.prepare('select type from events order by position').all<{ type: string }>()
  return results.map((row) => row.type)
}

export const changeRing = (statement: string, ...values: unknown[]) =>
  RING_DB.prepare(statement)
    .bind(...values)
    .run()

/** A D1 that counts reads of the key ring and can be made to fail. */
export interface Tap {
  reads: number
  isDown: boolean
  hangs: boolean
}

const never = () => new Promise<never>(() => undefined)
const hanging = { bind: () => hanging, run: never, all: never, raw: never } as unknown as D1PreparedStatement

function tapped(tap: Tap): D1Database {
  const withSession = () => {
    const session = RING_DB.withSession('first-primary')
    return {
      prepare(query: string) {
        if (tap.isDown) throw new Error('D1 is down')
        if (query.startsWith('select') && query.includes('signing_keys')) tap.reads += 1
        return tap.hangs ? hanging : session.prepare(query)
      },
      batch: (statements: D1PreparedStatement[]) => session.batch(statements),
    }
  }
  return { withSession } as unknown as D1Database
}

export interface RingIsolate extends TestApp {
  readonly tap: Tap
}

/** An isolate on the tests' own key ring, with a clock that the test sets. */
export function ringIsolate(clock: { now: number }, variables: Record<string, string> = {}): RingIsolate {
  const tap: Tap = { reads: 0, isDown: false, hangs: false }
  const app = createTestApp({
    env: { DB: tapped(tap), ...variables },
    override: (ctx) => ({ ...ctx, now: () => clock.now }),
  })
  return { ...app, tap }
}

export function clientClaims(ctx: Ctx, changes: Partial<ClientClaims> = {}): ClientClaims {
  const id = newUuid()
  const iat = Math.floor(ctx.now() / 1000)
  const { PUBLIC_URL: iss, AUDIENCE: aud, ACCESS_TOKEN_SECONDS } = ctx.config
  const exp = iat + ACCESS_TOKEN_SECONDS
  return { iss, aud, client_id: id, sub: id, jti: newUuid(), iat, exp, type: 'access', scope: '', ...changes }
}

export function userClaims(ctx: Ctx, changes: Partial<UserClaims> = {}): UserClaims {
  const { scope: _, ...machine } = clientClaims(ctx)
  return {
    ...machine,
    client_id: 'postern',
    sid: newUuid(),
    ver: 1,
    email: 'ada@example.com',
    username: 'ada',
    number: 1,
    role: 'user',
    roles: ['user'],
    org_id: null,
    org_role: null,
    org_roles: [],
    org_ver: null,
    permissions: [],
    amr: ['pwd'],
    acr: 'aal1',
    auth_time: machine.iat,
    ...changes,
  }
}

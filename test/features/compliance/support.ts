import { applyD1Migrations, type D1Migration } from 'cloudflare:test'
import { env as workerEnv } from 'cloudflare:workers'
import type { Ctx } from '../../../src/context.ts'
import { sealRecord } from '../../../src/features/audit/service/seal.ts'
import { rotateKeys } from '../../../src/features/keys/service/tokens.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { Isolate } from '../../../src/lib/isolate.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'

const { COMPLIANCE_DB, TEST_MIGRATIONS } = workerEnv as unknown as {
  COMPLIANCE_DB: D1Database
  TEST_MIGRATIONS: D1Migration[]
}

/** Controls look at every row of a deployment, so these tests have a database of their own. */
export const run = (sql: string, ...values: unknown[]) =>
  COMPLIANCE_DB.prepare(sql)
    .bind(...values)
    .run()

export const rowsOf = async <T = Record<string, unknown>>(sql: string, ...values: unknown[]): Promise<T[]> =>
  (
    await COMPLIANCE_DB.prepare(sql)
      .bind(...values)
      .all<T>()
  ).results

/** Triggers fill these from other tables, so they go last. */
const COUNTED = ['counts', 'user_counts']

/** Tables of which these tests need nothing that others wrote. */
const TABLES = [
  ...['users', 'events', 'audit_blocks', 'audit_keys', 'signing_keys', 'webhook_endpoints', 'mails', 'dead_letters'],
  ...['invitations', 'memberships', 'clients', 'sso_connections', 'totp_factors', 'compliance_days'],
  ...['compliance_reports', 'retention_days', 'data_requests', 'organizations', 'legal_holds'],
]

const emptying = () => [...TABLES, ...COUNTED].map((table) => COMPLIANCE_DB.prepare(`delete from ${table}`))

/** One without rows, with every table and trigger. */
export async function emptyDatabase(): Promise<void> {
  await applyD1Migrations(COMPLIANCE_DB, TEST_MIGRATIONS)
  await COMPLIANCE_DB.batch(emptying())
}

const inserting = (table: string, row: Readonly<Record<string, unknown>>): D1PreparedStatement =>
  COMPLIANCE_DB.prepare(
    `insert into ${table} (${Object.keys(row).join()}) values (${Object.keys(row).map(() => '?')})`,
  ).bind(...Object.values(row))

const GOOD_HEADERS = {
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'self'",
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
}

/** Settings under which every control holds. */
export const GOOD_SETTINGS = {
  PUBLIC_URL: 'https://auth.example.test',
  ADMIN_SECRET_KEY: '',
  BREACHED_PASSWORD_CHECK: 'true',
  PASSWORD_MIN_LENGTH: '12',
  REQUIRE_VERIFIED_EMAIL: 'true',
  EVENT_RETENTION_DAYS: '365',
  JWT_ALG: 'ES256',
}

export interface Parts {
  readonly settings?: Readonly<Record<string, string>>
  /** Headers of the answer at the public address. */
  readonly headers?: Readonly<Record<string, string>>
  readonly override?: (ctx: Ctx) => Ctx
  /** A statement that contains it fails. */
  readonly failsAt?: string
  /** Every statement that is prepared. */
  readonly asked?: string[]
}

function watched({ failsAt, asked }: Parts): D1Database {
  const withSession = () => {
    const session = COMPLIANCE_DB.withSession('first-primary')
    return {
      prepare(query: string) {
        asked?.push(query)
        if (failsAt !== undefined && query.includes(failsAt)) throw new Error('D1 is down')
        return session.prepare(query)
      },
      batch: (statements: D1PreparedStatement[]) => session.batch(statements),
    }
  }
  return { withSession } as unknown as D1Database
}

/** The suite's KV knows the head of another chain. */
const emptyKv = (): KVNamespace => {
  const values = new Map<string, string>()
  return {
    get: async (key: string, type?: string) => {
      const value = values.get(key) ?? null
      return value !== null && type === 'json' ? JSON.parse(value) : value
    },
    put: async (key: string, value: string) => void values.set(key, value),
    delete: async (key: string) => void values.delete(key),
    list: async () => ({ keys: [], list_complete: true }),
  } as unknown as KVNamespace
}

export function deploy(parts: Parts = {}): TestApp {
  const { settings = {}, headers = GOOD_HEADERS, override } = parts
  return createTestApp({
    isolate: new Isolate(),
    env: {
      ...GOOD_SETTINGS,
      ...settings,
      DB: watched(parts),
      KV: emptyKv(),
    },
    override: (ctx) => {
      const answering = { ...ctx, fetch: async () => new Response('{}', { headers }) } as Ctx
      return override ? override(answering) : answering
    },
  })
}

/** An argon2id hash with today's parameters, of no password. */
const HASH = '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

/** An admin of the platform, of whom nothing is to be said. Columns replace theirs. */
export async function insertUser(columns: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const now = Date.now()
  const row = {
    id: newUuid(),
    email: `${newUuid()}@example.test`,
    email_verified_at: 1,
    role: 'admin',
    status: 'active',
    mfa_enabled: 1,
    password_hash: HASH,
    created_at: now,
    updated_at: now,
    last_sign_in_at: now,
    ...columns,
  }
  await inserting('users', row).run()
  return row.id
}

export async function insertEndpoint(columns: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const row = {
    id: newUuid(),
    url: 'https://logs.example.test/',
    events: JSON.stringify(['audit.*']),
    secret_sealed: `${(await deploy().ctx()).config.rootKeys.current.id}.sealed`,
    ordered: 0,
    batch: 0,
    audit: 0,
    created_at: 1,
    updated_at: 1,
    ...columns,
  }
  await inserting('webhook_endpoints', row).run()
}

/** Events of the record, delivered. */
export async function insertEvents(count: number, { time = Date.now(), deliveredAt = 1 as number | null } = {}) {
  for (let index = 0; index < count; index += 1)
    await run(
      `insert into events (id, type, time, subject, actor_type, actor_id, data, delivered_at, data_salt, origin_salt)
       values (?, 'test.logged', ?, 'x', 'system', 'test', '{}', ?, lower(hex(randomblob(16))), lower(hex(randomblob(16))))`,
      newUuid(),
      time,
      deliveredAt,
    )
}

/** The rows of a good deployment: made once, for keys and signatures take time. */
let good: readonly (readonly [table: string, row: Record<string, unknown>])[] | undefined

async function makeGood(): Promise<void> {
  await emptyDatabase()
  const app = deploy()
  const ctx = await app.ctx()
  await insertUser()
  await insertUser()
  await insertEndpoint()
  await rotateKeys(ctx)
  await sealRecord(ctx)
  await insertEvents(3)
  await sealRecord(ctx)
  await app.settled()
  // Their hub reads the suite's database.
  await run('update events set delivered_at = 1')
}

/** A deployment in which every control holds. */
export async function seedGood(): Promise<void> {
  if (!good) {
    await makeGood()
    const tables = await Promise.all(
      TABLES.map(async (table) => (await rowsOf(`select * from ${table}`)).map((row) => [table, row] as const)),
    )
    good = tables.flat()
  }
  await COMPLIANCE_DB.batch([...emptying(), ...good.map(([table, row]) => inserting(table, row))])
}

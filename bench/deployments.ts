import { readdir, readFile } from 'node:fs/promises'
import { URL } from 'node:url'
import type { Miniflare } from 'miniflare'
import { type Build, buildPostern, buildRival } from './build.ts'
import { type WorkerOptions, workerOf } from './runtime.ts'

export const BETTER_AUTH_STORES = ['cookie', 'kv', 'd1'] as const
export type BetterAuthStore = (typeof BETTER_AUTH_STORES)[number]

export interface Builds {
  readonly postern: Build
  readonly bareHono: Build
  readonly sameBindings: Build
  readonly refreshParts: Build
  readonly bareDelivery: Build
  readonly recordParts: Build
  readonly samlReader: Build
  readonly nodeSaml: Build
  readonly betterAuth: Build
  /** With what signs in by providers, `genericOAuth` and `sso`. */
  readonly betterAuthProviders: Build
  /** With what serves directories. */
  readonly betterAuthScim: Build
}

export async function buildAll(): Promise<Builds> {
  return {
    postern: await buildPostern(),
    bareHono: await buildRival('bare-hono'),
    sameBindings: await buildRival('same-bindings'),
    refreshParts: await buildRival('refresh-parts'),
    bareDelivery: await buildRival('bare-delivery'),
    recordParts: await buildRival('record-parts'),
    samlReader: await buildRival('saml-reader'),
    nodeSaml: await buildRival('node-saml'),
    betterAuth: await buildRival('better-auth'),
    betterAuthProviders: await buildRival('better-auth-providers'),
    betterAuthScim: await buildRival('better-auth-scim'),
  }
}

const OBJECTS = {
  USER_AUTHORITY: 'UserAuthority',
  SIGN_IN_GUARD: 'SignInGuard',
  REVOCATION_FEED: 'RevocationFeed',
  EVENT_HUB: 'EventHub',
  WEBHOOK_ENDPOINT: 'WebhookEndpoint',
} as const

/** Rate tiers as wide as they go: what is measured is the work, not the refusal. */
const POSTERN_VARIABLES = {
  MODE: 'local',
  PUBLIC_URL: 'http://127.0.0.1:8787',
  ROOT_SECRET: 'bench-root-secret-0123456789-0123456789-0123456789',
  MAX_SESSIONS_PER_USER: '100',
  RATE_LIMIT_ANONYMOUS: '1000000',
  RATE_LIMIT_AUTHENTICATED: '1000000',
  RATE_LIMIT_ADMIN: '1000000',
  TRUST_ADDRESS_HEADER: 'true',
} as const

/** The client that Postern and Better Auth are at the bench's OpenID provider. */
export const OPENID_CLIENT = { id: 'bench', secret: 'bench-client-secret' } as const

const text = (value: string) => ({ type: 'json', value }) as const

const textsOf = (values: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(values).map(([variable, value]) => [variable, text(value)]))

/** All of `wrangler.toml` but the assets: locally they are another Worker in front, which the rivals do not have. */
export const posternWorker = (
  build: Build,
  name = 'postern',
  settings: Readonly<Record<string, string>> = {},
): Promise<WorkerOptions> =>
  workerOf(name, build, {
    env: {
      DB: { type: 'd1', id: 'postern' },
      KV: { type: 'kv', id: 'postern' },
      OBJECT_EVENTS: { type: 'queue', name: 'postern-object-events' },
      MAIL: { type: 'queue', name: 'postern-mail' },
      ...Object.fromEntries(
        Object.entries(OBJECTS).map(([binding, exportName]) => [
          binding,
          { type: 'durable-object', worker: name, exportName } as const,
        ]),
      ),
      ...textsOf({ ...POSTERN_VARIABLES, ...settings }),
    },
    exports: Object.fromEntries(
      Object.values(OBJECTS).map((exportName) => [exportName, { type: 'durable-object', storage: 'sqlite' } as const]),
    ),
    triggers: [
      { type: 'queue', name: 'postern-object-events', maxBatchSize: 50, maxBatchTimeout: 1 },
      { type: 'queue', name: 'postern-mail', maxBatchSize: 5, maxBatchTimeout: 0 },
    ],
  })

export const refreshPartsWorker = (build: Build): Promise<WorkerOptions> =>
  workerOf('refresh-parts', build, {
    env: {
      DB: { type: 'd1', id: 'refresh-parts' },
      ROTATION: { type: 'durable-object', worker: 'refresh-parts', exportName: 'Rotation' },
    },
    exports: { Rotation: { type: 'durable-object', storage: 'sqlite' } },
  })

export const bareDeliveryWorker = (build: Build): Promise<WorkerOptions> =>
  workerOf('bare-delivery', build, {
    env: { DELIVERER: { type: 'durable-object', worker: 'bare-delivery', exportName: 'Deliverer' } },
    exports: { Deliverer: { type: 'durable-object', storage: 'sqlite' } },
  })

/** Reads the rows of Postern's database, and writes to one of its own. */
export const recordPartsWorker = (build: Build): Promise<WorkerOptions> =>
  workerOf('record-parts', build, {
    env: { RECORD: { type: 'd1', id: 'postern' }, DB: { type: 'd1', id: 'record-parts' } },
  })

export const bareHonoWorker = (build: Build): Promise<WorkerOptions> => workerOf('bare-hono', build)

const BETTER_AUTH_SECRET = 'bench-better-auth-secret-0123456789-0123456789'

export const betterAuthWorker = (
  build: Build,
  store: BetterAuthStore,
  settings: Readonly<Record<string, string>> = {},
): Promise<WorkerOptions> =>
  workerOf(`better-auth-${store}`, build, {
    env: {
      DB: { type: 'd1', id: `better-auth-${store}` },
      KV: { type: 'kv', id: `better-auth-${store}` },
      ...textsOf({ STORE: store, SECRET: BETTER_AUTH_SECRET, ...settings }),
    },
  })

/** Better Auth with its plugin for directories. */
export const betterAuthScimWorker = (build: Build, token: string): Promise<WorkerOptions> =>
  workerOf('better-auth-scim', build, {
    env: {
      DB: { type: 'd1', id: 'better-auth-scim' },
      ...textsOf({ SECRET: BETTER_AUTH_SECRET, SCIM_TOKEN: token }),
    },
  })

/** Applies `migrations/` as wrangler does: in the order of their names, statement by statement. */
export async function migratePostern(runtime: Miniflare): Promise<void> {
  const database = await runtime.getD1Database('DB', 'postern')
  const directory = new URL('../migrations/', import.meta.url)
  for (const file of (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort()) {
    const statements = (await readFile(new URL(file, directory), 'utf8')).split('--> statement-breakpoint')
    await database.batch(statements.filter((sql) => sql.trim() !== '').map((sql) => database.prepare(sql)))
  }
}

import { env as workerEnv } from 'cloudflare:workers'
import { type Env, isBroken, loadConfig } from '../../src/config.ts'
import { addDb, type Ctx, createContext, type EarlyCtx, loadDb } from '../../src/context.ts'
import type { WebhookEndpoint } from '../../src/index.ts'
import { Isolate } from '../../src/lib/isolate.ts'
import { CURRENT_COST } from '../../src/lib/password-hash/stored-hash.ts'
import { delay } from '../../src/lib/time.ts'
import { locationOf } from '../../src/revocation/pull.ts'
import { type App, createApp } from '../../src/worker.ts'
import { documentOfService, requireDocumented } from './documented.ts'

// Tests override contexts by copies of them, which ask for `db` at once.
await loadDb()
// The runner of the tests asks for a module at each `import()`: objects and queues that wait for one answer at once hang.
await Promise.all([
  import('../../src/durable/user-authority/rotate.ts'),
  import('../../src/jobs.ts'),
  import('../../src/features/localization/catalogues/en.ts'),
  import('intl-messageformat'),
])

export const env = workerEnv as unknown as Env

// What an endpoint's object does is loaded by the first of them.
await (env.WEBHOOK_ENDPOINT as DurableObjectNamespace<WebhookEndpoint>).getByName('first').ping()

export interface TestApp {
  readonly isolate: Isolate
  readonly fetch: (path: string, init?: RequestInit) => Promise<Response>
  /** A context of this app's isolate, for calling services. */
  readonly ctx: () => Promise<Ctx>
  /** Waits for all deferred work of answered requests. */
  readonly settled: () => Promise<void>
}

export interface TestAppOptions {
  /** What makes time tell nothing, and hashes slow to guess. `REAL` in tests of that; nothing in all others. */
  readonly timing?: Pick<Ctx, 'pause' | 'hashCost'>
  readonly isolate?: Isolate
  readonly override?: (ctx: Ctx) => Ctx
  /** What isolates of one location share; none, unless the test is about it: clocks that tests move do not move it. */
  readonly cache?: Cache
  /** Variables that replace the suite's own. */
  readonly env?: Readonly<Record<string, unknown>>
}

const unchanged = (ctx: Ctx): Ctx => ctx

const QUICK: Pick<Ctx, 'pause' | 'hashCost'> = {
  pause: () => Promise.resolve(),
  hashCost: { memoryKib: 64, passes: 1 },
}

/** As deployed. */
export const REAL: Pick<Ctx, 'pause' | 'hashCost'> = { pause: delay, hashCost: CURRENT_COST }

/** One isolate of the service, on the suite's real D1, KV and objects. Two of them are two isolates. */
export function createTestApp(options: TestAppOptions = {}): TestApp {
  const isolate = options.isolate ?? new Isolate()
  locationOf({ isolate }).cache = options.cache ?? null
  const override = (ctx: EarlyCtx) => (options.override ?? unchanged)({ ...addDb(ctx), ...(options.timing ?? QUICK) })
  const env = { ...workerEnv, ...options.env } as unknown as Env
  const app: App = createApp({ isolate, override })
  const pending: Promise<unknown>[] = []
  const waitUntil = (work: Promise<unknown>) => void pending.push(work)
  return {
    isolate,
    fetch: async (path, init) => {
      const request = new Request(new URL(path, 'http://127.0.0.1:8787'), init)
      const response = await app.fetch(request, env, { waitUntil })
      const config = await loadConfig(env)
      if (!isBroken(config)) await requireDocumented(documentOfService(config.COMPAT), request, response)
      return response
    },
    ctx: async () => {
      const config = await loadConfig(env)
      if (isBroken(config)) throw new Error('the test configuration is broken')
      return override(createContext({ env, config, isolate, waitUntil })) as Ctx
    },
    settled: async () => {
      while (pending.length > 0) await Promise.all(pending.splice(0))
    },
  }
}

/** A request with a JSON body. */
export const json = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
})

export const bearer = (token: string): { headers: Record<string, string> } => ({
  headers: { authorization: `Bearer ${token}` },
})

import { env } from 'cloudflare:workers'
import { type BetterAuthOptions, type BetterAuthPlugin, betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'

interface Env {
  readonly STORE: 'cookie' | 'kv' | 'd1'
  readonly SECRET: string
  readonly DB: D1Database
  readonly KV: KVNamespace
}

const { STORE, SECRET, DB, KV } = env as unknown as Env

// KV takes no lifetime below a minute, and has no atomic step: the last two are not on the road that is measured.
const put = (key: string, value: string, ttl?: number) =>
  KV.put(key, value, ttl ? { expirationTtl: Math.max(60, Math.ceil(ttl)) } : {})
const secondaryStorage = {
  get: (key: string) => KV.get(key),
  set: put,
  delete: (key: string) => KV.delete(key),
  async getAndDelete(key: string) {
    const value = await KV.get(key)
    await KV.delete(key)
    return value
  },
  async increment(key: string, ttl: number) {
    const count = Number((await KV.get(key)) ?? 0) + 1
    await put(key, String(count), ttl)
    return count
  },
}

/** One instance an isolate, no limits, no telemetry: as fast as it is documented to go. */
export function serveBetterAuth({
  trustedOrigins = [],
  ...more
}: {
  plugins?: BetterAuthPlugin[]
  trustedOrigins?: string[]
} = {}): ExportedHandler {
  const options: BetterAuthOptions = {
    database: DB,
    secret: SECRET,
    baseURL: 'http://127.0.0.1',
    trustedOrigins: ['http://127.0.0.1', ...trustedOrigins],
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    session: { cookieCache: { enabled: STORE === 'cookie', maxAge: 3600 } },
    ...(STORE === 'kv' ? { secondaryStorage } : {}),
    ...more,
  }
  const auth = betterAuth(options)
  return {
    async fetch(request) {
      if (new URL(request.url).pathname === '/migrate') {
        const { runMigrations } = await getMigrations(options)
        await runMigrations()
        return new Response('migrated')
      }
      return auth.handler(request)
    },
  }
}

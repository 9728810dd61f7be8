import { env } from 'cloudflare:workers'
import { type BetterAuthOptions, betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { genericOAuth } from 'better-auth/plugins/generic-oauth'

interface Env {
  readonly STORE: 'cookie' | 'kv' | 'd1'
  readonly SECRET: string
  /** Of the OpenID provider to sign in with; absent where nobody does. */
  readonly ISSUER?: string
  readonly DB: D1Database
  readonly KV: KVNamespace
}

const { STORE, SECRET, ISSUER, DB, KV } = env as unknown as Env

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

const signInBy = (issuer: string) =>
  genericOAuth({
    config: [
      {
        providerId: 'bench',
        discoveryUrl: `${issuer}/.well-known/openid-configuration`,
        clientId: 'bench',
        clientSecret: 'bench-client-secret',
        scopes: ['openid', 'email', 'profile'],
        // As Postern does it.
        pkce: true,
        authentication: 'basic',
      },
    ],
  })

// One instance an isolate, no limits, no telemetry: as fast as it is documented to go.
const options: BetterAuthOptions = {
  database: DB,
  secret: SECRET,
  baseURL: 'http://127.0.0.1',
  trustedOrigins: ['http://127.0.0.1'],
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  session: { cookieCache: { enabled: STORE === 'cookie', maxAge: 3600 } },
  ...(STORE === 'kv' ? { secondaryStorage } : {}),
  ...(ISSUER ? { plugins: [signInBy(ISSUER)] } : {}),
}

const auth = betterAuth(options)

export default {
  async fetch(request) {
    if (new URL(request.url).pathname === '/migrate') {
      const { runMigrations } = await getMigrations(options)
      await runMigrations()
      return new Response('migrated')
    }
    return auth.handler(request)
  },
} satisfies ExportedHandler

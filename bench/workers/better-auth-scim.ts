import { env } from 'cloudflare:workers'
import { createKyselyAdapter } from '@better-auth/kysely-adapter'
import { scim } from '@better-auth/scim'
import { type BetterAuthOptions, type BetterAuthPlugin, betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'

interface Env {
  readonly SECRET: string
  readonly SCIM_TOKEN: string
  readonly DB: D1Database
}

const { SECRET, SCIM_TOKEN, DB } = env as unknown as Env

const connection = { id: 'bench', credentials: [{ type: 'bearer', id: 'bench', token: SCIM_TOKEN }] } as const

// As `better-auth.ts` is set up. The plugin's type is not exact about what is optional.
const options: BetterAuthOptions = {
  database: DB,
  secret: SECRET,
  baseURL: 'http://127.0.0.1',
  trustedOrigins: ['http://127.0.0.1'],
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  plugins: [scim({ connections: [connection] }) as unknown as BetterAuthPlugin],
}

/**
 * The plugin refuses a database without interactive transactions, which D1 has not. It gets one that says it has them and does
 * without: what they cost elsewhere is not measured.
 */
async function withTransactions(): Promise<BetterAuthOptions> {
  const { kysely } = await createKyselyAdapter({ database: DB })
  if (!kysely) throw new Error('Better Auth does not know the database')
  const transaction = () => ({ execute: (work: (db: typeof kysely) => unknown) => work(kysely) })
  return { ...options, database: { db: Object.assign(kysely, { transaction }), type: 'sqlite', transaction: true } }
}

const auth = betterAuth(await withTransactions())

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

import { unstable_readConfig } from 'wrangler'
import { findBrokenVariables } from '../src/config.ts'
import { copySwaggerAssets } from './support/assets.ts'
import { withDatabase } from './support/database.ts'
import { PROJECT_ROOT } from './support/project.ts'
import { Refusal } from './support/refusal.ts'
import { wrangler } from './support/wrangler.ts'

/** The part of `wrangler.toml` that a deployment must fill in. */
interface Resources {
  readonly d1_databases: readonly { readonly database_id?: string }[]
  readonly kv_namespaces: readonly { readonly id?: string }[]
  readonly vars: Readonly<Record<string, unknown>>
}

const isPlaceholder = (id: string | undefined): boolean => !id || /^[0-]+$/.test(id)

/** What `wrangler.toml` still lacks, each with the command or the line that mends it. */
function findMissingResources(): string[] {
  const config: Resources = unstable_readConfig({ config: `${PROJECT_ROOT}/wrangler.toml` })
  const missing: string[] = []
  if (config.d1_databases.some(({ database_id }) => isPlaceholder(database_id)))
    missing.push('database_id of DB: `npx wrangler d1 create postern`, then write its id into wrangler.toml')
  if (config.kv_namespaces.some(({ id }) => isPlaceholder(id)))
    missing.push('id of KV: `npx wrangler kv namespace create KV`, then write its id into wrangler.toml')
  if (config.vars.PUBLIC_URL === undefined)
    missing.push('PUBLIC_URL: write `[vars]` and `PUBLIC_URL = "https://…"` into wrangler.toml')
  return [...missing, ...findMalformed(config.vars)]
}

/** With one of these the deployed Worker would answer nothing. Secrets are not here to be looked at. */
function findMalformed(vars: Resources['vars']): string[] {
  const broken = findBrokenVariables({ ROOT_SECRET: '-'.repeat(32), ...vars })
  return broken.filter(({ name }) => name in vars).map(({ name, reason }) => `${name} in wrangler.toml: ${reason}`)
}

async function findMissingSecrets(): Promise<string[]> {
  const text = await wrangler('secret', 'list', '--format', 'json').catch((cause: unknown) => {
    // Before the first `secret put` there is no Worker to list.
    if (cause instanceof Refusal && /10007|not found|does not exist/i.test(cause.message)) return '[]'
    throw cause
  })
  const names = (JSON.parse(text) as { name: string }[]).map(({ name }) => name)
  if (names.includes('ROOT_SECRET')) return []
  return ['ROOT_SECRET: `openssl rand -base64 48 | tee root-secret | npx wrangler secret put ROOT_SECRET`']
}

/** Migrates the deployed database, then deploys. Nothing is touched while something is missing, or with `--dry-run`. */
export async function main(args: readonly string[]): Promise<void> {
  console.log('A password hash takes more CPU time than the free plan allows: the account needs the paid plan.')
  const isDryRun = args.includes('--dry-run')
  const missing = findMissingResources()
  if (missing.length === 0 && !isDryRun) missing.push(...(await findMissingSecrets()))
  if (missing.length > 0) throw new Refusal(`not ready to deploy:\n${missing.map((line) => `  ${line}`).join('\n')}`)
  await copySwaggerAssets()
  // First the database: a migration never removes what the running release reads.
  if (!isDryRun) await withDatabase({ at: 'remote' }, (database) => database.applyMigrations())
  console.log(await wrangler('deploy', ...args))
  if (!isDryRun) console.log('No admin yet? npm run admin:create -- --remote')
}

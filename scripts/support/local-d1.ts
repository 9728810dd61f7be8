import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Miniflare } from 'miniflare'
import { unstable_readConfig, unstable_splitSqlQuery } from 'wrangler'
import type { Database } from './database.ts'
import { PROJECT_ROOT } from './project.ts'
import { Refusal } from './refusal.ts'
import { step } from './steps.ts'

type D1 = Awaited<ReturnType<Miniflare['getD1Database']>>

const WORKER = 'database'

/** Statements that one call runs: the runtime drops the connection of a call of many seconds. */
const PART = 500

/** As `wrangler d1 migrations apply` makes it: either goes on where the other stopped. */
const RECORD = `CREATE TABLE IF NOT EXISTS "d1_migrations"(
		id         INTEGER PRIMARY KEY AUTOINCREMENT,
		name       TEXT UNIQUE,
		applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
);`

/** The part of `wrangler.toml` by which `wrangler dev` finds the file of the database. */
interface Databases {
  readonly d1_databases: readonly {
    readonly binding: string
    readonly database_id?: string
    readonly preview_database_id?: string
  }[]
}

function findDatabaseId(): string {
  const { d1_databases }: Databases = unstable_readConfig({ config: join(PROJECT_ROOT, 'wrangler.toml') })
  const database = d1_databases.find(({ binding }) => binding === 'DB')
  return database?.preview_database_id ?? database?.database_id ?? 'DB'
}

async function applyMigrations(d1: D1): Promise<void> {
  await d1.prepare(RECORD).run()
  const { results } = await d1.prepare('SELECT name FROM d1_migrations').all<{ name: string }>()
  const applied = new Set(results.map(({ name }) => name))
  const folder = join(PROJECT_ROOT, 'migrations')
  for (const name of (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort()) {
    if (applied.has(name)) continue
    const statements = unstable_splitSqlQuery(await readFile(join(folder, name), 'utf8'))
    const record = d1.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(name)
    await d1.batch([...statements.map((sql) => d1.prepare(sql)), record])
  }
}

/** How long what the runtime logs may follow the answer that it explains. */
const LOG_DELAY_MS = 200

/** Turns what D1 refuses into the one line that the user of a script reads. What it calls internal is in the log alone. */
async function orRefuse<T>(work: Promise<T>, log: readonly string[]): Promise<T> {
  try {
    return await work
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    if (!message.includes('internal error')) throw new Refusal(`the local database refuses it: ${message}`)
    await new Promise((resolve) => setTimeout(resolve, LOG_DELAY_MS))
    const isBusy = log.some((line) => line.includes('SQLITE_BUSY'))
    throw new Refusal(`the local database refuses it: ${isBusy ? 'SQLITE_BUSY' : [message, ...log].join('\n')}`)
  }
}

/** The D1 database of this machine, in a runtime that lives until `close`. */
export async function openD1(
  persistTo: string,
): Promise<Omit<Database, 'at' | 'exportRows'> & { close(): Promise<void> }> {
  const log: string[] = []
  const runtime = new Miniflare({
    handleStructuredLogs: ({ message }) => log.push(message),
    cf: false,
    resourcePersistencePath: join(persistTo, 'v3'),
    workers: [
      {
        config: {
          name: WORKER,
          compatibilityDate: '2026-11-01',
          env: { DB: { type: 'd1', id: findDatabaseId() } },
          manifest: {
            mainModule: 'index.js',
            modulesRoot: '/',
            modules: { 'index.js': { type: 'esm', contents: 'export default {}' } },
          },
        },
      },
    ],
  })
  const d1 = await runtime.getD1Database('DB', WORKER)
  const batch = (statements: readonly string[]) =>
    orRefuse(d1.batch<Record<string, unknown>>(statements.map((sql) => d1.prepare(sql))), log)
  return {
    applyMigrations: () => orRefuse(applyMigrations(d1), log),
    async queryAll(selects) {
      return (await batch(selects)).map(({ results }) => results)
    },
    async execute(statements) {
      await batch(statements)
    },
    async executeFile(file) {
      const statements = unstable_splitSqlQuery(await readFile(file, 'utf8'))
      const count = Math.ceil(statements.length / PART)
      for (let part = 0; part < count; part += 1)
        await step(`Part ${part + 1} of ${count}`, () => batch(statements.slice(part * PART, (part + 1) * PART)))
    },
    close: () => runtime.dispose(),
  }
}

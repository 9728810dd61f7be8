import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { wrangler } from './wrangler.ts'

/** The D1 database of this machine, or the deployed one. */
export type Database = { readonly at: 'local'; readonly persistTo: string } | { readonly at: 'remote' }

type SqlValue = string | number | null

const whereOf = (database: Database): string[] =>
  database.at === 'remote' ? ['--remote'] : ['--local', '--persist-to', database.persistTo]

/** SQLite's literal of a value: quotes doubled, nothing else is special between them. */
export function quote(value: SqlValue): string {
  if (value === null) return 'NULL'
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new Error(`not an integer: ${value}`)
    return String(value)
  }
  if (value.includes('\0')) throw new Error('SQL text cannot hold a NUL')
  return `'${value.replaceAll("'", "''")}'`
}

/** `insert into table (…) values (…)`, every value quoted. */
export function insertInto(table: string, row: Readonly<Record<string, SqlValue>>): string {
  return `INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${Object.values(row).map(quote).join(', ')});`
}

export async function applyMigrations(database: Database): Promise<void> {
  await wrangler('d1', 'migrations', 'apply', 'DB', ...whereOf(database))
}

/** The rows of one SELECT. */
export async function query(database: Database, sql: string): Promise<Record<string, unknown>[]> {
  const output = await wrangler('d1', 'execute', 'DB', ...whereOf(database), '--json', '--command', sql)
  const [first] = JSON.parse(output) as { results: Record<string, unknown>[] }[]
  return first?.results ?? []
}

/** Runs statements as one file: D1 takes all of them or none. Values never stand on a command line. */
export async function execute(database: Database, statements: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-sql-'))
  const file = join(folder, 'statements.sql')
  try {
    await writeFile(file, `${statements.join('\n')}\n`, { mode: 0o600 })
    await wrangler('d1', 'execute', 'DB', ...whereOf(database), '--yes', '--file', file)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

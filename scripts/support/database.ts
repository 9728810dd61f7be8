import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PROJECT_ROOT } from './project.ts'
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

/** The rows of each SELECT. */
export async function queryAll(
  database: Database,
  selects: readonly string[],
): Promise<readonly Record<string, unknown>[][]> {
  const command = selects.join(';\n')
  const output = await wrangler('d1', 'execute', 'DB', ...whereOf(database), '--json', '--command', command)
  return (JSON.parse(output) as { results: Record<string, unknown>[] }[]).map(({ results }) => results)
}

/** The rows of one SELECT. */
export async function query(database: Database, sql: string): Promise<Record<string, unknown>[]> {
  const [rows] = await queryAll(database, [sql])
  return rows ?? []
}

/** Runs a file of statements: D1 takes all of them or none. */
export async function executeFile(database: Database, file: string): Promise<void> {
  await wrangler('d1', 'execute', 'DB', ...whereOf(database), '--yes', '--file', file)
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-sql-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Runs statements as one file. Values never stand on a command line. */
export const execute = (database: Database, statements: readonly string[]): Promise<void> =>
  inFolder(async (folder) => {
    const file = join(folder, 'statements.sql')
    await writeFile(file, `${statements.join('\n')}\n`, { mode: 0o600 })
    await executeFile(database, file)
  })

/** Writes the rows of the tables as INSERT statements, a line each, all as they were at one moment. */
export async function exportRows(database: Database, tables: readonly string[], file: string): Promise<void> {
  const what = ['--no-schema', '--output', file, ...tables.flatMap((table) => ['--table', table])]
  if (database.at === 'remote') return void (await wrangler('d1', 'export', 'DB', '--remote', ...what))
  // `d1 export` has no `--persist-to`: it looks for the state beside its configuration.
  await inFolder(async (folder) => {
    const config = join(folder, 'wrangler.toml')
    await copyFile(join(PROJECT_ROOT, 'wrangler.toml'), config)
    await mkdir(join(folder, '.wrangler'))
    await symlink(database.persistTo, join(folder, '.wrangler/state'))
    await wrangler('d1', 'export', 'DB', '--local', '--config', config, ...what)
  })
}

import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PROJECT_ROOT } from './project.ts'
import { wrangler } from './wrangler.ts'

/** Where a database is: in the state of this machine, or deployed. */
export type Place = { readonly at: 'local'; readonly persistTo: string } | { readonly at: 'remote' }

export type Row = Record<string, unknown>

/** A D1 database as scripts use it. */
export interface Database {
  readonly at: Place['at']
  applyMigrations(): Promise<void>
  /** The rows of each SELECT. */
  queryAll(selects: readonly string[]): Promise<readonly Row[][]>
  /** Runs statements: D1 takes all of them or none. */
  execute(statements: readonly string[]): Promise<void>
  /** Runs a file of statements. The deployed D1 takes all of them or none; the local one takes them in parts. */
  executeFile(file: string): Promise<void>
  /** Writes the rows of the tables as INSERT statements, a line each, all as they were at one moment. */
  exportRows(tables: readonly string[], file: string): Promise<void>
}

type SqlValue = string | number | null

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

/** `insertInto`, if the condition holds: for what stands in a batch with the change that makes it hold. */
export function insertWhere(table: string, row: Readonly<Record<string, SqlValue>>, condition: string): string {
  return `INSERT INTO ${table} (${Object.keys(row).join(', ')}) SELECT ${Object.values(row).map(quote).join(', ')} WHERE ${condition};`
}

/** The rows of one SELECT. */
export async function query(database: Database, sql: string): Promise<Row[]> {
  const [rows] = await database.queryAll([sql])
  return rows ?? []
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-sql-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const executeRemotely = (file: string) => wrangler('d1', 'execute', 'DB', '--remote', '--yes', '--file', file)

const REMOTE: Database = {
  at: 'remote',
  async applyMigrations() {
    await wrangler('d1', 'migrations', 'apply', 'DB', '--remote')
  },
  async queryAll(selects) {
    const output = await wrangler('d1', 'execute', 'DB', '--remote', '--json', '--command', selects.join(';\n'))
    return (JSON.parse(output) as { results: Row[] }[]).map(({ results }) => results)
  },
  // Values never stand on a command line.
  execute: (statements) =>
    inFolder(async (folder) => {
      const file = join(folder, 'statements.sql')
      await writeFile(file, `${statements.join('\n')}\n`, { mode: 0o600 })
      await executeRemotely(file)
    }),
  async executeFile(file) {
    await executeRemotely(file)
  },
  async exportRows(tables, file) {
    await wrangler('d1', 'export', 'DB', '--remote', ...exportOptions(tables, file))
  },
}

const exportOptions = (tables: readonly string[], file: string): string[] => [
  '--no-schema',
  '--output',
  file,
  ...tables.flatMap((table) => ['--table', table]),
]

/** `d1 export` has no `--persist-to`: it looks for the state beside its configuration. */
const exportLocalRows = (persistTo: string, tables: readonly string[], file: string): Promise<void> =>
  inFolder(async (folder) => {
    const config = join(folder, 'wrangler.toml')
    await copyFile(join(PROJECT_ROOT, 'wrangler.toml'), config)
    await mkdir(join(folder, '.wrangler'))
    await symlink(persistTo, join(folder, '.wrangler/state'))
    await wrangler('d1', 'export', 'DB', '--local', '--config', config, ...exportOptions(tables, file))
  })

/** Works on the database. One runtime serves the local one from the first statement to the last. */
export async function withDatabase<T>(place: Place, work: (database: Database) => Promise<T>): Promise<T> {
  if (place.at === 'remote') return work(REMOTE)
  // Loaded here: wrangler and Miniflare take a second, and a script may refuse its arguments before it needs them.
  const { openD1 } = await import('./local-d1.ts')
  const d1 = await openD1(place.persistTo)
  try {
    return await work({
      ...d1,
      at: 'local',
      exportRows: (tables, file) => exportLocalRows(place.persistTo, tables, file),
    })
  } finally {
    await d1.close()
  }
}

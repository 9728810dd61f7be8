import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, open, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Database, insertInto, quote, type Row } from './database.ts'
import { Refusal } from './refusal.ts'

/** The first line of a copy. */
const MARK = '-- A copy of a Postern database, for `npm run db:restore`.'

interface Column {
  readonly name: string
  /** Its place in the primary key, from 1; 0 outside. */
  readonly pk: number
}

interface Table {
  readonly name: string
  readonly sql: string
  readonly columns: readonly Column[]
}

interface Schema {
  /** In the order that they were made in. */
  readonly tables: readonly Table[]
  /** FTS5 tables: D1 exports none, and what they hold is made from a table. */
  readonly searches: readonly Table[]
  /** Indexes, triggers and views. */
  readonly others: readonly string[]
}

const isVirtual = ({ sql }: Table): boolean => /^CREATE VIRTUAL TABLE/i.test(sql)

/** Without what SQLite and D1 keep for themselves. */
async function readSchema(database: Database): Promise<Schema> {
  const isOurs = "m.sql IS NOT NULL AND m.name NOT GLOB 'sqlite_*' AND m.name NOT GLOB '_cf_*'"
  const [items = [], columns = []] = await database.queryAll([
    `SELECT type, name, sql FROM sqlite_master AS m WHERE ${isOurs} ORDER BY rowid`,
    `SELECT m.name AS item, c.name, c.pk FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table' AND ${isOurs}`,
  ])
  const named = items.flatMap(({ type, name, sql }): Table[] => {
    const own = columns
      .filter(({ item }) => item === name)
      .map((column) => ({ name: String(column.name), pk: Number(column.pk) }))
    return type === 'table' ? [{ name: String(name), sql: String(sql), columns: own }] : []
  })
  const searches = named.filter(isVirtual)
  const isPartOfSearch = ({ name }: Table) => searches.some((search) => name.startsWith(`${search.name}_`))
  return {
    tables: named.filter((table) => !isVirtual(table) && !isPartOfSearch(table)),
    searches,
    others: items.filter(({ type }) => type !== 'table').map(({ sql }) => String(sql)),
  }
}

const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** What an export does not write as it is: it has line breaks as `\n` and `\r`, like texts that hold these signs, and ends at a NUL. */
const isInexact = (cell: string): string =>
  `(typeof(${cell}) = 'text' AND (instr(${cell}, char(10)) AND instr(${cell}, '\\n')
    OR instr(${cell}, char(13)) AND instr(${cell}, '\\r') OR instr(CAST(${cell} AS BLOB), X'00')))`

/** The rows with such texts: the literal of each key, and each text in hexadecimal. */
function selectInexact({ name: table, columns }: Table): string {
  const cells = columns.map(({ name, pk }) => {
    const cell = identifier(name)
    return pk > 0 ? `quote(${cell}) AS ${cell}` : `CASE typeof(${cell}) WHEN 'text' THEN hex(${cell}) END AS ${cell}`
  })
  const where = columns.map(({ name }) => isInexact(identifier(name))).join(' OR ')
  return `SELECT ${cells.join(', ')} FROM ${identifier(table)} WHERE ${where}`
}

/** Writes the texts of a row once more, exactly. */
function updateTexts({ name: table, columns }: Table, row: Row): string {
  const texts = columns.filter(({ name, pk }) => pk === 0 && row[name] !== null)
  const changes = texts.map(({ name }) => `${identifier(name)} = CAST(X'${row[name]}' AS TEXT)`)
  const keys = columns.filter(({ pk }) => pk > 0).map(({ name }) => `${identifier(name)} = ${row[name]}`)
  return `UPDATE ${identifier(table)} SET ${changes.join(', ')} WHERE ${keys.join(' AND ')};`
}

/** Numbers that were given once are not given again, also where their rows are gone. */
const setSequences = (sequences: readonly Row[]): string[] => [
  'DELETE FROM sqlite_sequence;',
  ...sequences.map((row) => insertInto('sqlite_sequence', { name: String(row.name), seq: Number(row.seq) })),
]

/** Makes a search table, its settings and, from the rows that are there, its index. */
function makeSearch({ name, sql }: Table, settings: readonly Row[]): string[] {
  const table = identifier(name)
  const setTo = ({ k, v }: Row) =>
    `INSERT INTO ${table} (${table}, rank) VALUES (${quote(String(k))}, ${quote(typeof v === 'number' ? v : String(v))});`
  return [`${sql};`, ...settings.map(setTo), `INSERT INTO ${table} (${table}) VALUES ('rebuild');`]
}

/** What goes between the rows and the triggers. */
async function readRest(database: Database, { tables, searches }: Schema): Promise<string[]> {
  const [sequences = [], ...found] = await database.queryAll([
    'SELECT name, seq FROM sqlite_sequence',
    ...tables.map(selectInexact),
    ...searches.map(({ name }) => `SELECT k, v FROM ${identifier(`${name}_config`)} WHERE k <> 'version'`),
  ])
  const settings = found.slice(tables.length)
  return [
    ...tables.flatMap((table, index) => (found[index] ?? []).map((row) => updateTexts(table, row))),
    ...setSequences(sequences),
    ...searches.flatMap((search, index) => makeSearch(search, settings[index] ?? [])),
  ]
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })
  for await (const line of lines) yield line.replaceAll('\0', '')
}

/**
 * The whole database as one file of statements, which give back what was there: the rows come before indexes, search and
 * triggers, so nothing counts, empties or marks a row on its way in.
 */
async function* statementsOf(database: Database, rowsFile: string): AsyncGenerator<string> {
  const schema = await readSchema(database)
  const tables = schema.tables.map(({ name }) => name)
  await database.exportRows(tables, rowsFile)
  const rest = await readRest(database, schema)
  yield MARK
  yield 'PRAGMA defer_foreign_keys=TRUE;'
  for (const { sql } of schema.tables) yield `${sql};`
  yield* linesOf(rowsFile)
  yield* rest
  for (const sql of schema.others) yield `${sql};`
}

const BUSY = /SQLITE_(BUSY|LOCKED)|database( table)? is locked/
const ATTEMPTS = 4
const PAUSE_MS = 500

/** Repeats what a running service holds up: it locks the local database while it writes. */
export async function retryWhileBusy(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (cause) {
      if (!(cause instanceof Refusal && BUSY.test(cause.message))) throw cause
      if (attempt === ATTEMPTS) throw new Refusal('the database is busy: stop the service and try again')
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * attempt))
  }
}

/** Writes a copy of the database to `file`, which must not be there yet. It appears when it is complete. */
export async function exportDatabase(database: Database, file: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-export-'))
  const unfinished = `${file}.unfinished`
  try {
    const output = createWriteStream(unfinished, { flags: 'wx', mode: 0o600 })
    const toLines = async function* (statements: AsyncIterable<string>) {
      for await (const statement of statements) yield `${statement}\n`
    }
    await pipeline(Readable.from(toLines(statementsOf(database, join(folder, 'rows.sql')))), output)
    await rename(unfinished, file)
  } catch (cause) {
    await rm(unfinished, { force: true })
    throw cause
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Refuses a file that `exportDatabase` did not write. */
export async function checkCopy(file: string): Promise<void> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MARK.length), 0, MARK.length, 0)
    if (buffer.toString('utf8', 0, bytesRead) !== MARK)
      throw new Refusal(`${file} was not made by \`npm run db:export\``)
  } finally {
    await handle.close()
  }
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** Takes out what a local restore that failed has put into the empty database. */
async function emptyDatabase(database: Database): Promise<void> {
  const { tables, searches } = await readSchema(database)
  const drops = [...searches, ...tables].map(({ name }) => `DROP TABLE ${identifier(name)};`)
  if (drops.length > 0) await database.execute(drops)
}

/** Loads a copy into an empty database: all of it or nothing. Nothing that is there is overwritten. */
export async function restoreDatabase(database: Database, file: string): Promise<void> {
  const { tables } = await readSchema(database)
  if (tables.length > 0)
    throw new Refusal(
      `the ${database.at} database is not empty: it has the table ${tables[0]?.name}. Restore into a new one (docs/operations.md)`,
    )
  try {
    await database.executeFile(file)
  } catch (cause) {
    if (database.at === 'remote') throw cause
    await emptyDatabase(database).catch((second: unknown) => {
      throw new Refusal(
        `${messageOf(cause)}\nThe copy is restored in part: remove this state before the next try (${messageOf(second)})`,
      )
    })
    throw cause
  }
}

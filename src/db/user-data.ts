import { and, asc, eq, getTableColumns, getTableName, gt, isNull, or, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Ctx } from '../context.ts'
import { toIso } from '../lib/time.ts'
import type { Statement } from './commit.ts'
import { isFree, type Owners } from './holds.ts'
import type { legalHolds } from './tables.ts'

export interface Person {
  readonly id: string
  /** Normalized. Null unless it is confirmed: whoever signs up with a stranger's address is not the stranger. */
  readonly email: string | null
}

/** The parts of a data export. */
export const PARTS = [
  'profile',
  'identities',
  'sessions',
  'memberships',
  'roles',
  'invitations',
  'consents',
  'webhooks',
  'mails',
  'record',
] as const
export type Part = (typeof PARTS)[number]

/** One thing of a person, as an export writes it: text, numbers, and what JSON has. */
export type Piece = Readonly<Record<string, unknown>>

/** A list in a data export. */
export interface Section {
  readonly part: Part
  readonly name: string
  /** The fields of each piece. */
  readonly fields: readonly string[]
  readonly pages: (ctx: Ctx, person: Person) => AsyncIterable<readonly Piece[]>
}

/** How something of a user is exported: as a section, or not at all, with the reason. */
export type Exported = Section | { readonly withheld: string }

type Hold = Pick<typeof legalHolds.$inferSelect, 'userId' | 'organizationId'>

/** What a table holds of a user, how that is erased, and what a data export has of it. Columns have their names in the table's definition. */
export interface UserData {
  readonly table: SQLiteTable
  /** Columns about a user that are erased. */
  readonly erases: readonly string[]
  /** Columns about a user that are kept, with the reason. */
  readonly keeps?: Readonly<Record<string, string>>
  /** Statements of the batch that erases the user. They change nothing unless `isDue` holds. */
  readonly statements: (ctx: Pick<Ctx, 'db' | 'now'>, user: Person, isDue: SQL) => readonly Statement[]
  /** Erases what is too much for one batch, or not in the database, before it. False when there is more than one run should write. */
  readonly prepare?: (ctx: Pick<Ctx, 'db' | 'kv'>, userId: string) => Promise<boolean>
  /** Statements of the batch that releases a hold: erase what the hold has kept of users who were erased meanwhile, and no job of cron takes. */
  readonly afterHold?: (ctx: Pick<Ctx, 'db'>, hold: Hold) => readonly Statement[]
  readonly exports: Exported
  /** Columns that the section has. */
  readonly shows?: readonly string[]
  /** Columns that no export has, by the reason. */
  readonly hides?: Readonly<Record<string, readonly string[]>>
}

/** What an object, or the key-value store, holds of a user. */
export interface ObjectData {
  /** The class of the object, or `KV`, and what of it: one of its tables, or keys that begin so. */
  readonly of: string
  readonly erased: string
  readonly exports: readonly Exported[]
}

/** Reasons for which columns are in no export. */
export const HIDDEN = {
  secret: 'it proves who one is, or opens something',
  internal: 'bookkeeping of the service that says nothing of the person',
  other: 'it is about somebody else',
} as const

type Erased = Omit<UserData, 'exports'>

/** How a column finds a user's rows: by id, by address, or by a condition; null where it can find none. */
type Finder = 'id' | 'email' | ((user: Person) => SQL | null)

type ColumnOf<T extends SQLiteTable> = keyof T['_']['columns'] & string
type Finders<T extends SQLiteTable> = { readonly [K in ColumnOf<T>]?: Finder }

const conditionOf = (column: SQLiteColumn, finder: Finder, user: Person): SQL | null => {
  if (typeof finder === 'function') return finder(user)
  const value = user[finder]
  return value === null ? null : eq(column, value)
}

/** Rows with the address, but for those that name another user in `owner`: they are that user's. */
export const byAddress =
  (column: SQLiteColumn, owner: SQLiteColumn) =>
  ({ id, email }: Person): SQL | null =>
    email === null ? null : sql`(${eq(column, email)} and ${or(isNull(owner), eq(owner, id))})`

/** Without those that can find nothing: a condition that is always false has no index. */
const conditionsOf = (table: SQLiteTable, finders: Readonly<Record<string, Finder>>, user: Person): SQL[] => {
  const columns: Record<string, SQLiteColumn> = getTableColumns(table)
  return Object.entries(finders).flatMap(
    ([name, finder]) => conditionOf(columns[name] as SQLiteColumn, finder, user) ?? [],
  )
}

/**
 * Columns that say who did something to what is not theirs: emptied when that user is erased. `of`: whose the rows are; where one of
 * those is held it stays until the hold is released.
 */
export function forgottenIn<T extends SQLiteTable>(table: T, names: readonly ColumnOf<T>[], of: Owners = {}): Erased {
  const columns: Record<string, SQLiteColumn> = getTableColumns(table)
  const forget = (db: Ctx['db'], name: string, when: (doer: SQLiteColumn) => SQL | undefined) =>
    db
      .update(table)
      .set({ [name]: null } as never)
      .where(and(when(columns[name] as SQLiteColumn), isFree(of)))
  return {
    table,
    erases: names,
    statements: ({ db }, { id }, isDue) => names.map((name) => forget(db, name, (doer) => and(eq(doer, id), isDue))),
    afterHold: ({ db }, hold) =>
      namedBy(of, hold).flatMap((isHeldRow) =>
        names.map((name) =>
          forget(
            db,
            name,
            (doer) => sql`${isHeldRow} and ${doer} is not null
            and not exists (select 1 from users as doer where doer.id = ${doer})`,
          ),
        ),
      ),
  }
}

/** The rows that a hold has kept, each condition by an index of its owner. */
function namedBy({ users = [], organizations = [] }: Owners, { userId, organizationId }: Hold): SQL[] {
  if (organizationId === null) return users.map((column) => sql`${column} = ${userId}`)
  const members = sql`(select user_id from memberships where organization_id = ${organizationId})`
  return [
    ...users.map((column) => sql`${column} in ${members}`),
    ...organizations.map((column) => sql`${column} = ${organizationId}`),
  ]
}

/**
 * A table whose rows are deleted with their user. `also`: columns about a user by which no rows are found. `when`: for rows that
 * somebody else has a part in, who may be held; a job of cron deletes them after the hold.
 */
export function deletedRows<T extends SQLiteTable>(
  table: T,
  finders: Finders<T>,
  { also = [], when }: { readonly also?: readonly ColumnOf<T>[]; readonly when?: SQL | undefined } = {},
): Erased {
  return {
    table,
    erases: [...Object.keys(finders), ...also],
    statements: ({ db }, user, isDue) =>
      conditionsOf(table, finders as Record<string, Finder>, user).map((condition) =>
        db.delete(table).where(and(condition, when, isDue)),
      ),
  }
}

const ROWS_PER_PAGE = 500

interface Shown<T extends SQLiteTable> {
  readonly part: Part
  /** The table's name when absent. */
  readonly name?: string
  /** A row of the person is found by each of these alone. */
  readonly by: Finders<T>
  readonly shows: readonly ColumnOf<T>[]
  /** Of those, columns with the id of whoever did something. An export does not say which admin it was. */
  readonly doers?: readonly ColumnOf<T>[]
  /** Columns that no export has, by the reason. */
  readonly hides?: Readonly<Record<string, readonly ColumnOf<T>[]>>
  /** What the person sees of a row. */
  readonly see?: (piece: Piece, person: Person) => Piece
}

/** Columns with epoch milliseconds. */
const isTime = (name: string): boolean => /(At|Until|Since|^at|^until|^time)$/.test(name)

/** A section with the columns of a table, under their names in the database. Each row once, whatever finds it. */
export function shownRows<T extends SQLiteTable>(
  table: T,
  { part, name, by, shows, doers = [], hides = {}, see = (piece) => piece }: Shown<T>,
): Pick<UserData, 'exports' | 'shows' | 'hides'> {
  const columns: Record<string, SQLiteColumn> = getTableColumns(table)
  const shown = shows.map((property) => ({ property, column: columns[property] as SQLiteColumn }))
  const rowid = sql<number>`rowid`
  const cell = (property: string, value: unknown, person: Person): unknown => {
    if (doers.includes(property as ColumnOf<T>) && value !== null) return value === person.id ? value : 'an admin'
    return isTime(property) && typeof value === 'number' ? toIso(value) : value
  }
  async function* pages({ db }: Ctx, person: Person): AsyncGenerator<readonly Piece[]> {
    // A query for each finder, which has an index of its own.
    const found = conditionsOf(table, by as Record<string, Finder>, person)
    for (const [index, condition] of found.entries()) {
      // Found by one before.
      const isNew = found.slice(0, index).map((earlier) => sql`${earlier} is not true`)
      for (let last = 0; ; ) {
        const rows: Record<string, unknown>[] = await db
          .select({ ...Object.fromEntries(shown.map(({ property, column }) => [property, column])), rowid })
          .from(table as SQLiteTable)
          .where(and(condition, ...isNew, gt(rowid, last)))
          .orderBy(asc(rowid))
          .limit(ROWS_PER_PAGE)
        if (rows.length > 0)
          yield rows.map((row) =>
            see(
              Object.fromEntries(
                shown.map(({ property, column }) => [column.name, cell(property, row[property], person)]),
              ),
              person,
            ),
          )
        if (rows.length < ROWS_PER_PAGE) break
        last = Number(rows.at(-1)?.rowid)
      }
    }
  }
  const fields = shown.map(({ column }) => column.name)
  return { exports: { part, name: name ?? getTableName(table), fields, pages }, shows, hides }
}

/** No section: the reason. */
export const withheld = (reason: string): Pick<UserData, 'exports'> => ({ exports: { withheld: reason } })

/** A section that is read at once. */
export const listed = (
  part: Part,
  name: string,
  fields: readonly string[],
  read: (ctx: Ctx, person: Person) => Promise<readonly Piece[]>,
): Section => ({
  part,
  name,
  fields,
  async *pages(ctx, person) {
    const pieces = await read(ctx, person)
    if (pieces.length > 0) yield pieces
  },
})

/** Rows of organizations, by the column that names theirs. `of`: who else has a part in them, when it is not the table's `userId`. */
export interface OrganizationRows {
  readonly by: SQLiteColumn
  readonly of?: Owners
}

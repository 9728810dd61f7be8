import { getTableColumns, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Ctx } from '../../context.ts'
import { events } from '../events/tables.ts'
import { formerAddresses, isReserved, users } from '../users/tables.ts'

type Store = Pick<Ctx, 'db' | 'now'>
type NewUserRow = Omit<typeof users.$inferInsert, 'number'>
type NewEventRow = Omit<typeof events.$inferInsert, 'position'>

/** One element of the bound list, in the form of `column`. */
function cellOf(column: SQLiteColumn): SQL {
  // Names come from our own tables.
  const value = sql.raw(`row.value ->> '$.${column.name}'`)
  if (column.default === undefined) return sql`${value}`
  const fallback = column.default instanceof Object ? column.default : sql.param(column.default, column)
  return sql`coalesce(${value}, ${fallback})`
}

const toDriverRow = (table: SQLiteTable, row: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(getTableColumns(table)).map(([property, column]) => {
      const value = row[property] ?? null
      return [column.name, value === null ? null : column.mapToDriverValue(value)]
    }),
  )

/** All rows as one parameter: D1 binds a hundred a statement. */
const toList = (table: SQLiteTable, rows: readonly Readonly<Record<string, unknown>>[]): string =>
  JSON.stringify(rows.map((row) => toDriverRow(table, row)))

const columnsOf = (table: SQLiteTable): SQL => sql.join(Object.values(getTableColumns(table)).map(cellOf), sql`, `)

const isReservedRow = (now: number): SQL =>
  isReserved(sql`row.value ->> '$.email'`, { userId: sql`row.value ->> '$.id'`, now })

/** The rows as `insertUsers` takes them. */
export const toUserList = (rows: readonly NewUserRow[]): string => toList(users, rows)

/**
 * Writes the rows in their order, but none whose email or username is taken, or whose email is reserved: of two with one
 * email the first is written.
 */
export const insertUsers = ({ db, now }: Store, list: string) =>
  db
    .insert(users)
    .select(
      sql`select ${columnsOf(users)} from json_each(${list}) as row
        where not ${isReservedRow(now())}
        order by row.key`,
    )
    .onConflictDoNothing()

/** Writes the events of those users alone who were written, and returns whom they are about. */
export const insertUserEvents = ({ db }: Store, rows: readonly NewEventRow[]) =>
  db
    .insert(events)
    .select(
      sql`select ${columnsOf(events)} from json_each(${toList(events, rows)}) as row
        where exists (select 1 from ${users} where ${users.id} = row.value ->> '$.subject') order by row.key`,
    )
    .returning({ subject: events.subject })

/** Counts, when the batch has written: what was imported, what was there, and the rest beside what was `rejected` before. */
export function countOutcomes({ now }: Store, rows: readonly { id: string; email: string }[], rejected: number): SQL {
  const list = JSON.stringify(rows.map(({ id, email }) => ({ id, email })))
  const counts = sql`select
    count(*) as total,
    count(own.id) as imported,
    count(case when own.id is null and (other.id is not null or ${isReservedRow(now())}) then 1 end) as skipped
    from json_each(${list}) as row
    left join users as own on own.id = row.value ->> '$.id'
    left join users as other on other.email = row.value ->> '$.email'`
  return sql`(select json_object('imported', imported, 'skipped', skipped,
    'rejected', total - imported - skipped + ${rejected}) from (${counts}))`
}

/** Those of the addresses that have an account, or are reserved for one. */
export async function selectKnownEmails({ db, now }: Store, emails: readonly string[]): Promise<Set<string>> {
  const asked = sql`(select value from json_each(${JSON.stringify(emails)}))`
  const rows = await db
    .select({ email: users.email })
    .from(users)
    .where(sql`${users.email} in ${asked}`)
    .union(
      db
        .select({ email: formerAddresses.email })
        .from(formerAddresses)
        .where(sql`${formerAddresses.email} in ${asked} and ${formerAddresses.until} > ${now()}`),
    )
  return new Set(rows.map(({ email }) => email))
}

/** Those of the usernames, in their normal form, that somebody has. */
export async function selectKnownUsernames({ db }: Store, keys: readonly string[]): Promise<Set<string | null>> {
  const rows = await db
    .select({ key: users.usernameKey })
    .from(users)
    .where(sql`${users.usernameKey} in (select value from json_each(${JSON.stringify(keys)}))`)
  return new Set(rows.map(({ key }) => key))
}

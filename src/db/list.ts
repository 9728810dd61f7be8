import { count, type SQL } from 'drizzle-orm'
import type { SelectResultFields } from 'drizzle-orm/query-builders/select.types'
import type { SelectedFields, SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Db } from './client.ts'

/** What a store says of a list: whatever range is asked of it is read alike. */
export interface RowList<C extends SelectedFields> {
  readonly table: SQLiteTable
  readonly columns: C
  readonly where?: SQL | undefined
  /** Ends in a column that no two rows share. */
  readonly order: readonly (SQL | SQLiteColumn)[]
}

export interface Range {
  readonly offset: number
  readonly limit: number
}

interface Store {
  readonly db: Db
}

const select = <C extends SelectedFields>({ db }: Store, { table, columns, where, order }: RowList<C>, range: Range) =>
  db
    .select(columns as SelectedFields)
    .from(table)
    .where(where)
    .orderBy(...order)
    .limit(range.limit)
    .offset(range.offset)

/** A range of the list. */
export const listRows = async <C extends SelectedFields>(store: Store, list: RowList<C>, range: Range) =>
  (await select(store, list, range)) as SelectResultFields<C>[]

/** A range of the list, and how many rows it has in all, of one moment. */
export async function listPage<C extends SelectedFields>(store: Store, list: RowList<C>, range: Range) {
  const counted = store.db.select({ total: count() }).from(list.table).where(list.where)
  const [rows, [all]] = await store.db.batch([select(store, list, range), counted])
  return { rows: rows as SelectResultFields<C>[], total: all?.total ?? 0 }
}

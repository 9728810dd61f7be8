import { count, inArray, type SQL } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Db } from './client.ts'

/** Rows that one statement deletes: D1 stops a statement that takes too long. */
const ROWS_PER_RUN = 500
/** Counting stops there: so many rows take hundreds of runs. */
const COUNTED_ROWS = 100_000

interface Prunable {
  readonly table: SQLiteTable
  readonly key: SQLiteColumn
  /** Which rows are over. */
  readonly where: SQL | undefined
  /** Where an index has the oldest first. */
  readonly order?: SQLiteColumn
}

interface Store {
  readonly db: Db
}

/** The keys of at most so many rows that are over. */
const selectOver = ({ db }: Store, { table, key, where, order }: Prunable, limit: number) =>
  db
    .select({ key })
    .from(table)
    .where(where)
    .orderBy(...(order ? [order] : []))
    .limit(limit)

/** Deletes rows that are over, a bounded number in each of at most `runs` statements. The next run of cron goes on. */
export async function prune(
  store: Store,
  prunable: Prunable,
  { runs = 1 }: { readonly runs?: number } = {},
): Promise<void> {
  const { table, key } = prunable
  for (let run = 0; run < runs; run += 1) {
    const over = selectOver(store, prunable, ROWS_PER_RUN)
    const deleted = await store.db.delete(table).where(inArray(key, over)).returning({ key })
    if (deleted.length < ROWS_PER_RUN) return
  }
}

/** How many rows are over: of each kind at most 100,000 are counted. */
export async function countPrunable(store: Store, kinds: readonly Prunable[]): Promise<number> {
  const counted = await Promise.all(
    kinds.map((prunable) =>
      store.db.select({ count: count() }).from(selectOver(store, prunable, COUNTED_ROWS).as('over')),
    ),
  )
  return counted.reduce((sum, [row]) => sum + (row?.count ?? 0), 0)
}

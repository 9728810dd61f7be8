import { count, inArray, type SQL } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Db } from './client.ts'

/** Rows that one statement deletes: D1 stops a statement that takes too long. */
const ROWS_PER_RUN = 500

export interface Prunable {
  readonly table: SQLiteTable
  readonly key: SQLiteColumn
  /** Which rows are over. */
  readonly where: SQL | undefined
  /** Where an index has the oldest first. */
  readonly order?: SQLiteColumn
}

/** Deletes rows that are over, a bounded number in each of at most `runs` statements. The next run of cron goes on. */
export async function prune(
  { db }: { readonly db: Db },
  { table, key, where, order }: Prunable,
  { runs = 1 }: { readonly runs?: number } = {},
): Promise<void> {
  for (let run = 0; run < runs; run += 1) {
    const over = db
      .select({ key })
      .from(table)
      .where(where)
      .orderBy(...(order ? [order] : []))
      .limit(ROWS_PER_RUN)
    const deleted = await db.delete(table).where(inArray(key, over)).returning({ key })
    if (deleted.length < ROWS_PER_RUN) return
  }
}

/** Counting stops there: so many rows take hundreds of runs. */
const COUNTED_ROWS = 100_000

/** How many rows are over, of each kind at most 100,000. */
export async function countPrunable({ db }: { readonly db: Db }, kinds: readonly Prunable[]): Promise<number> {
  const counted = await Promise.all(
    kinds.map(({ table, key, where, order }) =>
      db.select({ count: count() }).from(
        db
          .select({ key })
          .from(table)
          .where(where)
          .orderBy(...(order ? [order] : []))
          .limit(COUNTED_ROWS)
          .as('over'),
      ),
    ),
  )
  return counted.reduce((sum, [row]) => sum + (row?.count ?? 0), 0)
}

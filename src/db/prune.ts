import { and, count, inArray, type SQL } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Db } from './client.ts'
import { isFree, type Owners } from './holds.ts'

/** Rows that one statement deletes: D1 stops a statement that takes too long. */
const ROWS_PER_RUN = 500
/** Counting stops there: so many rows take hundreds of runs. */
const COUNTED_ROWS = 100_000

interface Prunable {
  readonly table: SQLiteTable
  readonly key: SQLiteColumn
  /** Which rows are over. */
  readonly where: SQL | undefined
  /** Whose the rows are. What is held stays. */
  readonly of: Owners
  /** Where an index has the oldest first. */
  readonly order?: SQLiteColumn
}

/** The keys of rows that are over, at most `limit`. */
const selectOver = (db: Db, { table, key, where, of, order }: Prunable, limit: number) =>
  db
    .select({ key })
    .from(table)
    .where(and(where, isFree(of)))
    .orderBy(...(order ? [order] : []))
    .limit(limit)

/** Deletes rows that are over, a bounded number in each of at most `runs` statements. The next run of cron goes on. */
export async function prune(
  { db }: { readonly db: Db },
  over: Prunable,
  { runs = 1 }: { readonly runs?: number } = {},
): Promise<void> {
  const { table, key } = over
  for (let run = 0; run < runs; run += 1) {
    const some = inArray(key, selectOver(db, over, ROWS_PER_RUN))
    const deleted = await db.delete(table).where(some).returning({ key })
    if (deleted.length < ROWS_PER_RUN) return
  }
}

/** How many rows are over: of each kind at most 100,000 are counted. */
export async function countPrunable({ db }: { readonly db: Db }, kinds: readonly Prunable[]): Promise<number> {
  const counted = await Promise.all(
    kinds.map((over) => db.select({ count: count() }).from(selectOver(db, over, COUNTED_ROWS).as('over'))),
  )
  return counted.reduce((sum, [row]) => sum + (row?.count ?? 0), 0)
}

import { and, inArray, not, type SQL } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Db } from './client.ts'
import { isAddressHeld, isOrganizationHeld, isUserHeld } from './holds.ts'

/** Rows that one statement deletes: D1 stops a statement that takes too long. */
const ROWS_PER_RUN = 500

interface Prunable {
  readonly table: SQLiteTable
  readonly key: SQLiteColumn
  /** Which rows are over. */
  readonly where: SQL | undefined
  /** Whose the rows are: columns with the ids of users, with addresses, and with ids of organizations. What is held stays. */
  readonly of: {
    readonly users?: readonly SQLiteColumn[]
    readonly addresses?: readonly SQLiteColumn[]
    readonly organizations?: readonly SQLiteColumn[]
  }
  /** Where an index has the oldest first. */
  readonly order?: SQLiteColumn
}

const isFree = ({ users = [], addresses = [], organizations = [] }: Prunable['of']): SQL | undefined =>
  and(
    ...users.map((column) => not(isUserHeld(column))),
    ...addresses.map((column) => not(isAddressHeld(column))),
    ...organizations.map((column) => not(isOrganizationHeld(column))),
  )

/** Deletes rows that are over, a bounded number in each of at most `runs` statements. The next run of cron goes on. */
export async function prune(
  { db }: { readonly db: Db },
  { table, key, where, of, order }: Prunable,
  { runs = 1 }: { readonly runs?: number } = {},
): Promise<void> {
  for (let run = 0; run < runs; run += 1) {
    const over = db
      .select({ key })
      .from(table)
      .where(and(where, isFree(of)))
      .orderBy(...(order ? [order] : []))
      .limit(ROWS_PER_RUN)
    const deleted = await db.delete(table).where(inArray(key, over)).returning({ key })
    if (deleted.length < ROWS_PER_RUN) return
  }
}

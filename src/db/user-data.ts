import { and, eq, getTableColumns, type SQL } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Ctx } from '../context.ts'
import type { Statement } from './commit.ts'

interface Person {
  readonly id: string
  /** Normalized. */
  readonly email: string
}

/** What a table holds of a user, and how that is erased. Columns have their names in the table's definition. */
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
}

/** How a column finds a user's rows: by id, by address, or by a condition. */
type Finder = 'id' | 'email' | ((user: Person) => SQL)

type ColumnOf<T extends SQLiteTable> = keyof T['_']['columns'] & string

/** Columns that say who did something to what is not theirs: emptied when that user is erased. */
export function forgottenIn<T extends SQLiteTable>(table: T, names: readonly ColumnOf<T>[]): UserData {
  const columns: Record<string, SQLiteColumn> = getTableColumns(table)
  return {
    table,
    erases: names,
    statements: ({ db }, { id }, isDue) =>
      names.map((name) =>
        db
          .update(table)
          .set({ [name]: null } as never)
          .where(and(eq(columns[name] as SQLiteColumn, id), isDue)),
      ),
  }
}

/** A table whose rows are deleted with their user. `also`: columns about a user by which no rows are found. */
export function deletedRows<T extends SQLiteTable>(
  table: T,
  finders: { readonly [K in ColumnOf<T>]?: Finder },
  also: readonly ColumnOf<T>[] = [],
): UserData {
  const columns: Record<string, SQLiteColumn> = getTableColumns(table)
  const conditionOf = (name: string, finder: Finder, user: Person): SQL =>
    typeof finder === 'function' ? finder(user) : eq(columns[name] as SQLiteColumn, user[finder])
  return {
    table,
    erases: [...Object.keys(finders), ...also],
    statements: ({ db }, user, isDue) =>
      Object.entries<Finder>(finders as Record<string, Finder>).map(([name, finder]) =>
        db.delete(table).where(and(conditionOf(name, finder, user), isDue)),
      ),
  }
}

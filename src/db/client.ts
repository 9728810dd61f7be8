import { type DrizzleD1Database, drizzle } from 'drizzle-orm/d1'
import { serviceUnavailable } from '../lib/errors.ts'
import { within } from '../lib/time.ts'

export type Db = DrizzleD1Database

/** How long a statement may take before the caller gets SERVICE_UNAVAILABLE. */
const STATEMENT_BOUND_MS = 3000

/** The first read goes to the primary: a replica may lag behind, and reads decide about access and fill tokens. */
export function connect(database: D1Database): Db {
  return drizzle(boundDatabase(database.withSession('first-primary')))
}

/** An outage becomes SERVICE_UNAVAILABLE. An error of SQLite itself is a bug of ours and is thrown as it is. */
async function bounded<T>(work: Promise<T>): Promise<T> {
  try {
    return await within(STATEMENT_BOUND_MS, work)
  } catch (cause) {
    if (cause instanceof Error && cause.message.includes('SQLITE_')) throw cause
    throw serviceUnavailable({}, { cause })
  }
}

/** The part of D1's interface that drizzle uses, with a time limit for each statement. */
function boundDatabase(session: D1DatabaseSession): D1Database {
  const originals = new WeakMap<object, D1PreparedStatement>()
  const wrap = (statement: D1PreparedStatement) => {
    const wrapped = {
      bind: (...values: unknown[]) => wrap(statement.bind(...values)),
      run: () => bounded(statement.run()),
      all: () => bounded(statement.all()),
      raw: () => bounded(statement.raw()),
    } as unknown as D1PreparedStatement
    originals.set(wrapped, statement)
    return wrapped
  }
  const unwrap = (statement: D1PreparedStatement) => originals.get(statement) ?? statement
  return {
    prepare: (query: string) => wrap(session.prepare(query)),
    batch: (statements: D1PreparedStatement[]) => bounded(session.batch(statements.map(unwrap))),
  } as unknown as D1Database
}

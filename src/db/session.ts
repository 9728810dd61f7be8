import { serviceUnavailable } from '../lib/errors.ts'
import { within } from '../lib/time.ts'

/** A statement that has not answered by then is given up: the caller gets SERVICE_UNAVAILABLE. */
const STATEMENT_BOUND_MS = 3000

/** An outage is `unavailable`; a statement that SQLite refuses is our own mistake and stays what it is. */
async function bounded<T>(work: Promise<T>): Promise<T> {
  try {
    return await within(STATEMENT_BOUND_MS, work)
  } catch (cause) {
    if (cause instanceof Error && cause.message.includes('SQLITE_')) throw cause
    throw serviceUnavailable({}, { cause })
  }
}

/**
 * The part of D1 that is used, with each answer bounded in time. Every read that decides, or fills a token, starts at the
 * primary: a replica may be behind.
 */
export function openSession(database: D1Database): D1Database {
  const session = database.withSession('first-primary')
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

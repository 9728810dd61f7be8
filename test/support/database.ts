import { env } from './app.ts'

/** The suite's D1, whose answers can fail or wait, and which notes what it is asked: pass `binding` as `DB`. */
export interface WatchedDatabase {
  mode: 'answers' | 'fails' | 'hangs'
  /** Every statement that was run, in order. */
  readonly asked: string[]
  /** Awaited before each answer. */
  hold: () => Promise<void>
  readonly binding: D1Database
}

export function watchDatabase(): WatchedDatabase {
  const answer = async <T>(statements: readonly string[], work: () => Promise<T>): Promise<T> => {
    watched.asked.push(...statements)
    if (watched.mode === 'fails') throw new Error('D1 is down')
    if (watched.mode === 'hangs') return new Promise<never>(() => undefined)
    const result = await work()
    await watched.hold()
    return result
  }
  const originals = new WeakMap<object, { statement: D1PreparedStatement; sql: string }>()
  const wrap = (statement: D1PreparedStatement, sql: string) => {
    const wrapped = {
      bind: (...values: unknown[]) => wrap(statement.bind(...values), sql),
      run: () => answer([sql], () => statement.run()),
      all: () => answer([sql], () => statement.all()),
      raw: () => answer([sql], () => statement.raw()),
    }
    originals.set(wrapped, { statement, sql })
    return wrapped
  }
  const withSession = () => {
    const session = env.DB.withSession('first-primary')
    const batch = (wrapped: object[]) => {
      const known = wrapped.flatMap((one) => originals.get(one) ?? [])
      return answer(
        known.map(({ sql }) => sql),
        () => session.batch(known.map(({ statement }) => statement)),
      )
    }
    return { prepare: (sql: string) => wrap(session.prepare(sql), sql), batch }
  }
  const watched: WatchedDatabase = {
    mode: 'answers',
    asked: [],
    hold: () => Promise.resolve(),
    binding: { withSession } as unknown as D1Database,
  }
  return watched
}

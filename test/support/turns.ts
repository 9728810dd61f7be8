import { drizzle } from 'drizzle-orm/d1'
import type { Db } from '../../src/db/client.ts'
import { env } from './app.ts'

/** Numbers from 0 up to `below`, the same for the same seed (mulberry32). */
export function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

interface Waiting {
  readonly call: number
  /** Runs the statement or batch; resolves when the database has answered. */
  run(): Promise<void>
}

/**
 * Runs calls at once, but one statement (or batch) of the database at a time: once each call waits for its next one or has
 * ended, `random` says whose turn it is. Returns how each call ended, and whose turns there were.
 */
export async function takeTurns<T>(
  random: (below: number) => number,
  calls: readonly ((db: Db) => Promise<T>)[],
): Promise<{ results: PromiseSettledResult<T>[]; turns: number[] }> {
  const waiting: Waiting[] = []
  const turns: number[] = []
  const ended = new Set<number>()
  let changed = (): void => undefined
  const ask = <R>(call: number, work: () => Promise<R>): Promise<R> =>
    new Promise((resolve, reject) => {
      waiting.push({
        call,
        run: async () => {
          try {
            resolve(await work())
          } catch (cause) {
            reject(cause)
          }
        },
      })
      changed()
    })
  const results = Promise.allSettled(
    calls.map(async (work, call) => {
      try {
        return await work(databaseOf((statement) => ask(call, statement)))
      } finally {
        ended.add(call)
        changed()
      }
    }),
  )
  const isSettled = () => calls.every((_, call) => ended.has(call) || waiting.some((one) => one.call === call))
  while (ended.size < calls.length) {
    while (!isSettled()) await new Promise<void>((resolve) => (changed = resolve))
    const [next] = waiting.splice(random(waiting.length), 1)
    if (!next) break
    turns.push(next.call)
    await next.run()
    // What goes on with the answer asks next, or ends, in a later microtask.
    await new Promise((resolve) => setTimeout(resolve))
  }
  // What was deferred and nobody waits for.
  for (let next = waiting.shift(); next; next = waiting.shift()) await next.run()
  return { results: await results, turns }
}

/** The suite's D1, in which every statement and batch is handed to `ask`. */
function databaseOf(ask: <R>(work: () => Promise<R>) => Promise<R>): Db {
  const originals = new WeakMap<object, D1PreparedStatement>()
  const wrap = (statement: D1PreparedStatement) => {
    const wrapped = {
      bind: (...values: unknown[]) => wrap(statement.bind(...values)),
      run: () => ask(() => statement.run()),
      all: () => ask(() => statement.all()),
      raw: () => ask(() => statement.raw()),
    }
    originals.set(wrapped, statement)
    return wrapped
  }
  const batch = (wrapped: object[]) => ask(() => env.DB.batch(wrapped.flatMap((one) => originals.get(one) ?? [])))
  return drizzle({ prepare: (sql: string) => wrap(env.DB.prepare(sql)), batch } as unknown as D1Database)
}

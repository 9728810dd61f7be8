import { drizzle } from 'drizzle-orm/d1'
import type { Ctx } from '../../src/context.ts'
import { env } from './app.ts'

interface Query {
  readonly sql: string
  readonly params: readonly unknown[]
}

/** Keeps every statement that is run on `ctx.db`, and gives the plan that SQLite makes for each. */
export function watchPlans() {
  const seen: Query[] = []
  const watch = (statement: D1PreparedStatement, query: Query): D1PreparedStatement =>
    new Proxy(statement, {
      get(target, name) {
        if (name === 'bind')
          return (...params: unknown[]) => {
            const bound = { ...query, params }
            seen.push(bound)
            return target.bind(...params)
          }
        const value = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  const database = new Proxy(env.DB, {
    get(target, name) {
      if (name === 'prepare') return (sql: string) => watch(target.prepare(sql), { sql, params: [] })
      const value = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return {
    into: (ctx: Ctx): Ctx => ({ ...ctx, db: drizzle(database) }),
    /** The steps of every plan, and what was asked is forgotten. */
    plans: async (): Promise<string[]> => {
      const steps: string[] = []
      for (const { sql, params } of seen.splice(0)) {
        const { results } = await env.DB.prepare(`explain query plan ${sql}`)
          .bind(...params)
          .all<{ detail: string }>()
        steps.push(...results.map(({ detail }) => detail))
      }
      return steps
    },
  }
}

/** Steps that read a whole table or index; a JSON array that was handed in is no table. */
export const scansIn = (steps: readonly string[]): string[] =>
  steps.filter((step) => /^SCAN (?!json_each|\d+ CONSTANT|CONSTANT)/.test(step))

import { drizzle } from 'drizzle-orm/d1'
import type { Ctx } from '../../../src/context.ts'
import { env, type TestApp } from '../../support/app.ts'
import type { SignedInUser } from '../../support/users.ts'

export const ADMIN = '/api/v1/admin'

/** A request of `user` to the admin API; a body makes it JSON. */
export function asking(app: TestApp, user: Pick<SignedInUser, 'headers'>) {
  return async (method: string, path: string, body?: unknown): Promise<Response> =>
    app.fetch(ADMIN + path, {
      method,
      headers: { ...user.headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
}

export interface RecordedRow {
  readonly type: string
  readonly subject: string
  readonly user_id: string | null
  readonly actor_type: string
  readonly actor_id: string
  readonly data: Record<string, unknown>
}

/** What the record has of a user, in order; `type` narrows it. */
export async function recordedOf(userId: string, type?: string): Promise<RecordedRow[]> {
  const { results } = await env.DB.prepare('select * from events where user_id = ? order by position')
    .bind(userId)
    .all<Omit<RecordedRow, 'data'> & { data: string }>()
  return results
    .filter((row) => type === undefined || row.type === type)
    .map((row) => ({ ...row, data: JSON.parse(row.data) }))
}

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

/** A passkey in the database alone: nobody can sign in with it. */
export async function insertPasskey(userId: string, name: string | null = null): Promise<string> {
  const id = crypto.randomUUID()
  await env.DB.prepare(
    `insert into passkeys (id, user_id, credential_id, public_key, sign_count, transports, device_type, backed_up, aaguid, rp_id, name, created_at)
     values (?, ?, ?, 'x', 0, '[]', 'singleDevice', 0, '', 'localhost', ?, 1)`,
  )
    .bind(id, userId, crypto.randomUUID(), name)
    .run()
  return id
}

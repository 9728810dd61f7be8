import { applyD1Migrations, type D1Migration } from 'cloudflare:test'
import { env as workerEnv } from 'cloudflare:workers'
import type { Ctx } from '../../src/context.ts'
import { connect } from '../../src/db/client.ts'
import { openSession } from '../../src/db/session.ts'

const bindings = workerEnv as unknown as { COUNTS_DB: D1Database; TEST_MIGRATIONS: D1Migration[] }

/** A database in which nobody else writes: for what is counted over all rows. */
export const countsDatabase = bindings.COUNTS_DB

/** Empty, with every table and trigger. */
export async function emptyCountsDatabase(): Promise<void> {
  await applyD1Migrations(countsDatabase, bindings.TEST_MIGRATIONS)
  const tables = ['users', 'passkeys', 'events', 'counts', 'user_counts']
  await countsDatabase.batch(tables.map((table) => countsDatabase.prepare(`delete from ${table}`)))
}

export const onCountsDatabase = (ctx: Ctx): Ctx => ({
  ...ctx,
  db: connect(countsDatabase),
  openDatabase: () => openSession(countsDatabase),
})

/** Every counter that is not 0, by name. */
export async function readCounts(): Promise<Record<string, number>> {
  const { results } = await countsDatabase
    .prepare("select name, value from counts where value <> 0 and name not glob 'events:*' order by name")
    .all<{ name: string; value: number }>()
  return Object.fromEntries(results.map(({ name, value }) => [name, value]))
}

import { applyD1Migrations, type D1Migration } from 'cloudflare:test'
import { env as workerEnv } from 'cloudflare:workers'
import type { Ctx } from '../../../src/context.ts'
import { connect } from '../../../src/db/client.ts'

const bindings = workerEnv as unknown as { DIRECTORY_DB: D1Database; TEST_MIGRATIONS: D1Migration[] }

/** A database of the directory's own: its tests compare pages with all rows. */
export const database = bindings.DIRECTORY_DB

export const ctx: Pick<Ctx, 'db'> = { db: connect(database) }

/**
 * Empties it, then makes `count` users in one statement, of every kind and with gaps: a tenth suspended, a fifth with a
 * second factor, one in a thousand an admin, one in fifty a vendor. Every seventh of the first 5000 is gone.
 */
export async function seed(count: number): Promise<void> {
  await applyD1Migrations(database, bindings.TEST_MIGRATIONS)
  const statements = [
    'delete from users',
    'delete from user_counts',
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count})
     insert into users (number, id, email, username, username_key, first_name, last_name, display_name, status, role, mfa_enabled, created_at, updated_at)
     select i, printf('00000000-0000-4000-8000-%012d', i), substr('abcdefghijklmnopqrstuvwxyz', i % 26 + 1, 1) || 'seeded' || i || '@example.test', 'Seeded_' || i, 'seeded_' || i, 'Seed', 'Of' || i,
       iif(i % 3 = 0, 'Zoë "' || i || '"', null),
       case when i % 10 = 0 then 'suspended' when i % 97 = 0 then 'deleted' when i % 31 = 0 then 'pending' when i % 89 = 0 then 'locked' else 'active' end,
       case when i % 1000 = 1 then 'admin' when i % 50 = 2 then 'vendor' else 'user' end, i % 5 = 0, i, i from n`,
    'delete from users where number <= 5000 and number % 7 = 0',
    'delete from users where number between 2000 and 2100',
  ]
  for (const statement of statements) await database.prepare(statement).run()
}

import { organizations } from '../../../src/features/memberships/tables.ts'
import { roles, roleVersions } from '../../../src/features/rbac/tables.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'
import type { WatchedDatabase } from '../../support/database.ts'

/** A custom role, as a row: `{ scope, key, permissions }`. */
export async function insertRole(
  app: TestApp,
  { scope, key, permissions }: { scope: string; key: string; permissions: string[] },
): Promise<string> {
  const { db } = await app.ctx()
  const id = newUuid()
  await db
    .insert(roles)
    .values({ id, scope, key, name: key, nameKey: key, permissions, createdAt: 1, updatedAt: 1 })
    .onConflictDoUpdate({ target: [roles.scope, roles.key], set: { permissions } })
  return id
}

/** Sets the version of the definitions of a scope, as changes of them do. */
export async function setVersion(app: TestApp, scope: string, version: number): Promise<void> {
  const { db } = await app.ctx()
  await db
    .insert(roleVersions)
    .values({ scope, version })
    .onConflictDoUpdate({ target: roleVersions.scope, set: { version } })
}

export async function insertOrganization(app: TestApp, { version = 1 } = {}): Promise<string> {
  const { db } = await app.ctx()
  const id = newUuid()
  await db.insert(organizations).values({ id, name: id, slug: id, version, createdAt: 1, updatedAt: 1 })
  return id
}

/** How often definitions were read. */
export const readsOf = ({ asked }: WatchedDatabase): number =>
  asked.filter((sql) => sql.includes('from "role_versions"')).length

const WRITES_RIGHTS = /^(insert into|update|delete from) "(roles|role_assignments|grants)"/

interface Sql {
  toSQL?(): { readonly sql: string }
}

/** An isolate whose first `times` batches that write rights (or `what`) come after what others do meanwhile. */
export function interfering(meanwhile: () => Promise<unknown>, times = 1, what = WRITES_RIGHTS): TestApp {
  let left = times
  return createTestApp({
    override: (ctx) => {
      const batch = ctx.db.batch.bind(ctx.db) as (items: readonly Sql[]) => Promise<unknown>
      const late = async (items: readonly Sql[]) => {
        if (left > 0 && items.some((item) => what.test(item.toSQL?.().sql ?? ''))) {
          left -= 1
          await meanwhile()
        }
        return batch(items)
      }
      return Object.defineProperty({ ...ctx }, 'db', { value: Object.create(ctx.db, { batch: { value: late } }) })
    },
  })
}

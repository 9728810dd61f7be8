import { and, eq, isNull, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../context.ts'
import { organizations } from '../memberships/tables.ts'
import { grants, roleAssignments, roles, roleVersions } from './tables.ts'

type Store = Pick<Ctx, 'db'>

/** The version of the definitions of a scope: 0 before the first change. */
export const versionOf = (scope: string): SQL =>
  sql`coalesce((select version from role_versions where scope = ${scope}), 0)`

/** What the custom roles of a scope allow, and since which version: read together, for a change comes with its version. */
export async function readDefinitions(
  { db }: Store,
  scope: string,
): Promise<{ version: number; roles: readonly { key: string; permissions: string[] }[] }> {
  const [versions, rows] = await db.batch([
    db.select({ version: roleVersions.version }).from(roleVersions).where(eq(roleVersions.scope, scope)),
    db.select({ key: roles.key, permissions: roles.permissions }).from(roles).where(eq(roles.scope, scope)),
  ])
  return { version: versions[0]?.version ?? 0, roles: rows }
}

/** Raises the version of the definitions of a scope, if the statement before it in the batch changed a row. */
export const raiseVersion = ({ db }: Store, scope: string) =>
  db
    .insert(roleVersions)
    .select(sql`select ${scope}, 1 where changes() > 0`)
    .onConflictDoUpdate({ target: roleVersions.scope, set: { version: sql`version + 1` } })
    .returning({ version: roleVersions.version })

/** The `version` of an organization that is not deleted. */
export async function findOrganizationVersion({ db }: Store, id: string): Promise<number | undefined> {
  const row = await db
    .select({ version: organizations.version })
    .from(organizations)
    .where(and(eq(organizations.id, id), isNull(organizations.deletedAt)))
    .get()
  return row?.version
}

/** Takes from a user what they hold in a scope beside their role, if the condition holds. */
export const deleteHeld = (
  { db }: Store,
  { scope, userId }: { scope: string; userId: string },
  when: SQL | undefined,
) => [
  db.delete(roleAssignments).where(and(eq(roleAssignments.scope, scope), eq(roleAssignments.userId, userId), when)),
  db.delete(grants).where(and(eq(grants.scope, scope), eq(grants.userId, userId), when)),
]

interface NewGrants {
  readonly scope: string
  readonly userId: string
  readonly permissions: readonly string[]
  readonly grantedBy: string
  readonly grantedAt: number
}

/** Gives a user permissions in a scope, if the condition holds. */
export const insertGrants = ({ db }: Store, { permissions, ...row }: NewGrants, when: SQL) =>
  db
    .insert(grants)
    .select(
      sql`select ${row.scope}, ${row.userId}, value, ${row.grantedBy}, ${row.grantedAt}
        from json_each(${JSON.stringify(permissions)}) where ${when}`,
    )
    .onConflictDoNothing()

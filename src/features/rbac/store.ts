import { and, asc, count, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm'
import type { ActorCtx, Ctx, Place } from '../../context.ts'
import { deletedRows, forgottenIn, HIDDEN, shownRows, type UserData } from '../../db/user-data.ts'
import { isOpen, isTakenUp, organizations, stillHas } from '../memberships/tables.ts'
import { LIMITS, PLATFORM } from '../memberships/types.ts'
import { users } from '../users/tables.ts'
import { grants, type Role, roleAssignments, roles, roleVersions } from './tables.ts'

export { hasChanged } from '../users/tables.ts'

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

export const userData: readonly UserData[] = [
  {
    ...deletedRows(roleAssignments, { userId: 'id' }),
    ...shownRows(roleAssignments, {
      part: 'roles',
      by: { userId: 'id' },
      shows: ['roleId', 'scope', 'assignedBy', 'assignedAt'],
      doers: ['assignedBy'],
      hides: { [HIDDEN.internal]: ['userId'] },
    }),
  },
  {
    ...deletedRows(grants, { userId: 'id' }),
    ...shownRows(grants, {
      part: 'roles',
      by: { userId: 'id' },
      shows: ['scope', 'permission', 'grantedBy', 'grantedAt'],
      doers: ['grantedBy'],
      hides: { [HIDDEN.internal]: ['userId'] },
    }),
  },
  {
    ...forgottenIn(roleAssignments, ['assignedBy'], {
      users: [roleAssignments.userId],
      organizations: [roleAssignments.scope],
    }),
    ...shownRows(roleAssignments, {
      part: 'roles',
      name: 'roles_you_assigned',
      by: { assignedBy: 'id' },
      shows: ['roleId', 'scope', 'assignedAt'],
    }),
  },
  {
    ...forgottenIn(grants, ['grantedBy'], { users: [grants.userId], organizations: [grants.scope] }),
    ...shownRows(grants, {
      part: 'roles',
      name: 'permissions_you_granted',
      by: { grantedBy: 'id' },
      shows: ['scope', 'permission', 'grantedAt'],
    }),
  },
]

/** By the column that names the organization. */
export const organizationData = [roleAssignments.scope, grants.scope, roles.scope, roleVersions.scope]

/** The role in the organization, of a membership that counts; null platform-wide. */
const rankIn = (scope: string, userId: string): SQL<string | null> =>
  sql`(select held.role from memberships as held where held.organization_id = ${scope} and held.user_id = ${userId}
    and ${isTakenUp('held')} and ${isOpen(scope)})`

/** What a user holds in a scope and platform-wide, of one moment, with the versions that a change of it would raise. */
export async function selectHolder({ db }: Store, { scope, userId }: { scope: string; userId: string }) {
  const scopes = [scope, PLATFORM]
  const [[user], assigned, granted] = await db.batch([
    db
      .select({
        id: users.id,
        status: users.status,
        role: users.role,
        locale: users.locale,
        claimsVersion: users.claimsVersion,
        rank: rankIn(scope, userId),
        version: sql<number>`${versionOf(scope)}`,
      })
      .from(users)
      .where(eq(users.id, userId)),
    db
      .select({ id: roles.id, scope: roles.scope, key: roles.key, permissions: roles.permissions })
      .from(roleAssignments)
      .innerJoin(roles, eq(roles.id, roleAssignments.roleId))
      .where(and(eq(roleAssignments.userId, userId), inArray(roleAssignments.scope, scopes)))
      .orderBy(asc(roles.key)),
    db
      .select({ scope: grants.scope, permission: grants.permission })
      .from(grants)
      .where(and(eq(grants.userId, userId), inArray(grants.scope, scopes)))
      .orderBy(asc(grants.permission)),
  ])
  return user && { ...user, assigned, granted }
}

/** The custom roles of a scope, oldest first. */
export const selectRoles = ({ db }: Store, scope: string) =>
  db.select().from(roles).where(eq(roles.scope, scope)).orderBy(asc(roles.createdAt), asc(roles.id))

/** A custom role of the scope, by id or by name. */
export const selectRole = ({ db }: Store, scope: string, key: { id: string } | { nameKey: string }) =>
  db
    .select()
    .from(roles)
    .where(and(eq(roles.scope, scope), 'id' in key ? eq(roles.id, key.id) : eq(roles.nameKey, key.nameKey)))
    .get()

export const countAssignments = async ({ db }: Store, roleId: string): Promise<number> => {
  const [row] = await db.select({ count: count() }).from(roleAssignments).where(eq(roleAssignments.roleId, roleId))
  return row?.count ?? 0
}

/** Holds while a user's claims are as they were read: what users hold changes with their version. */
export const hasVersion = (userId: string, version: number): SQL =>
  sql`exists (select 1 from users as holder where holder.id = ${userId} and holder.claims_version = ${version})`

/** Holds while what a user holds in a scope, and what roles allow there, is as it was read. */
export const isHeldAsRead = (
  read: { readonly scope: string; readonly claimsVersion: number; readonly version: number },
  userId: string,
): SQL => sql`(${hasVersion(userId, read.claimsVersion)} and ${versionOf(read.scope)} = ${read.version})`

/** Holds while the caller may change rights in a scope, and what they hold, and what roles allow there, is as it was read. */
export const giverUnchanged = (
  { actor }: Pick<ActorCtx, 'actor'>,
  read: {
    readonly scope: string
    readonly place: Place | null
    readonly claimsVersion: number
    readonly version: number
  },
): SQL => sql`(${stillHas('admin', read.place, actor.id)} and ${isHeldAsRead(read, actor.id)})`

export const insertRole = ({ db }: Store, row: Role, when: SQL) =>
  db
    .insert(roles)
    .select(
      sql`select ${row.id}, ${row.scope}, ${row.key}, ${row.name}, ${row.nameKey}, ${row.description},
        ${JSON.stringify(row.permissions)}, ${row.createdAt}, ${row.updatedAt} where ${when}`,
    )
    .onConflictDoNothing()

export const updateRole = (
  { db }: Store,
  { id, scope }: Pick<Role, 'id' | 'scope'>,
  set: Partial<Pick<Role, 'name' | 'nameKey' | 'description' | 'permissions' | 'updatedAt'>>,
  when: SQL,
) =>
  db
    .update(roles)
    .set(set)
    .where(and(eq(roles.id, id), eq(roles.scope, scope), when))

/** A role that nobody has. */
export const deleteRole = ({ db }: Store, { id, scope }: Pick<Role, 'id' | 'scope'>, when: SQL) =>
  db
    .delete(roles)
    .where(
      and(
        eq(roles.id, id),
        eq(roles.scope, scope),
        sql`not exists (select 1 from role_assignments as given where given.role_id = ${id})`,
        when,
      ),
    )

type Assignment = typeof roleAssignments.$inferInsert

/** For a member who has taken that up, or platform-wide for whoever is active; within the limit. */
const isAssignable = ({ scope, userId }: Assignment): SQL => {
  const isThere =
    scope === PLATFORM
      ? sql`exists (select 1 from users as target where target.id = ${userId} and target.status = 'active')`
      : sql`${rankIn(scope, userId)} is not null`
  return sql`${isThere} and (select count(*) from role_assignments as others where others.user_id = ${userId}
    and others.scope = ${scope}) < ${LIMITS.customRolesPerMember}`
}

export const insertAssignment = ({ db }: Store, row: Assignment, when: SQL) =>
  db
    .insert(roleAssignments)
    .select(
      sql`select ${row.roleId}, ${row.userId}, ${row.scope}, ${row.assignedBy}, ${row.assignedAt}
        where ${isAssignable(row)} and ${when}`,
    )
    .onConflictDoNothing()

/** Holds while a user has a custom role, and the condition does. */
export const isAssigned = (
  { roleId, userId, scope }: Pick<Assignment, 'roleId' | 'userId' | 'scope'>,
  when: SQL,
): SQL => sql`(${when} and exists (select 1 from role_assignments as given where given.role_id = ${roleId}
    and given.user_id = ${userId} and given.scope = ${scope}))`

export const deleteAssignment = (
  { db }: Store,
  { roleId, userId, scope }: Pick<Assignment, 'roleId' | 'userId' | 'scope'>,
  when: SQL,
) =>
  db
    .delete(roleAssignments)
    .where(
      and(
        eq(roleAssignments.roleId, roleId),
        eq(roleAssignments.userId, userId),
        eq(roleAssignments.scope, scope),
        when,
      ),
    )

/** Holds while grants may be replaced. */
export const mayReplace = (
  { userId, claimsVersion }: Pick<GrantsChange, 'userId' | 'claimsVersion'>,
  isAllowed: SQL,
): SQL => sql`(${isAllowed} and ${hasVersion(userId, claimsVersion)})`

/**
 * The statements that turn a user's grants into others. They apply while the user's claims are as they were read, so of two
 * replacements at once the later one replaces what the other has given. The last of them changes a row if they apply.
 */
export function replaceGrants({ db, now }: Store & Pick<Ctx, 'now'>, change: GrantsChange, isAllowed: SQL) {
  const { scope, userId, grantedBy, taken, given } = change
  const when = mayReplace(change, isAllowed)
  const removal = db
    .delete(grants)
    .where(and(eq(grants.scope, scope), eq(grants.userId, userId), inArray(grants.permission, [...taken]), when))
  const addition = db
    .insert(grants)
    .select(
      sql`select ${scope}, ${userId}, value, ${grantedBy}, ${now()} from json_each(${JSON.stringify(given)}) where ${when}`,
    )
  return [...(taken.length > 0 ? [removal] : []), ...(given.length > 0 ? [addition] : [])]
}

interface GrantsChange {
  readonly scope: string
  readonly userId: string
  readonly claimsVersion: number
  readonly grantedBy: string
  readonly taken: readonly string[]
  readonly given: readonly string[]
}
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

import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

/** Custom roles. `scope` is an organization's id, or `platform`. */
export const roles = sqliteTable(
  'roles',
  {
    id: text('id').primaryKey(),
    scope: text('scope').notNull(),
    /** What tokens say: made from the first name, and unchanged by a rename. */
    key: text('key').notNull(),
    name: text('name').notNull(),
    /** The name without regard to case; unique in its scope. */
    nameKey: text('name_key').notNull(),
    description: text('description'),
    permissions: text('permissions', { mode: 'json' }).$type<string[]>().notNull().default(sql`'[]'`),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    uniqueIndex('roles_by_key').on(table.scope, table.key),
    uniqueIndex('roles_by_name').on(table.scope, table.nameKey),
  ],
)
export type Role = Readonly<typeof roles.$inferSelect>

/** Which custom roles a user has. */
export const roleAssignments = sqliteTable(
  'role_assignments',
  {
    roleId: text('role_id').notNull(),
    userId: text('user_id').notNull(),
    scope: text('scope').notNull(),
    assignedBy: text('assigned_by'),
    assignedAt: integer('assigned_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.roleId, table.userId] }),
    index('role_assignments_by_user').on(table.userId, table.scope),
    index('role_assignments_by_scope').on(table.scope),
    // For the erasure of a user.
    index('role_assignments_by_giver').on(table.assignedBy).where(sql`assigned_by is not null`),
  ],
)

/** Permissions that a user has directly, in an organization or platform-wide. */
export const grants = sqliteTable(
  'grants',
  {
    scope: text('scope').notNull(),
    userId: text('user_id').notNull(),
    permission: text('permission').notNull(),
    grantedBy: text('granted_by'),
    grantedAt: integer('granted_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.scope, table.permission] }),
    index('grants_by_scope').on(table.scope),
    index('grants_by_giver').on(table.grantedBy).where(sql`granted_by is not null`),
  ],
)

/** The version of the role definitions of a scope; absent before the first change. */
export const roleVersions = sqliteTable('role_versions', {
  scope: text('scope').primaryKey(),
  version: integer('version').notNull(),
})

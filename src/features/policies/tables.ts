import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** Policies. `scope` is an organization's id, or `platform`. */
export const policies = sqliteTable(
  'policies',
  {
    id: text('id').primaryKey(),
    scope: text('scope').notNull(),
    name: text('name').notNull(),
    description: text('description'),
    rules: text('rules', { mode: 'json' }).$type<Record<string, unknown>>().notNull().default(sql`'{}'`),
    /** `allow` or `deny`. */
    effect: text('effect').notNull(),
    priority: integer('priority').notNull().default(0),
    enabled: integer('enabled', { mode: 'boolean' }).notNull().default(true),
    version: integer('version').notNull().default(1),
    /** `user`, `role`, `organization`, `global`, or null. */
    targetType: text('target_type'),
    targetId: text('target_id'),
    resourceType: text('resource_type'),
    resourcePattern: text('resource_pattern'),
    actions: text('actions', { mode: 'json' }).$type<string[]>().notNull().default(sql`'[]'`),
    conditions: text('conditions', { mode: 'json' }).$type<Record<string, unknown>>().notNull().default(sql`'{}'`),
    expiresAt: integer('expires_at'),
    /** Of its JSON, in bytes. */
    size: integer('size').notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [index('policies_by_scope').on(table.scope, table.createdAt, table.id)],
)
export type Policy = Readonly<typeof policies.$inferSelect>

/** Former versions of policies. */
export const policyVersions = sqliteTable(
  'policy_versions',
  {
    policyId: text('policy_id').notNull(),
    version: integer('version').notNull(),
    /** The policy as it was. */
    policy: text('policy', { mode: 'json' }).$type<Record<string, unknown>>().notNull(),
    changedBy: text('changed_by'),
    changedAt: integer('changed_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.policyId, table.version] })],
)

/** The version of the policies of a scope: a compiled set is good for one. */
export const policySets = sqliteTable('policy_sets', {
  scope: text('scope').primaryKey(),
  version: integer('version').notNull(),
})

import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { JsonObject, PolicyContent } from './types.ts'

/** Policies. `scope` is an organization's id, or `platform`. */
export const policies = sqliteTable(
  'policies',
  {
    id: text('id').primaryKey(),
    scope: text('scope').notNull(),
    name: text('name').notNull(),
    description: text('description'),
    rules: text('rules', { mode: 'json' }).$type<JsonObject>().notNull().default(sql`'{}'`),
    effect: text('effect').$type<PolicyContent['effect']>().notNull(),
    priority: integer('priority').notNull().default(0),
    enabled: integer('enabled', { mode: 'boolean' }).notNull().default(true),
    version: integer('version').notNull().default(1),
    targetType: text('target_type').$type<PolicyContent['targetType']>(),
    targetId: text('target_id'),
    resourceType: text('resource_type'),
    resourcePattern: text('resource_pattern'),
    actions: text('actions', { mode: 'json' }).$type<readonly string[]>().notNull().default(sql`'[]'`),
    conditions: text('conditions', { mode: 'json' }).$type<JsonObject>().notNull().default(sql`'{}'`),
    expiresAt: integer('expires_at'),
    /** Of its JSON, in bytes. */
    size: integer('size').notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    index('policies_by_scope').on(table.scope, table.createdAt, table.id),
    index('policies_of_users').on(table.targetId).where(sql`target_type = 'user'`),
  ],
)
export type Policy = Readonly<typeof policies.$inferSelect>

/** Former versions of policies, and who replaced each of them when. */
export const policyVersions = sqliteTable(
  'policy_versions',
  {
    policyId: text('policy_id').notNull(),
    version: integer('version').notNull(),
    /** The policy as it was. */
    policy: text('policy', { mode: 'json' }).$type<JsonObject>().notNull(),
    changedBy: text('changed_by'),
    changedAt: integer('changed_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.policyId, table.version] }),
    index('policy_versions_by_author').on(table.changedBy),
    index('policy_versions_of_users').on(sql`policy ->> '$.target_id'`).where(sql`policy ->> '$.target_type' = 'user'`),
  ],
)

export type PolicyVersion = Readonly<typeof policyVersions.$inferSelect>

/** The version of the policies of a scope: a compiled set is good for one. */
export const policySets = sqliteTable('policy_sets', {
  scope: text('scope').primaryKey(),
  version: integer('version').notNull(),
})

import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { GivenRank, LogStatus, Operation, ResourceType, UserAttributes } from './types.ts'

/** That a directory may write people and groups of an organization. Whether it may now is `directory_enabled` of the organization. */
export const scimConfigs = sqliteTable('scim_configs', {
  id: text('id').primaryKey(),
  organizationId: text('organization_id').notNull().unique(),
  /** What the admins call their directory. */
  provider: text('provider').notNull(),
  /** The role by hand of whoever joins. */
  defaultRole: text('default_role').$type<GivenRank>().notNull(),
  /** What clients keep with it, as it came. */
  configuration: text('configuration', { mode: 'json' }).$type<Record<string, unknown>>().notNull(),
  createdAt: integer('created_at').notNull(),
  updatedAt: integer('updated_at').notNull(),
})
export type ScimConfig = Readonly<typeof scimConfigs.$inferSelect>

/** Credentials of directories. */
export const scimTokens = sqliteTable(
  'scim_tokens',
  {
    id: text('id').primaryKey(),
    organizationId: text('organization_id').notNull(),
    tokenHash: text('token_hash').notNull().unique(),
    /** What is shown of it. */
    prefix: text('prefix').notNull(),
    createdBy: text('created_by'),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
    /** A minute old at most. */
    lastUsedAt: integer('last_used_at'),
  },
  (table) => [
    index('scim_tokens_by_organization').on(table.organizationId, table.createdAt),
    index('scim_tokens_by_end').on(table.expiresAt),
    // For the erasure of a user.
    index('scim_tokens_by_maker').on(table.createdBy).where(sql`created_by is not null`),
  ],
)
export type ScimToken = Readonly<typeof scimTokens.$inferSelect>

/** People as an organization's directory describes them. Keys are folded by `fold`: SQLite folds ASCII alone. */
export const scimUsers = sqliteTable(
  'scim_users',
  {
    id: text('id').primaryKey(),
    organizationId: text('organization_id').notNull(),
    /** The account behind it. A trigger sets it when the record's invitation is accepted. */
    userId: text('user_id'),
    /** The invitation by which the account will come. */
    invitationId: text('invitation_id'),
    userNameKey: text('user_name_key').notNull(),
    externalId: text('external_id'),
    displayNameKey: text('display_name_key'),
    active: integer('active', { mode: 'boolean' }).notNull(),
    /** What the directory sent, without what has a column of the service's own. */
    attributes: text('attributes', { mode: 'json' }).$type<UserAttributes>().notNull(),
    /** The same with folded texts, for comparison without case. */
    folded: text('folded').notNull(),
    /** Incremented by every change. */
    version: integer('version').notNull().default(1),
    /** The change that wrote the row: other statements of its batch hang on it. */
    writeId: text('write_id').notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    deletedAt: integer('deleted_at'),
  },
  (table) => [
    uniqueIndex('scim_users_by_name').on(table.organizationId, table.userNameKey).where(sql`deleted_at is null`),
    uniqueIndex('scim_users_by_account')
      .on(table.organizationId, table.userId)
      .where(sql`deleted_at is null and user_id is not null`),
    // The order of lists, and of their cursors.
    index('scim_users_by_creation').on(table.organizationId, table.createdAt, table.id).where(sql`deleted_at is null`),
    index('scim_users_by_change').on(table.organizationId, table.updatedAt).where(sql`deleted_at is null`),
    index('scim_users_by_external_id').on(table.organizationId, table.externalId).where(sql`deleted_at is null`),
    index('scim_users_by_display_name').on(table.organizationId, table.displayNameKey).where(sql`deleted_at is null`),
    index('scim_users_by_state').on(table.organizationId, table.active).where(sql`deleted_at is null`),
    index('scim_users_by_invitation').on(table.invitationId).where(sql`invitation_id is not null`),
    index('scim_users_of_account').on(table.userId).where(sql`user_id is not null`),
    index('scim_users_deleted').on(table.deletedAt).where(sql`deleted_at is not null`),
  ],
)
export type ScimUserRow = Readonly<typeof scimUsers.$inferSelect>

/** The addresses of records, folded. */
export const scimUserEmails = sqliteTable(
  'scim_user_emails',
  {
    organizationId: text('organization_id').notNull(),
    email: text('email').notNull(),
    /** The id of the record. */
    recordId: text('record_id').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.email, table.recordId] }),
    index('scim_user_emails_by_record').on(table.recordId),
  ],
)

export const scimGroups = sqliteTable(
  'scim_groups',
  {
    id: text('id').primaryKey(),
    organizationId: text('organization_id').notNull(),
    displayName: text('display_name').notNull(),
    displayNameKey: text('display_name_key').notNull(),
    externalId: text('external_id'),
    version: integer('version').notNull().default(1),
    writeId: text('write_id').notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    deletedAt: integer('deleted_at'),
  },
  (table) => [
    uniqueIndex('scim_groups_by_name').on(table.organizationId, table.displayNameKey).where(sql`deleted_at is null`),
    index('scim_groups_by_creation').on(table.organizationId, table.createdAt, table.id).where(sql`deleted_at is null`),
    index('scim_groups_by_external_id').on(table.organizationId, table.externalId).where(sql`deleted_at is null`),
    index('scim_groups_deleted').on(table.deletedAt).where(sql`deleted_at is not null`),
  ],
)
export type ScimGroupRow = Readonly<typeof scimGroups.$inferSelect>

/** Who is in a group: rows, so that two workers of a directory that add to one lose nobody. */
export const scimMembers = sqliteTable(
  'scim_members',
  {
    organizationId: text('organization_id').notNull(),
    groupId: text('group_id').notNull(),
    /** The id of the record. */
    recordId: text('record_id').notNull(),
    writeId: text('write_id').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.groupId, table.recordId] }),
    index('scim_members_by_record').on(table.recordId),
    index('scim_members_by_organization').on(table.organizationId),
  ],
)

/** What a directory wrote, and what it was refused. */
export const scimLog = sqliteTable(
  'scim_log',
  {
    id: text('id').primaryKey(),
    organizationId: text('organization_id').notNull(),
    at: integer('at').notNull(),
    tokenId: text('token_id').notNull(),
    operation: text('operation').$type<Operation>().notNull(),
    resourceType: text('resource_type').$type<ResourceType>().notNull(),
    resourceId: text('resource_id'),
    status: text('status').$type<LogStatus>().notNull(),
    /** Of the answer. */
    httpStatus: integer('http_status').notNull(),
    scimType: text('scim_type'),
    detail: text('detail'),
    /** The names of attributes that changed, never their values. */
    changed: text('changed', { mode: 'json' }).$type<string[]>().notNull(),
  },
  (table) => [
    index('scim_log_by_organization').on(table.organizationId, table.at, table.id),
    index('scim_log_by_status').on(table.organizationId, table.status, table.at, table.id),
    index('scim_log_by_time').on(table.at),
  ],
)
export type ScimLogRow = Readonly<typeof scimLog.$inferSelect>

import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

export const organizations = sqliteTable(
  'organizations',
  {
    /** Sequential and never reused. */
    number: integer('number').primaryKey({ autoIncrement: true }),
    id: text('id').notNull().unique(),
    name: text('name').notNull(),
    /** Stays taken after a deletion, until the row is erased. */
    slug: text('slug').notNull().unique(),
    description: text('description'),
    logoUrl: text('logo_url'),
    billingEmail: text('billing_email'),
    /** Settings without a meaning of their own, as they came. */
    settings: text('settings', { mode: 'json' }).$type<Record<string, unknown>>().notNull().default(sql`'{}'`),
    /** Members need a session of two factors. */
    requireTwoFactors: integer('require_two_factors', { mode: 'boolean' }).notNull().default(false),
    /** JSON: the domains of addresses that may be invited; empty for any. */
    invitationDomains: text('invitation_domains', { mode: 'json' }).$type<string[]>().notNull().default(sql`'[]'`),
    /** Incremented by what takes from all members; the token's `org_ver`. */
    version: integer('version').notNull().default(1),
    /** How many members have taken up their membership. Maintained by triggers on `memberships`. */
    memberCount: integer('member_count').notNull().default(0),
    createdBy: text('created_by'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    deletedAt: integer('deleted_at'),
    /** When a deleted organization's row is erased. */
    eraseAt: integer('erase_at'),
  },
  (table) => [
    index('organizations_by_created').on(table.createdAt, table.number),
    index('organizations_by_creator').on(table.createdBy, table.createdAt),
    index('organizations_to_erase').on(table.eraseAt).where(sql`erase_at is not null`),
  ],
)
export type Organization = Readonly<typeof organizations.$inferSelect>

export const memberships = sqliteTable(
  'memberships',
  {
    id: text('id').primaryKey(),
    organizationId: text('organization_id').notNull(),
    userId: text('user_id').notNull(),
    /** `owner`, `admin`, `member` or `viewer`. */
    role: text('role').notNull(),
    metadata: text('metadata', { mode: 'json' }).$type<Record<string, unknown>>().notNull().default(sql`'{}'`),
    invitedBy: text('invited_by'),
    joinedAt: integer('joined_at').notNull(),
    /** When the user took the membership up; until then it counts for nothing. */
    takenUpAt: integer('taken_up_at'),
    /** When a membership that was not taken up ends. */
    expiresAt: integer('expires_at'),
    removedAt: integer('removed_at'),
    removedBy: text('removed_by'),
  },
  (table) => [
    uniqueIndex('memberships_one').on(table.organizationId, table.userId).where(sql`removed_at is null`),
    index('memberships_by_user').on(table.userId, table.joinedAt),
    index('memberships_by_organization').on(table.organizationId, table.joinedAt, table.id),
    index('memberships_by_role').on(table.organizationId, table.role, table.joinedAt).where(sql`removed_at is null`),
    index('memberships_by_end').on(table.expiresAt).where(sql`expires_at is not null`),
    index('memberships_removed').on(table.removedAt).where(sql`removed_at is not null`),
  ],
)
export type Membership = Readonly<typeof memberships.$inferSelect>

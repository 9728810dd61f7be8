import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** Where events are posted to: of an organization, of a user, or (neither) of the platform. That never changes. */
export const webhookEndpoints = sqliteTable(
  'webhook_endpoints',
  {
    id: text('id').primaryKey(),
    organizationId: text('organization_id'),
    userId: text('user_id'),
    url: text('url').notNull(),
    /** JSON: names of events, aliases and patterns, as they were asked for. */
    events: text('events', { mode: 'json' }).$type<readonly string[]>().notNull(),
    description: text('description'),
    headers: text('headers', { mode: 'json' }).$type<Readonly<Record<string, string>>>().notNull().default(sql`'{}'`),
    /** All three are sealed and bound to the row. */
    authorizationSealed: text('authorization_sealed'),
    secretSealed: text('secret_sealed').notNull(),
    formerSecretSealed: text('former_secret_sealed'),
    /** Until when the former secret signs, too. */
    formerSecretUntil: integer('former_secret_until'),
    ordered: integer('ordered', { mode: 'boolean' }).notNull(),
    batch: integer('batch', { mode: 'boolean' }).notNull(),
    /** With address and user agent: of the platform's endpoints alone. */
    audit: integer('audit', { mode: 'boolean' }).notNull(),
    isActive: integer('is_active', { mode: 'boolean' }).notNull().default(true),
    /** `gone` (410) or `failing` (for five days), where the service turned it off. */
    disabledReason: text('disabled_reason').$type<'gone' | 'failing'>(),
    /** Grows with each change. */
    version: integer('version').notNull().default(1),
    /** The version that its object was told of; it registers for events when it is told the first. */
    toldVersion: integer('told_version').notNull().default(0),
    createdBy: text('created_by'),
    /** When others were told that its author may no longer change it. */
    authorLossToldAt: integer('author_loss_told_at'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    index('webhook_endpoints_by_organization').on(table.organizationId, table.createdAt, table.id),
    index('webhook_endpoints_by_user').on(table.userId).where(sql`user_id is not null`),
    // For the erasure of a user, and for authors who have lost the right.
    index('webhook_endpoints_by_author').on(table.createdBy).where(sql`created_by is not null`),
    index('webhook_endpoints_untold').on(table.id).where(sql`told_version < version`),
  ],
)
export type WebhookRow = Readonly<typeof webhookEndpoints.$inferSelect>

import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

/** Who somebody is at another provider, and whose account that is here. */
export const identities = sqliteTable(
  'identities',
  {
    id: text('id').primaryKey(),
    userId: text('user_id').notNull(),
    /** The provider's name in the settings; `sso` for an organization's. */
    provider: text('provider').notNull(),
    /** Of an organization's provider: there the connection and the subject are the identity, not what it calls itself. */
    connectionId: text('connection_id'),
    issuer: text('issuer').notNull(),
    subject: text('subject').notNull(),
    /** As the provider said it last, for display. */
    email: text('email'),
    /** A name or login at the provider, for display. */
    label: text('label'),
    createdAt: integer('created_at').notNull(),
    lastUsedAt: integer('last_used_at'),
  },
  (table) => [
    uniqueIndex('identities_by_subject').on(table.issuer, table.subject).where(sql`${table.connectionId} is null`),
    uniqueIndex('identities_by_connection')
      .on(table.connectionId, table.subject)
      .where(sql`${table.connectionId} is not null`),
    uniqueIndex('identities_by_provider').on(table.userId, table.provider).where(sql`${table.connectionId} is null`),
    index('identities_by_user').on(table.userId),
  ],
)

import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** Machines that get tokens by the client credentials grant (RFC 6749 4.4). */
export const clients = sqliteTable('clients', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  secretHash: text('secret_hash').notNull(),
  scopes: text('scopes', { mode: 'json' }).$type<string[]>().notNull(),
  createdAt: integer('created_at').notNull(),
  disabledAt: integer('disabled_at'),
})

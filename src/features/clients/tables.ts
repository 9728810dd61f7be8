import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** `introspect`, `events:read`, or a permission of the application's own: `orders:write`. */
export const SCOPE = /^[a-z0-9][a-z0-9:_*.-]{0,99}$/

/** Machines that get tokens by the client credentials grant (RFC 6749 4.4). */
export const clients = sqliteTable('clients', {
  /** UUID v4: `client_id`, and `sub` of its tokens. */
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  secretHash: text('secret_hash').notNull(),
  scopes: text('scopes', { mode: 'json' }).$type<string[]>().notNull(),
  createdAt: integer('created_at').notNull(),
  disabledAt: integer('disabled_at'),
})

export type ClientRow = typeof clients.$inferSelect

/** A machine, without its secret. Times are epoch milliseconds. */
export type Client = Omit<ClientRow, 'secretHash'>

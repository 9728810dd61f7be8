import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** One row, once it was ever switched: whether sign-ins are closed for maintenance. */
export const maintenance = sqliteTable('maintenance', {
  id: integer('id').primaryKey(),
  enabled: integer('enabled', { mode: 'boolean' }).notNull(),
  /** Told to who is kept out. */
  message: text('message'),
  changedAt: integer('changed_at').notNull(),
})

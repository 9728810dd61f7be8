import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** What an object could not tell others: its destination refuses it and takes what comes behind it. */
export const deadLetters = sqliteTable(
  'dead_letters',
  {
    id: text('id').primaryKey(),
    /** Whose object it is of; null is the `platform` hub's. */
    userId: text('user_id'),
    destination: text('destination').notNull(),
    /** JSON. */
    payload: text('payload').notNull(),
    attempts: integer('attempts').notNull(),
    /** When it was set aside. */
    createdAt: integer('created_at').notNull(),
  },
  (table) => [
    index('dead_letters_by_time').on(table.createdAt),
    // For the erasure of a user.
    index('dead_letters_by_user').on(table.userId),
  ],
)

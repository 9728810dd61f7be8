import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** Mails of local mode, for `GET /dev/mailbox`. Empty in a deployment. */
export const mailbox = sqliteTable(
  'mailbox',
  {
    position: integer('position').primaryKey({ autoIncrement: true }),
    recipient: text('recipient').notNull(),
    subject: text('subject').notNull(),
    text: text('text').notNull(),
    html: text('html').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [index('mailbox_by_recipient').on(table.recipient, table.position)],
)

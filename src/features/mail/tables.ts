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

/** Mails on their way. The content is sealed, for it holds links that sign people in, and erased once the mail is sent. */
export const mails = sqliteTable(
  'mails',
  {
    /** Also the left part of the Message-ID and the provider's idempotency key: a redelivery is the same mail. */
    id: text('id').primaryKey(),
    kind: text('kind').notNull(),
    recipient: text('recipient').notNull(),
    userId: text('user_id'),
    contentSealed: text('content_sealed'),
    /** queued | sent | dead */
    status: text('status').notNull(),
    attempts: integer('attempts').notNull().default(0),
    lastError: text('last_error'),
    createdAt: integer('created_at').notNull(),
    sentAt: integer('sent_at'),
  },
  (table) => [index('mails_by_status').on(table.status, table.createdAt)],
)

import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { MailKind, MailStatus } from './types.ts'

/** Mails in local mode, for `GET /dev/mailbox`. Empty in a deployment. */
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

/** Mails to be sent. The content is sealed, because it contains links that sign people in, and erased once the mail is sent. */
export const mails = sqliteTable(
  'mails',
  {
    /** Also the local part of the Message-ID and the provider's idempotency key, so that a redelivery is the same mail. */
    id: text('id').primaryKey(),
    kind: text('kind').$type<MailKind>().notNull(),
    recipient: text('recipient').notNull(),
    userId: text('user_id'),
    contentSealed: text('content_sealed'),
    status: text('status').$type<MailStatus>().notNull(),
    attempts: integer('attempts').notNull().default(0),
    lastError: text('last_error'),
    createdAt: integer('created_at').notNull(),
    sentAt: integer('sent_at'),
    /** It is being sent until then: the queue may deliver a message twice, and the mail must be sent once. */
    claimedUntil: integer('claimed_until').notNull().default(0),
    /** When the cron job enqueues it again, in case the queue lost it or never accepted it. */
    enqueueAt: integer('enqueue_at').notNull().default(0),
  },
  (table) => [
    index('mails_by_status').on(table.status, table.createdAt),
    // For the erasure of a user.
    index('mails_by_user').on(table.userId),
    index('mails_by_recipient').on(table.recipient),
  ],
)

import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { ConsentChange, ExportFormat, RequestStatus, RequestType } from './types.ts'

/** What people ask about their own data (GDPR 15 to 21). The row outlives its user, without a word of theirs. */
export const dataRequests = sqliteTable(
  'data_requests',
  {
    id: text('id').primaryKey(),
    userId: text('user_id').notNull(),
    type: text('type').$type<RequestType>().notNull(),
    status: text('status').$type<RequestStatus>().notNull(),
    /** What the person wrote. */
    description: text('description'),
    /** Which data, as they said it: categories, fields, dates. */
    askedFor: text('asked_for', { mode: 'json' })
      .$type<Readonly<Record<string, unknown>>>()
      .notNull()
      .default(sql`'{}'`),
    receivedAt: integer('received_at').notNull(),
    dueAt: integer('due_at').notNull(),
    extendedAt: integer('extended_at'),
    /** Why it takes longer; the person reads it. */
    extensionReason: text('extension_reason'),
    /** What was answered, or why it was refused; the person reads it. */
    answer: text('answer'),
    completedAt: integer('completed_at'),
    updatedAt: integer('updated_at').notNull(),
    /** The admin who changed it last. */
    handledBy: text('handled_by'),
    /** The next reminder to admins: a week before the day, on the day, then none. */
    remindAt: integer('remind_at'),
    /** Of an export: the session that asked. No other reads it. */
    sessionId: text('session_id'),
    format: text('format').$type<ExportFormat>(),
    availableUntil: integer('available_until'),
  },
  (table) => [
    index('data_requests_by_user').on(table.userId, table.receivedAt),
    index('data_requests_by_time').on(table.receivedAt, table.id),
    index('data_requests_to_remind').on(table.remindAt).where(sql`remind_at is not null`),
    index('data_requests_closed').on(table.completedAt).where(sql`completed_at is not null`),
    // For the erasure of a user.
    index('data_requests_by_admin').on(table.handledBy).where(sql`handled_by is not null`),
  ],
)
export type DataRequest = Readonly<typeof dataRequests.$inferSelect>

/** Consents: a list that only grows. The last row of a purpose says whether it is given. */
export const consents = sqliteTable(
  'consents',
  {
    position: integer('position').primaryKey({ autoIncrement: true }),
    id: text('id').notNull().unique(),
    userId: text('user_id').notNull(),
    purpose: text('purpose').notNull(),
    /** Of the text that was agreed to. */
    version: text('version').notNull(),
    change: text('change').$type<ConsentChange>().notNull(),
    at: integer('at').notNull(),
  },
  (table) => [index('consents_by_user').on(table.userId, table.purpose, table.position)],
)
export type Consent = Readonly<typeof consents.$inferSelect>

/** Switches that people set; applications read them. */
export const privacySettings = sqliteTable('privacy_settings', {
  userId: text('user_id').primaryKey(),
  switches: text('switches', { mode: 'json' }).$type<Readonly<Record<string, boolean>>>().notNull(),
  updatedAt: integer('updated_at').notNull(),
})

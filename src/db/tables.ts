import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** The event record. `position` is the order of commits: D1 has one writer. */
export const events = sqliteTable(
  'events',
  {
    position: integer('position').primaryKey({ autoIncrement: true }),
    id: text('id').notNull().unique(),
    type: text('type').notNull(),
    time: integer('time').notNull(),
    subject: text('subject').notNull(),
    /** Whose log it goes to; null for what concerns no user. */
    userId: text('user_id'),
    actorType: text('actor_type').notNull(),
    actorId: text('actor_id').notNull(),
    sessionId: text('session_id'),
    organizationId: text('organization_id'),
    data: text('data', { mode: 'json' }).$type<Record<string, unknown>>().notNull(),
    ip: text('ip'),
    userAgent: text('user_agent'),
    /** The user's `claims_version` after the change; delivery hands it to the object and the feed. */
    claimsVersion: integer('claims_version'),
    /** JSON of a feed entry (a retired key, a disabled client) that delivery hands to the feed. */
    feedEntry: text('feed_entry'),
    deliveredAt: integer('delivered_at'),
  },
  (table) => [
    index('events_undelivered').on(table.userId, table.position).where(sql`delivered_at is null`),
    index('events_by_time').on(table.time),
    index('events_by_user').on(table.userId, table.position),
    index('events_by_type').on(table.type, table.position),
  ],
)

/**
 * Counts that triggers keep from the event record and from tables, for lists and statistics:
 * `sessions.opened`, `sessions.open`, `sessions.opened@<epoch hour>`, `sessions.open:<user id>`, `passkeys`.
 */
export const counts = sqliteTable('counts', {
  name: text('name').primaryKey(),
  value: integer('value').notNull(),
})

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

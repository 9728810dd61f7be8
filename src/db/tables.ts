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
    /** The user whose log it goes to; null for an event that concerns no user. */
    userId: text('user_id'),
    actorType: text('actor_type').notNull(),
    actorId: text('actor_id').notNull(),
    sessionId: text('session_id'),
    organizationId: text('organization_id'),
    data: text('data', { mode: 'json' }).$type<Record<string, unknown>>().notNull(),
    ip: text('ip'),
    userAgent: text('user_agent'),
    /** The user's `claims_version` after the change; delivery sends it to the object and the feed. */
    claimsVersion: integer('claims_version'),
    /** JSON of a feed entry (a revoked key, a disabled client) that delivery sends to the feed. */
    feedEntry: text('feed_entry'),
    deliveredAt: integer('delivered_at'),
  },
  (table) => [
    index('events_undelivered').on(table.userId, table.position).where(sql`delivered_at is null`),
    index('events_undelivered_of_hubs')
      .on(table.organizationId, table.position)
      .where(sql`delivered_at is null and user_id is null`),
    index('events_by_time').on(table.time),
    index('events_by_user').on(table.userId, table.position),
    index('events_by_type').on(table.type, table.position),
  ],
)

/**
 * Counts for lists and statistics, maintained by triggers on the event record and other tables:
 * `sessions.opened`, `sessions.open`, `sessions.opened@<epoch hour>`, `sessions.open:<user id>`, `passkeys`, `organizations`.
 */
export const counts = sqliteTable('counts', {
  name: text('name').primaryKey(),
  value: integer('value').notNull(),
})

/** Outbox rows of objects that their destination refuses while it accepts later ones. */
export const deadLetters = sqliteTable(
  'dead_letters',
  {
    id: text('id').primaryKey(),
    /** The user whose object set it aside; null for a hub. */
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

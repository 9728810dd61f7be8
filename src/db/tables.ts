import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** 16 random bytes in hex, which the database makes for each row. */
export const newSalt = sql<string>`lower(hex(randomblob(16)))`

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
    /** Of the commitment to `data`, in the chain of blocks; null once `data` is erased. */
    dataSalt: text('data_salt').$defaultFn(() => newSalt as unknown as string),
    /** Of the commitment to address and user agent; null once they are erased. */
    originSalt: text('origin_salt').$defaultFn(() => newSalt as unknown as string),
  },
  (table) => [
    index('events_undelivered').on(table.userId, table.position).where(sql`delivered_at is null`),
    index('events_undelivered_of_hubs')
      .on(table.organizationId, table.position)
      .where(sql`delivered_at is null and user_id is null`),
    index('events_by_time').on(table.time),
    index('events_by_user').on(table.userId, table.position),
    index('events_by_type').on(table.type, table.position),
    // What somebody did to others: their own rows are in `events_by_user`.
    index('events_by_actor').on(table.actorId, table.position).where(sql`actor_id is not user_id`),
    index('events_by_organization').on(table.organizationId, table.time).where(sql`organization_id is not null`),
  ],
)

/** The chain of signed blocks over the event record (docs/audit.md). The other columns are looked up; `head` is what is signed. */
export const auditBlocks = sqliteTable(
  'audit_blocks',
  {
    /** Of two runs that make the same block one fails. */
    number: integer('number').primaryKey(),
    time: integer('time').notNull(),
    /** The position of its last record; that of the block before when it has none. */
    lastPosition: integer('last_position').notNull(),
    /** SHA-256 of `head`, in hex. */
    hash: text('hash').notNull(),
    /** JSON, exactly as it was signed. */
    head: text('head').notNull(),
    kid: text('kid').notNull(),
    /** base64url. */
    signature: text('signature').notNull(),
    /** base64 of the hashes of the records, 32 bytes each; null once no record of the block is left. */
    leaves: text('leaves'),
    /** base64 of two commitments of each record, 64 bytes; null as `leaves`. */
    commitments: text('commitments'),
  },
  (table) => [
    index('audit_blocks_by_time').on(table.time),
    index('audit_blocks_by_position').on(table.lastPosition, table.number),
    index('audit_blocks_with_lists').on(table.number).where(sql`leaves is not null`),
    index('audit_blocks_by_hash').on(table.hash),
  ],
)

/**
 * Counts for lists and statistics, maintained by triggers on the event record and other tables:
 * `sessions.opened`, `sessions.open`, `sessions.opened@<epoch hour>`, `sessions.open:<user id>`, `passkeys`, `organizations`,
 * `events:<type>`.
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

/** What a court or an authority may still ask for: of a user, or of an organization with its members. Nothing of it is erased or pruned. */
export const legalHolds = sqliteTable(
  'legal_holds',
  {
    id: text('id').primaryKey(),
    userId: text('user_id'),
    organizationId: text('organization_id'),
    /** For admins of the platform alone. */
    reason: text('reason').notNull(),
    placedBy: text('placed_by'),
    placedAt: integer('placed_at').notNull(),
    releasedBy: text('released_by'),
    releasedAt: integer('released_at'),
  },
  (table) => [
    index('legal_holds_by_user').on(table.userId).where(sql`user_id is not null`),
    index('legal_holds_by_organization').on(table.organizationId).where(sql`organization_id is not null`),
    index('legal_holds_by_time').on(table.placedAt, table.id),
    // For the erasure of a user.
    index('legal_holds_by_author').on(table.placedBy).where(sql`placed_by is not null`),
    index('legal_holds_by_releaser').on(table.releasedBy).where(sql`released_by is not null`),
  ],
)

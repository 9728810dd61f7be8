import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/**
 * Sessions that an organization's identity provider opened, or an owner by break glass: what an organization that requires single
 * sign-on gives its tokens to, and what a logout of its provider ends.
 */
export const federatedSessions = sqliteTable(
  'federated_sessions',
  {
    sessionId: text('session_id').notNull(),
    organizationId: text('organization_id').notNull(),
    userId: text('user_id').notNull(),
    /** Null for break glass. */
    connectionId: text('connection_id'),
    /** SHA-256 of what the provider calls the person, to find them by. */
    subjectHash: text('subject_hash'),
    /** SHA-256 of what it calls its own session; null where it named none. */
    providerSessionHash: text('provider_session_hash'),
    /** Both, sealed: a logout that we begin names them. */
    sealed: text('sealed'),
    /** The provider says that it saw two factors, and its word counts in its organization. */
    secondFactor: integer('second_factor', { mode: 'boolean' }).notNull().default(false),
    /** The provider can be told that the session has ended. */
    hasLogout: integer('has_logout', { mode: 'boolean' }).notNull().default(false),
    /** When the session is over at the latest. */
    expiresAt: integer('expires_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.sessionId, table.organizationId] }),
    index('federated_sessions_by_subject').on(table.connectionId, table.subjectHash),
    index('federated_sessions_by_provider_session').on(table.connectionId, table.providerSessionHash),
    index('federated_sessions_by_user').on(table.userId),
    index('federated_sessions_by_organization').on(table.organizationId),
    index('federated_sessions_by_expiry').on(table.expiresAt),
  ],
)
export type FederatedSession = Readonly<typeof federatedSessions.$inferSelect>

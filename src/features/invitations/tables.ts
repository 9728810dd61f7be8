import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

export const invitations = sqliteTable(
  'invitations',
  {
    id: text('id').primaryKey(),
    organizationId: text('organization_id').notNull(),
    /** Normalized. */
    email: text('email').notNull(),
    role: text('role').notNull(),
    /** JSON: become direct grants when it is accepted. */
    permissions: text('permissions', { mode: 'json' }).$type<string[]>().notNull().default(sql`'[]'`),
    message: text('message'),
    /** `pending`, `accepted` or `revoked`; a pending one has expired once `expires_at` has passed. */
    status: text('status').notNull().default('pending'),
    /** Whoever answers for its role. */
    invitedBy: text('invited_by').notNull(),
    /** Incremented by a resend: the tokens of earlier mails are void. */
    counter: integer('counter').notNull().default(1),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
    acceptedAt: integer('accepted_at'),
    acceptedBy: text('accepted_by'),
  },
  (table) => [
    uniqueIndex('invitations_pending').on(table.organizationId, table.email).where(sql`status = 'pending'`),
    index('invitations_by_organization').on(table.organizationId, table.createdAt, table.id),
    index('invitations_by_email').on(table.email),
    index('invitations_by_author').on(table.invitedBy, table.organizationId),
    index('invitations_by_guest').on(table.acceptedBy).where(sql`accepted_by is not null`),
    index('invitations_by_end').on(table.expiresAt).where(sql`status = 'pending'`),
  ],
)
export type Invitation = Readonly<typeof invitations.$inferSelect>

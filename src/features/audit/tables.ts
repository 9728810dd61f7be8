import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** The keys that sign blocks of the record. They sign no token; the public part is never deleted. */
export const auditKeys = sqliteTable('audit_keys', {
  /** RFC 7638 thumbprint. */
  kid: text('kid').primaryKey(),
  /** The public Ed25519 key, base64url. */
  publicKey: text('public_key').notNull(),
  privateSealed: text('private_sealed').notNull(),
  createdAt: integer('created_at').notNull(),
})

export type AuditKey = Readonly<typeof auditKeys.$inferSelect>

import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** The signing keys. Times are epoch milliseconds; a key signs from its `signsFrom` until that of the next key. */
export const signingKeys = sqliteTable('signing_keys', {
  kid: text('kid').primaryKey(),
  alg: text('alg').notNull(),
  publicJwk: text('public_jwk', { mode: 'json' }).$type<Record<string, unknown>>().notNull(),
  privateSealed: text('private_sealed').notNull(),
  createdAt: integer('created_at').notNull(),
  signsFrom: integer('signs_from').notNull(),
  /** Published until then; null for a key that signs now or will sign. */
  publishedUntil: integer('published_until'),
  revokedAt: integer('revoked_at'),
})

export type SigningKeyRow = typeof signingKeys.$inferSelect

import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** WebAuthn credentials (Web Authentication Level 3). */
export const passkeys = sqliteTable(
  'passkeys',
  {
    id: text('id').primaryKey(),
    userId: text('user_id').notNull(),
    /** base64url. */
    credentialId: text('credential_id').notNull().unique(),
    /** COSE key, base64url. */
    publicKey: text('public_key').notNull(),
    signCount: integer('sign_count').notNull(),
    transports: text('transports', { mode: 'json' }).$type<string[]>().notNull(),
    attachment: text('attachment'),
    deviceType: text('device_type').notNull(),
    backedUp: integer('backed_up', { mode: 'boolean' }).notNull(),
    aaguid: text('aaguid').notNull(),
    rpId: text('rp_id').notNull(),
    name: text('name'),
    createdAt: integer('created_at').notNull(),
    lastUsedAt: integer('last_used_at'),
  },
  (table) => [index('passkeys_by_user').on(table.userId)],
)

/** The random user handle of a user (WebAuthn 14.6.1: it must not identify the person). */
export const passkeyHandles = sqliteTable('passkey_handles', {
  userId: text('user_id').primaryKey(),
  handle: text('handle').notNull().unique(),
})

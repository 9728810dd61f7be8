import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** One TOTP secret a user (RFC 6238). Pending until `confirmedAt`. */
export const totpFactors = sqliteTable('totp_factors', {
  userId: text('user_id').primaryKey(),
  /** Sealed and bound to the user, together with the id of the session that was shown the secret. */
  secretSealed: text('secret_sealed').notNull(),
  createdAt: integer('created_at').notNull(),
  confirmedAt: integer('confirmed_at'),
  /** The time step of the last accepted code: that step and earlier ones are refused (RFC 6238 5.2). */
  lastStep: integer('last_step'),
  lastUsedAt: integer('last_used_at'),
})

/** Backup codes: argon2id with one salt for the user's set, so that one computation checks all of them. */
export const backupCodes = sqliteTable(
  'backup_codes',
  {
    id: text('id').primaryKey(),
    userId: text('user_id').notNull(),
    salt: text('salt').notNull(),
    codeHash: text('code_hash').notNull(),
    /** The last two characters, shown in lists. */
    hint: text('hint').notNull(),
    createdAt: integer('created_at').notNull(),
    usedAt: integer('used_at'),
  },
  (table) => [index('backup_codes_by_user').on(table.userId)],
)

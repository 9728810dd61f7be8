import { and, eq, inArray, type SQL, sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

export const users = sqliteTable(
  'users',
  {
    /** Sequential, never used again: the id of systems that want integers. */
    number: integer('number').primaryKey({ autoIncrement: true }),
    id: text('id').notNull().unique(),
    /** In its one normal form (`normalizeEmail`). */
    email: text('email').notNull().unique(),
    emailVerifiedAt: integer('email_verified_at'),
    /** Since when the address is verified although nobody who has it said that the account is theirs (decision 0237). */
    emailUnansweredSince: integer('email_unanswered_since'),
    username: text('username'),
    /** `normalizeUsername` of it: what is unique. */
    usernameKey: text('username_key').unique(),
    /** PHC string; null for accounts without a password. */
    passwordHash: text('password_hash'),
    role: text('role').notNull().default('user'),
    status: text('status').notNull().default('active'),
    /** The user's id in the system that an import came from. */
    externalId: text('external_id').unique(),
    /** Null where no import made the account. */
    importedAt: integer('imported_at'),
    firstName: text('first_name'),
    lastName: text('last_name'),
    displayName: text('display_name'),
    profileImageUrl: text('profile_image_url'),
    bio: text('bio'),
    phoneNumber: text('phone_number'),
    phoneVerified: integer('phone_verified', { mode: 'boolean' }).notNull().default(false),
    timezone: text('timezone'),
    locale: text('locale'),
    metadata: text('metadata', { mode: 'json' }).$type<Record<string, unknown>>().notNull().default(sql`'{}'`),
    /** What surfaces and admins keep about a user. Not the user's to write, and in no token. */
    appMetadata: text('app_metadata', { mode: 'json' }).$type<Record<string, unknown>>().notNull().default(sql`'{}'`),
    /** A second factor is confirmed; written in the batch that confirms or removes it. */
    mfaEnabled: integer('mfa_enabled', { mode: 'boolean' }).notNull().default(false),
    /** Raised by every change that ends sessions. */
    authVersion: integer('auth_version').notNull().default(1),
    /** The session that such a change lets live. */
    keptSessionId: text('kept_session_id'),
    /** The `authVersion` of the last change that turned the second factor on or off and spared sessions that had proved one. */
    factorVersion: integer('factor_version'),
    /** Raised by every change of what a token says; the token's `ver`. */
    claimsVersion: integer('claims_version').notNull().default(1),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    lastSignInAt: integer('last_sign_in_at'),
    deletedAt: integer('deleted_at'),
    /** When a deleted user's row and all that belongs to it goes. */
    eraseAt: integer('erase_at'),
    /** Its own user deleted the account while it was usable, and may bring it back (decision 0236). */
    userRestorable: integer('user_restorable', { mode: 'boolean' }).notNull().default(false),
  },
  (table) => [
    index('users_by_created').on(table.createdAt, table.number),
    // What `user_counts` counts by, in its order: a page of any filter is merged from runs of this index.
    index('users_by_kind').on(table.status, table.role, table.mfaEnabled, table.number),
    index('users_by_role').on(table.role, table.number),
    index('users_to_erase').on(table.eraseAt).where(sql`erase_at is not null`),
  ],
)

type UserRow = typeof users.$inferSelect
/** `changeUser` raises them: a change says what it ends and whether it changes claims. */
type Version = 'authVersion' | 'keptSessionId' | 'factorVersion' | 'claimsVersion'
type Settable = Exclude<keyof UserRow, Version | 'number' | 'id' | 'updatedAt'>

/** What a change writes into a user's row, and the condition under which it does. For `changeUser`. */
export interface RowChange {
  readonly set: { readonly [K in Settable]?: UserRow[K] | SQL } & { readonly [K in Version]?: never }
  readonly when?: SQL | undefined
}

/** Whose row a change is for, as it was read: a row that was changed meanwhile is left alone. */
export interface Target {
  readonly userId: string
  readonly email: string
  readonly authVersion: number
}

/** Of whom may sign in. */
export const maySignIn = (userId: string): SQL | undefined =>
  and(eq(users.id, userId), inArray(users.status, ['active', 'pending']))

export const isTarget = ({ userId, email, authVersion }: Target): SQL | undefined =>
  and(maySignIn(userId), eq(users.email, email), eq(users.authVersion, authVersion))

/**
 * Users whose password hash is of another system and takes more to verify than ours: each failed sign-in waits as long as
 * the dearest. Triggers on `users` take a row away when its hash is replaced or its user erased.
 */
export const costlyHashes = sqliteTable(
  'dear_hashes',
  {
    userId: text('user_id').primaryKey(),
    /** In ms of CPU; null until cron has measured what was stored before this table. */
    costMs: integer('cost_ms'),
    /** When it was imported, or last signed in with. */
    usedAt: integer('used_at').notNull(),
  },
  (table) => [index('dear_hashes_by_cost').on(table.costMs), index('dear_hashes_by_use').on(table.usedAt)],
)

/**
 * Verified addresses that their users changed by a link of their own. Until `until` each is reserved for its account, gets
 * its notices, and can bring it back (decision 0234).
 */
export const formerAddresses = sqliteTable(
  'former_addresses',
  {
    id: text('id').primaryKey(),
    userId: text('user_id').notNull(),
    /** In its normal form. */
    email: text('email').notNull(),
    /** What it was changed to. */
    replacedBy: text('replaced_by').notNull(),
    changedAt: integer('changed_at').notNull(),
    until: integer('until').notNull(),
    /** `email_unanswered_since` of the account when it had the address: a revert brings it back, too. */
    emailUnansweredSince: integer('email_unanswered_since'),
  },
  (table) => [
    index('former_addresses_by_user').on(table.userId, table.changedAt),
    index('former_addresses_by_email').on(table.email),
    index('former_addresses_by_end').on(table.until),
  ],
)

/** True while an address, in its normal form, is reserved for another account than `userId`. */
export const isReserved = (email: string | SQL, { userId, now }: { userId: string | SQL; now: number }): SQL =>
  sql`exists (select 1 from ${formerAddresses} as former
    where former.email = ${email} and former.until > ${now} and former.user_id <> ${userId})`

/** True while `userId` may have the address: nobody else does, and it is reserved for nobody else. */
export const isEmailFree = (email: string, { userId, now }: { userId: string; now: number }): SQL =>
  sql`(not exists (select 1 from ${users} as other where other.email = ${email} and other.id <> ${userId})
    and not ${isReserved(email, { userId, now })})`

/** Numbers in one bucket of `user_counts`. */
export const BUCKET_SIZE = 1024
/** The bucket that counts everybody. */
export const ALL_USERS = -1

/** How many users of each kind there are, in all and in each run of 1024 numbers. Triggers on `users` keep it. */
export const userCounts = sqliteTable(
  'user_counts',
  {
    bucket: integer('bucket').notNull(),
    status: text('status').notNull(),
    role: text('role').notNull(),
    mfaEnabled: integer('mfa_enabled', { mode: 'boolean' }).notNull(),
    count: integer('count').notNull(),
  },
  (table) => [primaryKey({ columns: [table.bucket, table.status, table.role, table.mfaEnabled] })],
)

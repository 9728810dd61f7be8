import { and, eq, inArray, type SQL, sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** Holds for a password hash that is not argon2id with today's parameters. As an index says it, so without the table's name. */
export const isWeakHash = sql.raw("substr(password_hash, 1, 31) <> '$argon2id$v=19$m=19456,t=2,p=1$'")

export const users = sqliteTable(
  'users',
  {
    /** Sequential and never reused: the id for systems that use integers. */
    number: integer('number').primaryKey({ autoIncrement: true }),
    id: text('id').notNull().unique(),
    /** Normalized by `normalizeEmail`. */
    email: text('email').notNull().unique(),
    emailVerifiedAt: integer('email_verified_at'),
    /** The time of a verification that the address's holder has not confirmed yet: the account may be a stranger's (decision 0237). */
    emailUnansweredSince: integer('email_unanswered_since'),
    username: text('username'),
    /** `normalizeUsername` of the username; it decides whether a username is taken. */
    usernameKey: text('username_key').unique(),
    /** A PHC string; null for an account without a password. */
    passwordHash: text('password_hash'),
    role: text('role').notNull().default('user'),
    status: text('status').notNull().default('active'),
    /** The user's id in the system that the account was imported from. */
    externalId: text('external_id').unique(),
    /** Null for an account that was not imported. */
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
    /** Written by surfaces and admins, never by the user, and in no token. */
    appMetadata: text('app_metadata', { mode: 'json' }).$type<Record<string, unknown>>().notNull().default(sql`'{}'`),
    /** Whether a second factor is confirmed: then a password alone does not sign in. Written in the batch that confirms or removes it. */
    mfaEnabled: integer('mfa_enabled', { mode: 'boolean' }).notNull().default(false),
    /** Incremented by every change that ends sessions. */
    authVersion: integer('auth_version').notNull().default(1),
    /** The session that the last such change kept open. */
    keptSessionId: text('kept_session_id'),
    /** `authVersion` after the last change that turned the second factor on or off and kept the sessions that had proved one. */
    factorVersion: integer('factor_version'),
    /** Incremented by every change of what tokens contain; the token's `ver`. */
    claimsVersion: integer('claims_version').notNull().default(1),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    lastSignInAt: integer('last_sign_in_at'),
    deletedAt: integer('deleted_at'),
    /** When a deleted user is erased. */
    eraseAt: integer('erase_at'),
    /** When an erasure began: from then on no legal hold is placed, and nothing brings the account back. */
    erasingSince: integer('erasing_since'),
    /** The user deleted the account themselves while it was usable, and may restore it (decision 0236). */
    userRestorable: integer('user_restorable', { mode: 'boolean' }).notNull().default(false),
  },
  (table) => [
    index('users_by_created').on(table.createdAt, table.number),
    // The columns of `user_counts` in their order: a page of any filter is merged from ranges of this index.
    index('users_by_kind').on(table.status, table.role, table.mfaEnabled, table.number),
    index('users_by_role').on(table.role, table.number),
    index('users_to_erase').on(table.eraseAt).where(sql`erase_at is not null`),
    index('users_with_weak_hash').on(table.number).where(isWeakHash),
  ],
)

export type UserRow = typeof users.$inferSelect
/** Incremented by `changeUser` alone, from what a change ends and whether it changes claims. */
type Version = 'authVersion' | 'keptSessionId' | 'factorVersion' | 'claimsVersion'
type Settable = Exclude<keyof UserRow, Version | 'number' | 'id' | 'updatedAt'>

/** The columns that a change sets in a user's row, and the condition under which it does. For `changeUser`. */
export interface RowChange {
  readonly set: { readonly [K in Settable]?: UserRow[K] | SQL } & { readonly [K in Version]?: never }
  readonly when?: SQL | undefined
}

/** The row that a change is for, with the credentials that were checked: the change does not apply once they have changed. */
export interface Target {
  readonly userId: string
  readonly email: string
  readonly authVersion: number
}

/** Holds when the statement before it in the batch changed a row. */
export const hasChanged: SQL = sql`changes() > 0`

/** Holds for a user who may sign in. */
export const maySignIn = (userId: string): SQL | undefined =>
  and(eq(users.id, userId), inArray(users.status, ['active', 'pending']))

/** Holds while the user may sign in and the credentials are those that were checked. */
export const isTarget = ({ userId, email, authVersion }: Target): SQL | undefined =>
  and(maySignIn(userId), eq(users.email, email), eq(users.authVersion, authVersion))

/**
 * Imported password hashes that take longer to verify than ours, with their cost: each failed sign-in takes as long as the
 * costliest. Triggers on `users` delete a row when its hash is replaced or its user is erased.
 */
export const costlyHashes = sqliteTable(
  'dear_hashes',
  {
    userId: text('user_id').primaryKey(),
    /** In ms of CPU; null until cron has computed it for a hash that was stored before this table existed. */
    costMs: integer('cost_ms'),
    /** When the hash was imported or last used to sign in. */
    usedAt: integer('used_at').notNull(),
  },
  (table) => [index('dear_hashes_by_cost').on(table.costMs), index('dear_hashes_by_use').on(table.usedAt)],
)

/**
 * Verified addresses that their users changed by a link that was mailed to them. Until `until` an address is reserved for its
 * account, receives its notices, and can revert the change (decision 0234).
 */
export const formerAddresses = sqliteTable(
  'former_addresses',
  {
    id: text('id').primaryKey(),
    userId: text('user_id').notNull(),
    /** Normalized. */
    email: text('email').notNull(),
    /** The address that it was changed to. */
    replacedBy: text('replaced_by').notNull(),
    changedAt: integer('changed_at').notNull(),
    until: integer('until').notNull(),
    /** `email_unanswered_since` of the account when it had this address: a revert restores it, too. */
    emailUnansweredSince: integer('email_unanswered_since'),
  },
  (table) => [
    index('former_addresses_by_user').on(table.userId, table.changedAt),
    index('former_addresses_by_email').on(table.email),
    index('former_addresses_by_end').on(table.until),
  ],
)

/** A row of `former_addresses`; times are epoch milliseconds. */
export type FormerAddress = Readonly<typeof formerAddresses.$inferSelect>

/** Holds while a normalized address is reserved for an account other than `userId`. */
export const isReserved = (email: string | SQL, { userId, now }: { userId: string | SQL; now: number }): SQL =>
  sql`exists (select 1 from ${formerAddresses} as former
    where former.email = ${email} and former.until > ${now} and former.user_id <> ${userId})`

/** Holds while no other account has the address, and it is reserved for no other. */
export const isEmailFree = (email: string, { userId, now }: { userId: string; now: number }): SQL =>
  sql`(not exists (select 1 from ${users} as other where other.email = ${email} and other.id <> ${userId})
    and not ${isReserved(email, { userId, now })})`

/** How many numbers one bucket of `user_counts` covers. */
export const BUCKET_SIZE = 1024
/** The bucket that counts all users. */
export const ALL_USERS = -1

/** How many users there are of each status, role and second factor, in all and for each 1024 numbers. Maintained by triggers on `users`. */
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

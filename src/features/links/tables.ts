import { type SQL, sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { OneTimePurpose, Redemption } from './types.ts'

/** Everything that works once: links in mails, challenges. Only the hash of the token is kept. */
export const oneTimeTokens = sqliteTable(
  'one_time_tokens',
  {
    id: text('id').primaryKey(),
    purpose: text('purpose').notNull(),
    tokenHash: text('token_hash').notNull().unique(),
    userId: text('user_id'),
    email: text('email'),
    data: text('data', { mode: 'json' }).$type<Record<string, unknown>>().notNull(),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
    usedAt: integer('used_at'),
    /** Which use it was: later statements of the same batch depend on it. */
    redemption: text('redemption'),
  },
  (table) => [
    index('one_time_tokens_by_user').on(table.userId, table.purpose),
    index('one_time_tokens_by_email').on(table.email, table.purpose),
    index('one_time_tokens_by_expiry').on(table.expiresAt),
  ],
)

/** True in a later statement of the batch whose `updateUsed` carried this redemption and found the token live. */
export const isRedeemed = ({ id, tokenHash }: Redemption): SQL =>
  sql`exists (select 1 from ${oneTimeTokens} where ${oneTimeTokens.tokenHash} = ${tokenHash} and ${oneTimeTokens.redemption} = ${id})`

/** Of a report that takes an added factor away. */
export const takesFactorAway = sql`(${oneTimeTokens.purpose} = ${'activity_report' satisfies OneTimePurpose}
  and ${oneTimeTokens.data} ->> '$.added' is not null)`

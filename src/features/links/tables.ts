import { type SQL, sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { OneTimePurpose, Redemption } from './types.ts'

/** Single-use tokens: links in mails, challenges. Only the token's hash is stored. */
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
    /** Identifies the use, so that later statements of the same batch can depend on it. */
    redemption: text('redemption'),
  },
  (table) => [
    index('one_time_tokens_by_user').on(table.userId, table.purpose),
    index('one_time_tokens_by_email').on(table.email, table.purpose),
    index('one_time_tokens_by_expiry').on(table.expiresAt),
  ],
)

/** A condition for later statements of the batch: true if its `updateUsed` has redeemed the token with this redemption. */
export const isRedeemed = ({ id, tokenHash }: Redemption): SQL =>
  sql`exists (select 1 from ${oneTimeTokens} where ${oneTimeTokens.tokenHash} = ${tokenHash} and ${oneTimeTokens.redemption} = ${id})`

/** Whether the token is a report link that removes a factor. */
export const takesFactorAway = sql`(${oneTimeTokens.purpose} = ${'activity_report' satisfies OneTimePurpose}
  and ${oneTimeTokens.data} ->> '$.added' is not null)`

import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { ProviderMetadata } from './types.ts'

/** What a provider says of itself, as it was read outside of any sign-in: nothing that answers in the middle of one can move its endpoints. */
export const openIdMetadata = sqliteTable(
  'openid_metadata',
  {
    issuer: text('issuer').primaryKey(),
    document: text('document', { mode: 'json' }).$type<ProviderMetadata>().notNull(),
    readAt: integer('read_at').notNull(),
  },
  (table) => [index('openid_metadata_by_age').on(table.readAt)],
)

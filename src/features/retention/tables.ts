import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { RetentionKind } from './types.ts'

/** How many days a kind is kept, where an admin has said so. */
export const retentionDays = sqliteTable('retention_days', {
  kind: text('kind').$type<RetentionKind>().primaryKey(),
  days: integer('days').notNull(),
  changedAt: integer('changed_at').notNull(),
})

import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { FrameworkId, ReportContent, Results } from './types.ts'

/** What the controls were found to be, a row a day. */
export const complianceDays = sqliteTable('compliance_days', {
  /** Days since the epoch, in UTC. Of two runs that assess the same day one changes nothing. */
  day: integer('day').primaryKey(),
  assessedAt: integer('assessed_at').notNull(),
  results: text('results', { mode: 'json' }).$type<Results>().notNull(),
  /** The newest head of the record's chain then; null before the first block. */
  headNumber: integer('head_number'),
  headHash: text('head_hash'),
  /** The id of the former root secret, while one is accepted. */
  formerRootKey: text('former_root_key'),
})

/** Reports, as they were made: later releases of the service do not change them. */
export const complianceReports = sqliteTable(
  'compliance_reports',
  {
    id: text('id').primaryKey(),
    title: text('title').notNull(),
    framework: text('framework').$type<FrameworkId>().notNull(),
    fromDay: integer('from_day').notNull(),
    toDay: integer('to_day').notNull(),
    /** In tenths of a percent; null when nothing was tested. */
    score: integer('score'),
    content: text('content', { mode: 'json' }).$type<ReportContent>().notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [index('compliance_reports_by_time').on(table.createdAt)],
)

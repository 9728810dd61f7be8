import * as z from 'zod'
import { mapped } from '../../../http/answers.ts'
import { doneWith } from '../../../http/done.ts'
import { toIso, toIsoOrNull } from '../../../lib/time.ts'
import { MOST_DAYS, RETENTION_KINDS } from '../../retention/types.ts'
import { StepUpBody } from '../../sign-in/wire/session.ts'
import type { Dashboard, FrameworkState } from '../service/dashboard.ts'
import type { Expiry } from '../service/retention.ts'
import { ControlWire, controlToWire, FrameworkField } from './controls.ts'
import { ListedReport, percentOf } from './reports.ts'

export const RetentionBody = StepUpBody.extend({
  data_category: z.enum(RETENTION_KINDS),
  retention_period_days: z.int().min(1).max(MOST_DAYS),
}).meta({ id: 'RetentionChange' })

const ExpiryWire = z
  .object({
    data_category: z.enum(RETENTION_KINDS),
    retention_period_days: z.int(),
    minimum_days: z.int().meta({ description: 'What configuration says: never fewer' }),
    expires_before: z.iso.datetime().meta({ description: 'What is older is deleted by the next runs' }),
    expired_count: z
      .int()
      .nullable()
      .meta({ description: 'Rows, at most 100,000 of each table; null where only the objects of endpoints know' }),
  })
  .meta({ id: 'ExpiredData' })

const expiryToWire = ({ kind, days, least, before, rows }: Expiry): z.infer<typeof ExpiryWire> => ({
  data_category: kind,
  retention_period_days: days,
  minimum_days: least,
  expires_before: toIso(before),
  expired_count: rows,
})

const CategoriesShape = mapped(z.object({ categories: z.array(ExpiryWire) }), (categories: readonly Expiry[]) => ({
  categories: categories.map(expiryToWire),
}))

export const ExpiredAnswer = doneWith('ExpiredDataList', 'What the next runs delete', CategoriesShape)
export const RetentionAnswer = doneWith('RetentionChanged', 'What each kind is kept for', CategoriesShape)

const counts = {
  passed: z.int(),
  failed: z.int(),
  not_tested: z.int(),
  compliance_score: z.number().nullable().meta({ description: 'Percent of what was tested' }),
}

const countsToWire = ({ passed, failed, notTested, score }: Omit<FrameworkState, 'id' | 'name'>) => ({
  passed,
  failed,
  not_tested: notTested,
  compliance_score: percentOf(score),
})

const DashboardWire = z.object({
  last_assessed: z.iso.datetime().nullable(),
  ...counts,
  frameworks: z.array(z.object({ id: FrameworkField, name: z.string(), ...counts })),
  failing_controls: z.array(ControlWire),
  untested_controls: z.array(ControlWire),
  recent_reports: z.array(ListedReport.schema),
  categories: z.array(ExpiryWire),
})

const dashboardToWire = (dashboard: Dashboard): z.infer<typeof DashboardWire> => ({
  last_assessed: toIsoOrNull(dashboard.assessedAt),
  ...countsToWire(dashboard.all),
  frameworks: dashboard.frameworks.map((framework) => ({
    id: framework.id,
    name: framework.name,
    ...countsToWire(framework),
  })),
  failing_controls: dashboard.failing.map((state) => controlToWire(state, undefined)),
  untested_controls: dashboard.untested.map((state) => controlToWire(state, undefined)),
  recent_reports: dashboard.reports.map((report) => ({ ...ListedReport.write(report) })),
  categories: dashboard.retention.map(expiryToWire),
})

export const DashboardAnswer = doneWith(
  'ComplianceDashboard',
  'The newest results',
  mapped(DashboardWire, dashboardToWire),
)

import * as z from 'zod'
import { mapped } from '../../../http/answers.ts'
import { doneWith } from '../../../http/done.ts'
import { UuidParam } from '../../../http/input.ts'
import { listOf, RangeQuery } from '../../../http/list.ts'
import { DAY, toIso } from '../../../lib/time.ts'
import { instant } from '../../audit/wire/records.ts'
import { orAbsent } from '../../users/wire.ts'
import { dateOf } from '../service/assessment.ts'
import type { ControlRecord, Report } from '../types.ts'
import { FrameworkField } from './controls.ts'

/** A date without a time is a whole day, in UTC. */
export const ReportBody = z
  .object({
    framework: FrameworkField,
    period_start: instant(0),
    period_end: instant(DAY - 1),
  })
  .meta({ id: 'NewComplianceReport' })

export const ReportsQuery = RangeQuery.extend({ framework: orAbsent(FrameworkField).optional() })
export const ReportPath = z.object({ report_id: UuidParam })

type Listed = Omit<Report, 'content'>

const listed = {
  report_id: z.uuid(),
  title: z.string(),
  report_type: z.literal('controls'),
  compliance_framework: FrameworkField,
  period_start: z.iso.datetime(),
  period_end: z.iso.datetime(),
  compliance_score: z.number().nullable().meta({
    description: 'Percent of the tests that held; null when nothing was tested. What was not tested is named',
  }),
  status: z.literal('completed'),
  created_at: z.iso.datetime(),
}

/** From tenths. */
export const percentOf = (tenths: number | null): number | null => (tenths === null ? null : tenths / 10)

const listedToWire = (report: Listed): z.infer<z.ZodObject<typeof listed>> => ({
  report_id: report.id,
  title: report.title,
  report_type: 'controls',
  compliance_framework: report.framework,
  period_start: toIso(report.fromDay * DAY),
  period_end: toIso((report.toDay + 1) * DAY - 1),
  compliance_score: percentOf(report.score),
  status: 'completed',
  created_at: toIso(report.createdAt),
})

export const ListedReport = mapped(z.object(listed).meta({ id: 'ListedComplianceReport' }), listedToWire)

export const ReportList = listOf(['reports'], ListedReport, { total: z.int(), limit: z.int(), offset: z.int() })

const ControlRecordWire = z
  .object({
    control_id: z.string(),
    control_name: z.string(),
    clauses: z.array(z.string()),
    days_passed: z.int(),
    days_failed: z.int(),
    days_not_tested: z.int(),
    share: z.number().nullable().meta({ description: 'Of the days on which it was tested, from 0 to 1' }),
    value: z.number().nullable().meta({ description: 'Found on the newest day' }),
    threshold: z.string().nullable(),
    failed_on: z.array(z.iso.date()).meta({ description: 'The newest hundred days, newest first' }),
  })
  .meta({ id: 'ComplianceControlRecord' })

const recordToWire = (record: ControlRecord): z.infer<typeof ControlRecordWire> => ({
  control_id: record.controlId,
  control_name: record.title,
  clauses: [...record.clauses],
  days_passed: record.passed,
  days_failed: record.failed,
  days_not_tested: record.notTested,
  share: record.share,
  value: record.last?.value ?? null,
  threshold: record.last?.threshold ?? null,
  failed_on: record.failedDays.map(dateOf),
})

const ReportWire = z.object({
  ...listed,
  statement: z.string(),
  days_in_period: z.int(),
  days_assessed: z.int(),
  controls: z.array(ControlRecordWire),
  not_tested: z
    .array(z.object({ control_id: z.string(), control_name: z.string(), reason: z.string() }))
    .meta({ description: 'Controls that were tested on no day of the period: somebody else shows them' }),
  heads: z
    .array(z.object({ day: z.iso.date(), number: z.int(), hash: z.string() }))
    .meta({ description: "The signed head of the record's chain on each day" }),
})

const STATEMENT =
  'Computed by the service from its own state, once a day. It says what was measured, and is no opinion of an auditor.'

const NEVER = 'It was assessed on no day of the period'

function reportToWire(report: Report): z.infer<typeof ReportWire> {
  const { daysAssessed, controls, heads } = report.content
  return {
    ...listedToWire(report),
    statement: STATEMENT,
    days_in_period: report.toDay - report.fromDay + 1,
    days_assessed: daysAssessed,
    controls: controls.map(recordToWire),
    not_tested: controls
      .filter(({ share }) => share === null)
      .map(({ controlId, title, last }) => ({
        control_id: controlId,
        control_name: title,
        reason: last?.reason ?? NEVER,
      })),
    heads: heads.map(({ day, number, hash }) => ({ day: dateOf(day), number, hash })),
  }
}

export const ReportAnswer = doneWith('ComplianceReport', 'The report', mapped(ReportWire, reportToWire))

import { created, ok } from '../../http/answers.ts'
import { admin } from '../../http/guard.ts'
import { createRoutes, everyCall } from '../../http/router.ts'
import { notFound, validationFailed } from '../../lib/errors.ts'
import { changeRetention, retentionOutOfRange } from '../retention/service.ts'
import { freshFactorErrors, requireFreshFactor } from '../sign-in/service/step-up.ts'
import { toStepUp } from '../sign-in/wire/session.ts'
import { FRAMEWORKS } from './rules/frameworks.ts'
import { listControls } from './service/assessment.ts'
import { readDashboard } from './service/dashboard.ts'
import { createReport, getReport, listReports } from './service/reports.ts'
import { listExpired } from './service/retention.ts'
import { DashboardAnswer, ExpiredAnswer, RetentionAnswer, RetentionBody } from './wire/administration.ts'
import { ControlList, ControlsQuery, FrameworkList } from './wire/controls.ts'
import { ReportAnswer, ReportBody, ReportList, ReportPath, ReportsQuery } from './wire/reports.ts'

/** docs/compliance.md describes what stands in these answers. */
export const complianceRoutes = createRoutes({ prefix: '/api/v1/compliance', tag: 'compliance', guard: admin })

complianceRoutes.get(
  '/frameworks',
  {
    id: 'listComplianceFrameworks',
    summary: 'The frameworks whose clauses controls serve',
    answer: ok(FrameworkList, 'Frameworks, with how many controls serve each'),
  },
  () => FRAMEWORKS,
)

complianceRoutes.get(
  '/controls',
  {
    id: 'listComplianceControls',
    summary: 'Every control, as it was found on the newest day',
    description:
      'Controls are computed once a day from the running service. What it cannot know is `not_tested`, with a reason.',
    query: ControlsQuery,
    answer: ok(ControlList, 'Controls, with value, threshold and time'),
  },
  async ({ ctx, query }) => ({ controls: await listControls(ctx, query), framework: query.framework }),
)

complianceRoutes.get(
  '/reports',
  {
    id: 'listComplianceReports',
    summary: 'Reports, newest first',
    query: ReportsQuery,
    answer: ok(ReportList, 'A page of reports, without what they say'),
  },
  async ({ ctx, query }) => ({
    ...(await listReports(ctx, query)),
    limit: query.limit,
    offset: query.offset,
  }),
)

complianceRoutes.post(
  '/reports',
  {
    id: 'createComplianceReport',
    summary: 'Report on a framework over a period: on which share of its days each control held',
    description: 'A period has at most 366 days, in UTC, none of them in the future.',
    aliases: [{ path: '/admin/generate-report', id: 'issueComplianceReport' }],
    isWrite: everyCall,
    body: ReportBody,
    answer: created(ReportAnswer, 'The report'),
    errors: [validationFailed],
  },
  ({ ctx, body }) => createReport(ctx, { framework: body.framework, start: body.period_start, end: body.period_end }),
)

complianceRoutes.get(
  '/reports/:report_id',
  {
    id: 'getComplianceReport',
    summary: 'A report, as it was made',
    params: ReportPath,
    answer: ok(ReportAnswer, 'The report'),
    errors: [notFound],
  },
  ({ ctx, params }) => getReport(ctx, params.report_id),
)

complianceRoutes.get(
  '/dashboard',
  {
    id: 'getComplianceDashboard',
    summary: 'The newest results by framework, what fails, the newest reports, and how long what is kept',
    answer: ok(DashboardAnswer, 'The results'),
  },
  ({ ctx }) => readDashboard(ctx),
)

complianceRoutes.post(
  '/admin/retention-policy',
  {
    id: 'changeRetention',
    summary: 'Set for how many days a kind is kept: never fewer than configuration says',
    description: 'Fewer days than now delete what is older, so a fresh factor is needed.',
    isWrite: everyCall,
    body: RetentionBody,
    answer: ok(RetentionAnswer, 'What each kind is kept for now'),
    errors: [retentionOutOfRange, ...freshFactorErrors],
  },
  async ({ ctx, body }) => {
    await requireFreshFactor(ctx, toStepUp(body))
    await changeRetention(ctx, { kind: body.data_category, days: body.retention_period_days })
    return listExpired(ctx)
  },
)

complianceRoutes.get(
  '/admin/expired-data',
  {
    id: 'listExpiredData',
    summary: 'What the next runs of cron delete because it is kept no longer',
    answer: ok(ExpiredAnswer, 'By kind'),
  },
  ({ ctx }) => listExpired(ctx),
)

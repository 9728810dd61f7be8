import { type AdminCtx, actorOf, type Ctx } from '../../../context.ts'
import { commit } from '../../../db/commit.ts'
import type { Range } from '../../../db/list.ts'
import { notFound, validationFailed } from '../../../lib/errors.ts'
import { DAY } from '../../../lib/time.ts'
import { controlsOf } from '../rules/assessment.ts'
import { FRAMEWORKS } from '../rules/frameworks.ts'
import { contentOf, type Period, scoreOf } from '../rules/report.ts'
import { findReport, insertReport, selectDays, selectReports } from '../store/results.ts'
import type { FrameworkId, Report } from '../types.ts'
import { dateOf } from './assessment.ts'

const DAYS_PER_REPORT = 366

const refused = (field: string, message: string) =>
  validationFailed({ validation_errors: [{ field: `body.${field}`, message, type: 'invalid' }] })

interface Asked {
  readonly framework: FrameworkId
  readonly start: number
  readonly end: number
}

/** Days in UTC. Throws VALIDATION_ERROR. */
function periodOf({ now }: Pick<Ctx, 'now'>, { framework, start, end }: Asked): Period {
  const period = { framework, from: Math.floor(start / DAY), to: Math.floor(end / DAY) }
  if (end < start) throw refused('period_end', 'must not be before period_start')
  if (period.to > Math.floor(now() / DAY)) throw refused('period_end', 'must not be in the future')
  if (period.to - period.from >= DAYS_PER_REPORT) throw refused('period_end', `must be within ${DAYS_PER_REPORT} days`)
  return period
}

/** Makes a report of the days that were assessed in a period, with `compliance.report_created`. Throws VALIDATION_ERROR. */
export async function createReport(ctx: AdminCtx, asked: Asked): Promise<Report> {
  const { framework } = asked
  const period = periodOf(ctx, asked)
  const content = contentOf(controlsOf(framework), await selectDays(ctx, period), period)
  const [from, to] = [dateOf(period.from), dateOf(period.to)]
  const report: Report = {
    id: ctx.newId(),
    title: `${FRAMEWORKS.find(({ id }) => id === framework)?.name} from ${from} to ${to}`,
    framework,
    fromDay: period.from,
    toDay: period.to,
    score: scoreOf(content.controls),
    content,
    createdAt: ctx.now(),
  }
  await commit(ctx, insertReport(ctx, report), {
    type: 'compliance.report_created',
    subject: 'compliance',
    userId: null,
    actor: actorOf(ctx),
    data: { report_id: report.id, framework, from, to },
  })
  return report
}

/** Newest first, without what they say. */
export const listReports = (
  ctx: Pick<Ctx, 'db'>,
  { framework, ...range }: Range & { framework?: FrameworkId | undefined },
) => selectReports(ctx, range, framework)

/** Throws NOT_FOUND. */
export async function getReport(ctx: Pick<Ctx, 'db'>, id: string): Promise<Report> {
  const report = await findReport(ctx, id)
  if (!report) throw notFound()
  return report
}

import type { Ctx } from '../../../context.ts'
import { controlsOf } from '../rules/assessment.ts'
import { FRAMEWORKS } from '../rules/frameworks.ts'
import { scoreOf } from '../rules/report.ts'
import type { ControlStatus, FrameworkId, Report } from '../types.ts'
import { type ControlState, listControls } from './assessment.ts'
import { listReports } from './reports.ts'
import { type Expiry, listExpired } from './retention.ts'

export interface FrameworkState {
  readonly id: FrameworkId
  readonly name: string
  readonly passed: number
  readonly failed: number
  readonly notTested: number
  /** Tenths of a percent of what was tested; null when nothing was. */
  readonly score: number | null
}

export interface Dashboard {
  readonly assessedAt: number | null
  readonly all: Omit<FrameworkState, 'id' | 'name'>
  readonly frameworks: readonly FrameworkState[]
  readonly failing: readonly ControlState[]
  readonly untested: readonly ControlState[]
  readonly reports: readonly Omit<Report, 'content'>[]
  readonly retention: readonly Expiry[]
}

const REPORTS_SHOWN = 5

function stateOf(controls: readonly ControlState[]): Dashboard['all'] {
  const countOf = (status: ControlStatus) => controls.filter(({ result }) => result.status === status).length
  const [passed, failed, notTested] = [countOf('pass'), countOf('fail'), countOf('not_tested')]
  return { passed, failed, notTested, score: scoreOf([{ passed, failed }]) }
}

/** The newest results, by framework, with what fails. */
export async function readDashboard(ctx: Pick<Ctx, 'db' | 'now' | 'config'>): Promise<Dashboard> {
  const [controls, { rows: reports }, retention] = await Promise.all([
    listControls(ctx, {}),
    listReports(ctx, { limit: REPORTS_SHOWN, offset: 0 }),
    listExpired(ctx),
  ])
  const of = (framework: FrameworkId) => {
    const ids = new Set(controlsOf(framework).map(({ id }) => id))
    return controls.filter(({ control }) => ids.has(control.id))
  }
  return {
    assessedAt: controls.reduce<number | null>((newest, { assessedAt }) => newest ?? assessedAt, null),
    all: stateOf(controls),
    frameworks: FRAMEWORKS.map(({ id, name }) => ({ id, name, ...stateOf(of(id)) })),
    failing: controls.filter(({ result }) => result.status === 'fail'),
    untested: controls.filter(({ result }) => result.status === 'not_tested'),
    reports,
    retention,
  }
}

import type { AssessedDay, ControlRecord, FrameworkId, ReportContent } from '../types.ts'
import type { Control } from './control.ts'

/** Failed days that a report names: of more it says the number. */
const DAYS_NAMED = 100

export interface Period {
  readonly framework: FrameworkId
  /** The first day and the last, in days since the epoch. */
  readonly from: number
  readonly to: number
}

/** On which days of a period a control held. `days` are those that were assessed, oldest first. */
function recordOf(
  { id, title, serves }: Control,
  days: readonly AssessedDay[],
  { from, to, framework }: Period,
): ControlRecord {
  const found = days.flatMap(({ day, results }) => {
    const result = results[id]
    return result ? [{ day, result }] : []
  })
  const daysOf = (status: 'pass' | 'fail') => found.filter(({ result }) => result.status === status)
  const [passed, failed] = [daysOf('pass').length, daysOf('fail')]
  const tested = passed + failed.length
  return {
    controlId: id,
    title,
    clauses: serves[framework] ?? [],
    passed,
    failed: failed.length,
    notTested: to - from + 1 - tested,
    share: tested === 0 ? null : passed / tested,
    last: found.at(-1)?.result ?? null,
    failedDays: failed
      .map(({ day }) => day)
      .reverse()
      .slice(0, DAYS_NAMED),
  }
}

/** What the days of a period say of these controls. */
export function contentOf(controls: readonly Control[], days: readonly AssessedDay[], period: Period): ReportContent {
  return {
    daysAssessed: days.length,
    controls: controls.map((control) => recordOf(control, days, period)),
    heads: days.flatMap(({ day, head }) => (head ? [{ day, ...head }] : [])),
  }
}

/** Of all tests of all days, how many tenths of a percent held. What was not tested counts for nothing: null without a test. */
export function scoreOf(records: readonly Pick<ControlRecord, 'passed' | 'failed'>[]): number | null {
  const passed = records.reduce((sum, record) => sum + record.passed, 0)
  const tested = records.reduce((sum, record) => sum + record.failed, passed)
  if (tested === 0) return null
  // Downward: 100 is for what held without exception.
  return Math.floor((1000 * passed) / tested)
}

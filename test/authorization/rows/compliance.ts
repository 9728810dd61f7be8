import { newUuid } from '../../../src/lib/ids.ts'
import type { Row } from '../row.ts'
import { plain } from './shared.ts'

const PREFIX = '/api/v1/compliance'

const report: Row = {
  good: 201,
  call: () => ({ body: { framework: 'gdpr', period_start: '2026-01-01', period_end: '2026-01-31' } }),
}

export const COMPLIANCE_ROWS: Readonly<Record<string, Row>> = {
  [`GET ${PREFIX}/frameworks`]: plain,
  [`GET ${PREFIX}/controls`]: plain,
  [`GET ${PREFIX}/reports`]: plain,
  [`POST ${PREFIX}/reports`]: report,
  [`POST ${PREFIX}/admin/generate-report`]: report,
  [`GET ${PREFIX}/reports/:report_id`]: { good: 404, call: () => ({ path: { report_id: newUuid() } }) },
  [`GET ${PREFIX}/dashboard`]: plain,
  [`POST ${PREFIX}/admin/retention-policy`]: {
    call: () => ({ body: { data_category: 'reports', retention_period_days: 500 } }),
  },
  [`GET ${PREFIX}/admin/expired-data`]: plain,
}

import type { Hold as HoldRow } from './store/holds.ts'
import type { SeenRequest as SeenRequestRow } from './store/requests.ts'
import type { Consent as ConsentRow } from './tables.ts'

export type Hold = HoldRow
export type SeenRequest = SeenRequestRow
export type Consent = ConsentRow

/** Access and portability are a data export, erasure is the account's deletion; an admin answers the others. */
export const REQUEST_TYPES = ['access', 'portability', 'erasure', 'rectification', 'restriction', 'objection'] as const
export type RequestType = (typeof REQUEST_TYPES)[number]

export const REQUEST_STATUSES = ['received', 'in_progress', 'completed', 'rejected'] as const
export type RequestStatus = (typeof REQUEST_STATUSES)[number]

export const EXPORT_FORMATS = ['json', 'csv'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

export type ConsentChange = 'given' | 'withdrawn'

export const MAX_SWITCHES = 20

import type { NewUser } from '../users/service.ts'

/** One row of an import: a user whose fields are good, or why it is none. Rows count from 1. */
export type ImportRow =
  | { readonly row: number; readonly user: NewUser }
  | { readonly row: number; readonly email: string | null; readonly reason: string; readonly isTooDear?: boolean }

/** What became of a row. */
export interface RowOutcome {
  readonly row: number
  readonly status: 'imported' | 'skipped' | 'rejected'
  /** The new user's. */
  readonly id: string | null
  readonly email: string | null
  /** Why it was not imported. */
  readonly reason: string | null
  /** Its password hash takes too much CPU to verify. */
  readonly isTooDear?: boolean
  /** What an imported user lacks, and where it is kept. */
  readonly warning: string | null
}

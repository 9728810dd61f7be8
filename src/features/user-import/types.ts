import type { NewUser } from '../users/service/users.ts'

/** The systems whose exports are supported. */
export type System = 'firebase' | 'auth0' | 'keycloak'

/** One row of an import: a user with valid essential fields, or why it is rejected. Rows are counted from 1. */
export type ImportRow =
  | {
      readonly row: number
      readonly user: NewUser
      /** The system that the row was exported from; null for our own fields. */
      readonly system: System | null
      /** The row states that the address is not verified. */
      readonly isUnproven: boolean
      /** Values that are left out; each warning begins with the name of the field. */
      readonly warnings: readonly string[]
      /** What the user had in the other system and does not have here. */
      readonly leftBehind: readonly string[]
    }
  | { readonly row: number; readonly email: string | null; readonly reason: string; readonly isTooExpensive?: boolean }

/** An unknown field, and the known field that may have been meant. */
export interface IgnoredField {
  readonly field: string
  readonly suggestion: string | null
}

export interface ParsedImport {
  readonly rows: readonly ImportRow[]
  readonly ignored: readonly IgnoredField[]
}

export interface ImportMode {
  /** Fills empty fields of accounts that were imported before. */
  readonly merge: boolean
  /** Returns the outcomes without writing anything. */
  readonly dryRun: boolean
}

/** The outcome of a row. */
export interface RowOutcome {
  readonly row: number
  readonly status: 'imported' | 'merged' | 'skipped' | 'rejected'
  /** The id of the user that was imported or merged into. */
  readonly id: string | null
  readonly email: string | null
  /** Why it was not imported. */
  readonly reason: string | null
  /** Its password hash takes too much CPU to verify. */
  readonly isTooExpensive?: boolean
  /** Values that are left out, and where they are stored instead. */
  readonly warnings: readonly string[]
  readonly leftBehind: readonly string[]
}

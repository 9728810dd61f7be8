import type { NewUser } from '../users/service/users.ts'

/** The systems whose exports are read. */
export type System = 'firebase' | 'auth0' | 'keycloak'

/** One row of an import: a user whose decisive fields are good, or why it is none. Rows count from 1. */
export type ImportRow =
  | {
      readonly row: number
      readonly user: NewUser
      /** The system whose export the row is of; null for our own fields. */
      readonly system: System | null
      /** The row says that the address was not proven. */
      readonly isUnproven: boolean
      /** What the row could not bring along, each beginning with the name of its field. */
      readonly warnings: readonly string[]
      /** What the user had over there and does not have here. */
      readonly leftBehind: readonly string[]
    }
  | { readonly row: number; readonly email: string | null; readonly reason: string; readonly isTooDear?: boolean }

/** A field that nobody reads, and the one that may have been meant. */
export interface IgnoredField {
  readonly field: string
  readonly suggestion: string | null
}

export interface ParsedImport {
  readonly rows: readonly ImportRow[]
  readonly ignored: readonly IgnoredField[]
}

export interface ImportMode {
  /** Fills what an account that an import made lacks. */
  readonly merge: boolean
  /** Does everything but write. */
  readonly dryRun: boolean
}

/** What became of a row. */
export interface RowOutcome {
  readonly row: number
  readonly status: 'imported' | 'merged' | 'skipped' | 'rejected'
  /** The user's who was imported or merged into. */
  readonly id: string | null
  readonly email: string | null
  /** Why it was not imported. */
  readonly reason: string | null
  /** Its password hash takes too much CPU to verify. */
  readonly isTooDear?: boolean
  /** What the user lacks, and where it is kept. */
  readonly warnings: readonly string[]
  readonly leftBehind: readonly string[]
}

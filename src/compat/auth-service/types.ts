import type { User } from '../../features/users/types.ts'

/** A user as an answer about one shows them. */
export interface ShownUser {
  readonly user: User
  /** Null in lists, which ask no guard. */
  readonly attempts: { readonly failedAttempts: number; readonly lockedUntil: number | null } | null
}

/** A user after a change. */
export interface ShownChange extends ShownUser {
  /** Every isolate knows of the change within 5 seconds. */
  readonly propagated: boolean
}

import type { User } from '../../features/users/types.ts'

/** A user as an answer about one shows them. */
export interface ShownUser {
  readonly user: User
  /** Null in lists, which ask no guard. */
  readonly attempts: { readonly failedAttempts: number; readonly lockedUntil: number | null } | null
}

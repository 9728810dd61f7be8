import type { RecordedEvent } from '../../lib/event.ts'
import type { User } from '../users/types.ts'

/** A user's row with what lists count beside it. */
export interface AdminUser {
  readonly user: User
  /** Open ones; the record is seconds behind. */
  readonly sessions: number
  readonly passkeys: number
}

/** As an answer about one user has it. */
export interface AdminUserDetail extends AdminUser {
  readonly failedAttempts: number
  /** The end of an attempt lock, epoch milliseconds. */
  readonly lockedUntil: number | null
}

export interface Stats {
  readonly users: number
  readonly activeUsers: number
  readonly suspendedUsers: number
  readonly deletedUsers: number
  readonly usersWithSecondFactor: number
  readonly usersLastDay: number
  readonly sessionsOpened: number
  readonly sessionsOpen: number
  readonly sessionsLastDay: number
  readonly passkeys: number
}

/** An event with the addresses of whom it names, where they have an account. */
export interface ActivityEntry {
  readonly event: RecordedEvent
  readonly userEmail: string | null
  readonly actorEmail: string | null
}

/** What an admin calls the state of the service. */
export interface SystemHealth {
  readonly status: 'healthy' | 'degraded' | 'unhealthy'
  readonly database: 'healthy' | 'unhealthy'
  readonly cache: 'healthy' | 'unhealthy'
  readonly storage: 'healthy' | 'unhealthy'
  readonly email: 'healthy' | 'degraded' | 'not_configured'
  /** Seconds since this isolate answered its first request. */
  readonly uptime: number
}

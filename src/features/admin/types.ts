import type { User } from '../users/types.ts'

/** A user, with the counts that lists show. */
export interface AdminUser {
  readonly user: User
  /** Open sessions; the count lags by seconds. */
  readonly sessions: number
  readonly passkeys: number
  /** Names of linked providers. */
  readonly providers: readonly string[]
  /** Memberships that the user has taken up. */
  readonly organizations: number
}

/** A user, with the state of the sign-in guard. */
export interface AdminUserDetail extends AdminUser {
  readonly failedAttempts: number
  /** The end of an attempt lock, epoch milliseconds. */
  readonly lockedUntil: number | null
  /** The end of the lock after too many wrong codes. */
  readonly secondFactorLockedUntil: number | null
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
  readonly identities: number
  readonly organizations: number
}

/** What is sealed under one root key. `unknown`: neither ROOT_SECRET nor ROOT_SECRET_PREVIOUS opens it. */
export interface RootKeyUse {
  readonly id: string
  readonly state: 'current' | 'previous' | 'unknown'
  /** Of tokens, of the record, and of SAML. */
  readonly signingKeys: number
  readonly totpSecrets: number
  /** Mails that wait to be sent. */
  readonly mails: number
  /** Webhook endpoints: their secrets. */
  readonly webhooks: number
  readonly connections: number
}

/** The state of the service's parts. */
export interface SystemHealth {
  readonly status: 'healthy' | 'degraded' | 'unhealthy'
  readonly database: 'healthy' | 'unhealthy'
  readonly cache: 'healthy' | 'unhealthy'
  readonly storage: 'healthy' | 'unhealthy'
  readonly email: 'healthy' | 'degraded' | 'not_configured'
  /** Seconds since this isolate answered its first request. */
  readonly uptime: number
}

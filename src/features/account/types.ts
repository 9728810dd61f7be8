import type { SessionSnapshot } from '../../durable/rpc.ts'

/** Something about an account that its user should know. `time` is epoch milliseconds. */
export interface SecurityAlert {
  /** The event's type, or `multiple_locations`. */
  readonly type: string
  readonly severity: 'low' | 'medium' | 'high'
  readonly message: string
  /** ISO 3166-1 alpha-2 countries, as the platform names them; empty where that says nothing. */
  readonly locations: readonly string[]
  readonly sessionIds: readonly string[]
  readonly time: number
}

/** The last that is known of a session. */
export interface SessionActivity {
  readonly session: SessionSnapshot
  readonly type: 'signed_in' | 'session_active' | 'signed_out' | 'session_expired' | 'session_revoked'
  readonly time: number
}

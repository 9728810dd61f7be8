import type { SessionSnapshot } from '../../durable/rpc.ts'

/** What a client holds of a session. */
export interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string
  /** Seconds until the access token's own `exp`. */
  readonly expiresIn: number
  /** The access token's `exp`, epoch seconds. */
  readonly expiresAt: number
}

export interface OpenedSession {
  readonly session: SessionSnapshot
  readonly tokens: Tokens
}

import type { RotateRefusal, SessionSnapshot } from '../../durable/rpc.ts'
import type { User } from '../users/types.ts'

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

export interface NewSession extends OpenedSession {
  /** The user has signed in before, but never from a device like this. */
  readonly isNewDevice: boolean
}

export interface RefreshedSession extends OpenedSession {
  readonly user: User
}

/** What a refresh token says, once its seal is checked. */
export interface RefreshTokenParts {
  readonly userId: string
  readonly sessionId: string
  readonly generation: number
  readonly proof: Uint8Array
}

/** Why a refresh was refused. For the log: the client learns one code for all. */
export type RefreshRefusal = 'malformed' | 'unknown_user' | 'user_not_allowed' | RotateRefusal

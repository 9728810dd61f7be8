import type { Grant, RotateRefusal, SessionSnapshot } from '../../durable/rpc.ts'
import type { EventActor } from '../../lib/event.ts'
import type { User } from '../users/types.ts'
import type { FederatedSession } from './tables.ts'

/** A membership that its user has taken up, as tokens need it. */
export interface StandingPlace {
  /** The organization's. */
  readonly id: string
  readonly role: string
  readonly version: number
  readonly requiresTwoFactors: boolean
  /** The organization requires single sign-on, and the session did not come by it. */
  readonly needsSso: boolean
  /** Keys of custom roles. */
  readonly roles: readonly string[]
  /** Granted directly. */
  readonly permissions: readonly string[]
}

/** Who writes what follows from a sign-in by an organization's provider, and from its sign-outs. */
export const SSO: EventActor = { type: 'system', id: 'sso' }

/** How a session came about: by an organization's identity provider, or by break glass (without a connection). */
export type SessionOrigin = Pick<
  FederatedSession,
  'organizationId' | 'connectionId' | 'subjectHash' | 'providerSessionHash' | 'sealed' | 'hasLogout' | 'secondFactor'
> & {
  /** The provider's own session ends then. */
  readonly endsAt?: number | null | undefined
  /** When the provider's answer was taken; absent in what the last release stored, and for break glass. So are the next. */
  readonly takenAt?: number | null | undefined
  /** The connection's `version` then; null of a session that stands on another. */
  readonly connectionVersion?: number | null | undefined
  /** When the person signed in at the provider, where it says. */
  readonly authenticatedAt?: number | null | undefined
}

/** What a provider calls a person, its own session of them, or both. */
export interface ProviderKey {
  readonly connectionId: string
  readonly subjectHash: string | null
  readonly providerSessionHash: string | null
}

/** What a user has in organizations, oldest membership first, and what is platform-wide. */
export interface Standing {
  readonly places: readonly StandingPlace[]
  readonly roles: readonly string[]
  readonly permissions: readonly string[]
  /** An organization's provider opened the session. */
  readonly isOfProvider: boolean
}

/** An access token of an open session that lives no longer than the one it replaces. */
export interface ActivatedToken {
  readonly user: User
  readonly session: SessionSnapshot
  readonly accessToken: string
  /** Seconds until its `exp`. */
  readonly expiresIn: number
}

/** The session of a browser on which another stands, as it was then: moved on or ended meanwhile, it carries none. */
export interface StandsOn {
  readonly sessionId: string
  readonly generation: number
  /** When its factors were proved. */
  readonly authTime: number
  readonly secondFactorAt: number | null
}

/** The tokens of a session. Of a browser's: what its cookies hold, the one of pages in place of the refresh token. */
export interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string
  /** Seconds until the access token's `exp`. */
  readonly expiresIn: number
  /** The access token's `exp`, epoch seconds. */
  readonly expiresAt: number
}

/** Whom a browser's cookie has signed in. */
export interface BrowserSession {
  readonly user: User
  readonly standing: Standing
  readonly session: SessionSnapshot
  /** Of the present generation. */
  readonly grant: Grant
  /** The cookie is of the generation before: somebody else may have it, and have been locked out by the present one. */
  readonly isBefore: boolean
}

export interface OpenedSession {
  readonly session: SessionSnapshot
  /** Of its refresh token or cookie. */
  readonly generation: number
  /** Of a browser's session: how long it lives unused. */
  readonly browserIdleSeconds?: number
  readonly tokens: Tokens
}

export interface NewSession extends OpenedSession {
  /** Whether the user has signed in before, but never from a device like this. */
  readonly isNewDevice: boolean
}

export interface RefreshedSession extends OpenedSession {
  readonly user: User
}

/** The content of a refresh token whose seal was verified. */
export interface RefreshTokenParts {
  readonly userId: string
  readonly sessionId: string
  readonly generation: number
  readonly proof: Uint8Array
}

/** The reason of a refusal, for the log: the client gets the same code for all. */
export type RefreshRefusal = 'malformed' | 'unknown_user' | 'user_not_allowed' | RotateRefusal

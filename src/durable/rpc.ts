import type { EventActor, EventName, FeedEntry, RecordedEvent } from '../lib/event.ts'

// What Workers and objects say to each other. Arguments and answers only grow: during a deploy old and new code talk.
// Refusals are values; a throw is a bug or an outage.

/** Where a call came from, as the Worker saw it. */
export interface Caller {
  readonly ip: string
  readonly country: string | null
  readonly userAgent: string | null
}

export type EndReason =
  | 'signed_out'
  | 'revoked'
  | 'session_cap'
  | 'expired'
  | 'refresh_reuse'
  | 'refresh_from_the_future'
  | 'credentials_changed'
  | 'password_changed'
  | 'password_reset'
  | 'email_changed'
  | 'suspended'
  | 'locked'
  | 'deleted'
  | 'deactivated'

/**
 * Which sessions a change of the second factor lets live beside the kept one: those that have proved two factors, at its
 * removal; those that have done so without a code, where it is turned on: their code was one of an earlier factor.
 */
export type SparedSessions = 'two_factors' | 'two_factors_without_code'

export interface SessionSnapshot {
  readonly id: string
  /** Sequential within the user. */
  readonly number: number
  readonly userId: string
  readonly clientId: string
  readonly openedAt: number
  readonly lastActiveAt: number
  /** The earlier of the idle and the absolute expiry. */
  readonly expiresAt: number
  readonly ip: string
  readonly country: string | null
  readonly userAgent: string | null
  readonly amr: readonly string[]
  readonly authTime: number
  /** When a second factor was proved last; `authTime` may be of a password since. Null or absent: it is not known. */
  readonly secondFactorAt?: number | null
  readonly organizationId: string | null
  readonly endedAt: number | null
  readonly endReason: EndReason | null
}

/** One generation of a session: what its refresh token and access token are derived from. */
export interface Grant {
  readonly session: SessionSnapshot
  readonly generation: number
  /** 16 bytes: HMAC of session and generation under the session's own secret. */
  readonly proof: Uint8Array
  /** When the session advanced to this generation: the access token's `iat`. Epoch milliseconds. */
  readonly advancedAt: number
}

export interface OpenSessionInput {
  readonly userId: string
  readonly clientId: string
  readonly authVersion: number
  /** As the same row has it: which session the change to `authVersion` lets live. */
  readonly keptSessionId?: string | null
  /** As the same row has it: whom the change to `authVersion` spares. Null or absent: nobody else. */
  readonly spares?: SparedSessions | null | undefined
  readonly claimsVersion: number
  readonly amr: readonly string[]
  readonly authTime: number
  readonly organizationId: string | null
  readonly caller: Caller
  /** Recorded with the opening, in the same transaction: `user.signed_in` and the like. */
  readonly events: readonly { readonly type: EventName; readonly data?: Readonly<Record<string, unknown>> }[]
}

export type OpenSessionResult =
  /**
   * `isNewDevice`: the user has signed in before, but never from a device like this. `ended`: ids of the sessions that
   * ended with the opening. Both are absent in answers of older code.
   */
  | {
      readonly outcome: 'opened'
      readonly grant: Grant
      readonly isNewDevice?: boolean
      readonly ended?: readonly string[]
    }
  /** The credentials were changed after the Worker read the user's row. */
  | { readonly outcome: 'stale_credentials' }

export interface RotateInput {
  readonly userId: string
  readonly sessionId: string
  readonly generation: number
  readonly proof: Uint8Array
  /** SHA-256 of the `Idempotency-Key`, base64url. */
  readonly idempotencyKeyHash: string | null
  readonly authVersion: number
  readonly keptSessionId: string | null
  /** As the same row has it: whom the change to `authVersion` spares. Null or absent: nobody else. */
  readonly spares?: SparedSessions | null | undefined
  readonly claimsVersion: number
  readonly caller: Caller
}

export type RotateRefusal =
  | 'unknown_session'
  | 'wrong_proof'
  | 'ended'
  | 'expired'
  | 'reuse'
  | 'from_the_future'
  | 'stale_credentials'

export type RotateResult =
  | { readonly outcome: 'rotated' | 'replayed'; readonly grant: Grant }
  | { readonly outcome: 'refused'; readonly reason: RotateRefusal }

/** A factor was proved anew within a session. */
export interface RaiseSessionInput {
  readonly userId: string
  readonly sessionId: string
  /** RFC 8176 values that the proof adds to those of the session. */
  readonly amr: readonly string[]
  /** When it was proved. Epoch milliseconds. */
  readonly authTime: number
  /** `auth_time` of the token that asks, in seconds. Absent: not looked at. */
  readonly tokenAuthTime?: number
  /** As the row has it that was checked. */
  readonly authVersion: number
  readonly keptSessionId: string | null
  /** As the same row has it: whom the change to `authVersion` spares. Null or absent: nobody else. */
  readonly spares?: SparedSessions | null | undefined
  readonly claimsVersion: number
  readonly caller: Caller
}

export type RaiseSessionResult =
  /** The generation stays; `advancedAt` is now: the access token is a new one. */
  { readonly outcome: 'raised'; readonly grant: Grant } | { readonly outcome: 'not_live' }

/** A refresh token, asked about instead of used. */
export interface InspectInput {
  readonly userId: string
  readonly sessionId: string
  readonly generation: number
  readonly proof: Uint8Array
}

export type InspectResult = { readonly active: true; readonly session: SessionSnapshot } | { readonly active: false }

export interface CheckInput {
  readonly userId: string
  readonly sessionId: string
  /** The access token's `ver`. */
  readonly claimsVersion: number
  /** As the caller has just read them in the user's row: the object may not have heard of them yet. */
  readonly credentials?: {
    readonly authVersion: number
    readonly keptSessionId: string | null
    /** As the same row has it: whom the change to `authVersion` spares. */
    readonly spares: SparedSessions | null
  }
}

export type CheckResult =
  | { readonly live: true }
  | { readonly live: false; readonly reason: 'unknown' | 'ended' | 'expired' | 'stale_credentials' | 'stale_claims' }

/** A use of the session that is no refresh. */
export interface TouchSessionInput {
  readonly userId: string
  readonly sessionId: string
}

export interface EndSessionInput {
  readonly userId: string
  readonly sessionId: string
  readonly reason: EndReason
  readonly actor: EventActor
  readonly caller: Caller
  /** Recorded beside `session.revoked`: `user.signed_out` and the like. */
  readonly events?: readonly { readonly type: EventName; readonly data?: Readonly<Record<string, unknown>> }[]
}

export interface EndSessionsInput {
  readonly userId: string
  readonly except: string | null
  readonly reason: EndReason
  readonly actor: EventActor
  readonly caller: Caller
  /** The user row's `auth_version` after the change that ends the sessions; null when no credential changed. */
  readonly authVersion: number | null
  /** Whom the change to `authVersion` spares beside `except`. */
  readonly spares?: SparedSessions | null | undefined
}

export interface EndResult {
  /** The sessions that this call ended. */
  readonly ended: readonly string[]
  /** Whether the revocation feed has taken them; otherwise the object's outbox goes on trying. */
  readonly propagated: boolean
}

/** What was read from a row below `authVersion` opens no session any more. */
export interface EraseInput {
  readonly userId: string
  readonly authVersion: number
}

export type EraseResult =
  | { readonly outcome: 'erased' }
  /** Others have yet to be told of something, or a session lives: to be asked again later. */
  | { readonly outcome: 'not_yet'; readonly reason: 'undelivered' | 'live_sessions' }

export interface Propagation {
  readonly propagated: boolean
}

/** An event with its place in one topic's log. */
export interface LoggedEvent {
  readonly seq: number
  readonly event: RecordedEvent
}

/** `oldest` is the lowest seq that the log still holds (head + 1 when it is empty). */
export interface LogPage {
  readonly events: readonly LoggedEvent[]
  readonly oldest: number
  readonly head: number
}

/** `RPC` of the object that is the truth for one user's sessions. Its sockets are opened by `fetch` with an Upgrade. */
export interface UserAuthorityRpc {
  open(input: OpenSessionInput): Promise<OpenSessionResult>
  rotate(input: RotateInput): Promise<RotateResult>
  /** Adds to the `amr` of a live session and moves its `auth_time`. */
  raise(input: RaiseSessionInput): Promise<RaiseSessionResult>
  /** Whether the token's generation is current or still replayable. Changes nothing. */
  inspect(input: InspectInput): Promise<InspectResult>
  check(input: CheckInput): Promise<CheckResult>
  /** Moves last use and idle expiry of a live session; null when there is none. */
  touchSession(input: TouchSessionInput): Promise<SessionSnapshot | null>
  findSession(input: { userId: string; sessionId: string }): Promise<SessionSnapshot | null>
  /** Newest first; ended ones only when `withEnded`. */
  listSessions(input: { userId: string; withEnded: boolean }): Promise<readonly SessionSnapshot[]>
  endSession(input: EndSessionInput): Promise<EndResult>
  endSessions(input: EndSessionsInput): Promise<EndResult>
  /** Reads the user's undelivered rows from D1, appends them to the log and hands what they carry to the feed. */
  nudge(input: { userId: string }): Promise<Propagation>
  /** Forgets all that it holds of a deleted user, once everybody was told of it. */
  erase(input: EraseInput): Promise<EraseResult>
  /** Makes a single-use ticket that opens a socket. */
  issueTicket(input: {
    userId: string
    sessionId: string
    identity: SocketIdentity
    expiresAt: number
  }): Promise<{ ticket: string }>
  /** A hub hands over events of a topic that a socket here has subscribed to. */
  takeHubEvents(input: { topic: string; events: readonly LoggedEvent[] }): Promise<{ subscribed: boolean }>
  ping(): Promise<'ok'>
  fetch(request: Request): Promise<Response>
}

/** Whose socket it is, and what it may see; kept in the socket's attachment. */
export interface SocketIdentity {
  readonly principal:
    | { readonly type: 'user'; readonly userId: string; readonly sessionId: string; readonly email: string }
    | { readonly type: 'client'; readonly clientId: string }
  /** The access token's `exp`, epoch milliseconds. */
  readonly expiresAt: number
  readonly isAdmin: boolean
  /** Topics that the principal may subscribe to beyond its own channel. */
  readonly topics: readonly string[]
  /** The access token's `ver`; absent for clients. */
  readonly claimsVersion?: number
}

/** The feed's entries after `after`, oldest first. Ids are as in `FeedEntry`. */
export interface FeedPage {
  /** Changes when the feed's storage was lost: cursors of another epoch mean nothing. */
  readonly epoch: string
  readonly head: number
  /**
   * The feed holds more than a view can: ask objects directly until it is shorter.
   * The page then has only what no object knows: keys, clients and tokens.
   */
  readonly overflow: boolean
  /** The page has every entry above this seq: a reader whose cursor is older has missed some. */
  readonly after?: number
  readonly entries: readonly { readonly seq: number; readonly at: number; readonly entry: FeedEntry }[]
}

export interface RevocationFeedRpc {
  append(entries: readonly FeedEntry[]): Promise<{ head: number }>
  /** Entries with a seq above `after`; null means all that the feed holds. */
  pull(after: number | null): Promise<FeedPage>
  /** The entries of the last `ms` milliseconds: the answer that isolates of one location share. */
  pullRecent(ms: number): Promise<FeedPage>
  ping(): Promise<'ok'>
}

export interface EventHubRpc {
  /** Idempotent by event id. Registered objects and sockets are told within 50 ms. */
  append(input: { topic: string; events: readonly RecordedEvent[] }): Promise<{ head: number }>
  /** Reads undelivered rows that concern no user, appends them and hands what they carry to the feed. */
  nudge(input: { topic: string }): Promise<Propagation>
  /** The user's object gets the topic's events from now on, until it answers that no socket of its wants them. */
  register(input: { topic: string; userId: string }): Promise<{ head: number }>
  read(input: { topic: string; after: number; limit: number }): Promise<LogPage>
  /** A service client's ticket; users' tickets are the user's object's. */
  issueTicket(input: { topic: string; identity: SocketIdentity; expiresAt: number }): Promise<{ ticket: string }>
  ping(): Promise<'ok'>
  fetch(request: Request): Promise<Response>
}

/** Who tries to sign in. `account` is a user id, or a hash of the identifier when there is no such user. */
export interface AttemptInput {
  readonly account: string
  readonly network: string
  /** Names one attempt: it is in flight until `giveBack` or `fail`. Without it the attempt is a failure until `giveBack`. */
  readonly id?: string
}

export type AttemptResult =
  /** `knowsNetwork`: the account completed a sign-in from the network in the last 30 days; absent when not. */
  | { readonly allowed: true; readonly knowsNetwork?: boolean }
  /** `isBusy`: no lock, but attempts in flight take all the room. Older callers take it for a lock of a second. */
  | {
      readonly allowed: false
      readonly lockedUntil: number
      readonly scope: 'network' | 'account'
      readonly isBusy?: boolean
    }

export interface AttemptStatus {
  readonly failedAttempts: number
  readonly lockedUntil: number | null
  /** Of the network that was asked about, as in `AttemptResult`; absent in answers of older code, too. */
  readonly knowsNetwork?: boolean
}

export interface UseInput {
  readonly subject: string
  readonly limit: number
  readonly windowMs: number
  /** The `limit`th use in the window locks the subject for this long; without it, uses leave the window one by one. */
  readonly lockMs?: number
  /** Names one use: it is in flight until `giveBackUse` or `failUse`. Without it the use counts at once. */
  readonly id?: string
}

export interface UseResult {
  readonly allowed: boolean
  readonly retryAfterMs: number
  /** Refused, but by uses in flight alone. */
  readonly isBusy?: boolean
}

export interface SignInGuardRpc {
  /**
   * Counts one attempt before the password is checked. Failures and attempts in flight never pass a rule's limit together:
   * one more waits a second at most for a verdict on those before it. One without a verdict after 10 s is a failure.
   */
  attempt(input: AttemptInput): Promise<AttemptResult>
  /** A right password: the attempt was no failure. */
  giveBack(input: AttemptInput): Promise<void>
  /** A wrong password: the attempt in flight is a failure. */
  fail(input: { account: string; id: string }): Promise<void>
  /** A completed sign-in: the account's count for its network starts anew, and the network is known for 30 days. */
  complete(input: AttemptInput): Promise<void>
  /** An admin's unlock or a reset: every attempt lock of the account is lifted. */
  unlock(input: { account: string }): Promise<void>
  /** What an answer about one user says of its attempts, and whether the account knows the network. */
  status(input: { account: string; network?: string }): Promise<AttemptStatus>
  /** One of `limit` uses of `subject` in `windowMs`, counted exactly. With an `id` it waits as an attempt does. */
  use(input: UseInput): Promise<UseResult>
  /** Takes back the use with this id; without one, the last that was counted at once. */
  giveBackUse(input: { subject: string; id?: string }): Promise<void>
  /** The use in flight counts from now on. */
  failUse(input: { subject: string; id: string }): Promise<void>
  /** Forgets the subject's uses, and the lock that they led to. */
  resetUse(input: { subject: string }): Promise<void>
  ping(): Promise<'ok'>
}

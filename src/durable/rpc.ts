import type { EventActor, EventName, FeedEntry, RecordedEvent } from '../lib/event.ts'
import type { ShownTable } from './user-authority/contents.ts'

// The RPC interface between Workers and objects. Fields are only ever added: during a deploy old and new code call each other.
// A refusal is a returned value; an exception means a bug or an outage.

export type { ShownTable }

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
 * Sessions that a change of the second factor does not end, besides the session that made the change. `two_factors`: sessions
 * that have proved two factors (when the factor is removed). `two_factors_without_code`: sessions that did so without a
 * one-time code (when it is turned on: their code belonged to an earlier factor).
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
  /** When a second factor was last proved; `authTime` may be that of a later password. Null or absent: not known. */
  readonly secondFactorAt?: number | null
  readonly organizationId: string | null
  readonly endedAt: number | null
  readonly endReason: EndReason | null
}

/** One generation of a session: its refresh token and access token are derived from it. */
export interface Grant {
  readonly session: SessionSnapshot
  readonly generation: number
  /** 16 bytes: HMAC of session and generation, keyed by the session's own secret. */
  readonly proof: Uint8Array
  /** When the session advanced to this generation: the access token's `iat`. Epoch milliseconds. */
  readonly advancedAt: number
  /** Of a session that a browser's cookie is good for: how long it lives unused. Absent: of tokens. */
  readonly browserIdleSeconds?: number
}

export interface OpenSessionInput {
  readonly userId: string
  readonly clientId: string
  /** `auth_version` of the user's row; `keptSessionId`, `spares` and `claimsVersion` are read from the same row. */
  readonly authVersion: number
  /** The session that the change to `authVersion` does not end. */
  readonly keptSessionId?: string | null
  /** Other sessions that the change to `authVersion` does not end. Null or absent: none. */
  readonly spares?: SparedSessions | null | undefined
  readonly claimsVersion: number
  readonly amr: readonly string[]
  readonly authTime: number
  readonly organizationId: string | null
  /** Where `organizationId` is null: those of which the session gets the last active one, or the only one. */
  readonly organizations?: readonly string[]
  /** When it ends at the latest, where that is before the settings have it: whoever vouched for the user does so until then. */
  readonly endsAt?: number | null
  readonly caller: Caller
  /** Recorded in the transaction that opens the session: `user.signed_in` and the like. */
  readonly events: readonly OpeningEvent[]
  /** When a second factor was proved, where that was before. Absent: at `authTime`, if `amr` has one. */
  readonly secondFactorAt?: number | null
  /** The session of a browser that vouches for this one: refused as `stale_credentials` when it has ended or moved on. */
  readonly standsOn?: { readonly sessionId: string; readonly generation: number }
  /** The session is that of a browser's cookie, and expires when it is unused for so long. Absent: of tokens. */
  readonly browserIdleSeconds?: number
  /** The session whose place this one takes: ended as signed out, in the same transaction. */
  readonly replaces?: string
}

export interface OpeningEvent {
  readonly type: EventName
  readonly data?: Readonly<Record<string, unknown>>
  /** Another organization than the session's. */
  readonly organizationId?: string
}

export type OpenSessionResult =
  /**
   * `isNewDevice`: the user has signed in before, but never from a device like this. `ended`: ids of the sessions that
   * this call ended. Older code answers without both.
   */
  | {
      readonly outcome: 'opened'
      readonly grant: Grant
      readonly isNewDevice?: boolean
      readonly ended?: readonly string[]
    }
  /** The credentials changed after the Worker had read the user's row. */
  | { readonly outcome: 'stale_credentials' }

export interface RotateInput {
  readonly userId: string
  readonly sessionId: string
  readonly generation: number
  readonly proof: Uint8Array
  /** SHA-256 of the `Idempotency-Key`, base64url. */
  readonly idempotencyKeyHash: string | null
  /** This and the next three fields are read from the same row of the user. See `OpenSessionInput`. */
  readonly authVersion: number
  readonly keptSessionId: string | null
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

/** A factor was proved in a session that is already open. */
export interface StepUpInput {
  readonly userId: string
  readonly sessionId: string
  /** RFC 8176 values that are added to those of the session. */
  readonly amr: readonly string[]
  /** When it was proved. Epoch milliseconds. */
  readonly authTime: number
  /** `auth_time` of the access token of the request, in seconds. Absent: not checked. */
  readonly tokenAuthTime?: number
  /** This and the next three fields are read from the row that the proof was checked against. See `OpenSessionInput`. */
  readonly authVersion: number
  readonly keptSessionId: string | null
  readonly spares?: SparedSessions | null | undefined
  readonly claimsVersion: number
  /** Recorded besides: `user.signed_in` where a sign-in steps up the session that the browser has. */
  readonly events?: readonly OpeningEvent[]
  /** Of such a sign-in: how long the browser's session lives unused from now on. */
  readonly browserIdleSeconds?: number
  /** The factor came with a change of credentials, which moves a browser's session on itself. */
  readonly isOfChange?: boolean
  readonly caller: Caller
}

/** What a cookie of a page says, and the versions of the user's row. */
export interface BrowserUseInput {
  readonly userId: string
  readonly sessionId: string
  readonly generation: number
  readonly proof: Uint8Array
  readonly authVersion: number
  readonly keptSessionId: string | null
  readonly spares?: SparedSessions | null | undefined
  readonly claimsVersion: number
  readonly caller: Caller
}

/** `superseded`: the cookie is of a generation before. */
export type BrowserUseRefusal =
  | 'unknown_session'
  | 'wrong_proof'
  | 'ended'
  | 'expired'
  | 'superseded'
  | 'stale_credentials'

export type BrowserUseResult =
  /** The grant is of the present generation, also where the cookie is of the one before. */
  | { readonly outcome: 'used'; readonly grant: Grant }
  | { readonly outcome: 'refused'; readonly reason: BrowserUseRefusal }

export type StepUpResult =
  /** The generation stays the same; `advancedAt` is now, so the access token is a new one. */
  { readonly outcome: 'raised'; readonly grant: Grant } | { readonly outcome: 'not_live' }

/** The session's active organization changes. The user's row and place were read before. */
export interface ActivateInput {
  readonly userId: string
  readonly sessionId: string
  readonly organizationId: string | null
  /** `auth_time` of the access token of the request, in seconds. */
  readonly tokenAuthTime: number
  /** This and the next three fields are read from the same row. See `OpenSessionInput`. */
  readonly authVersion: number
  readonly keptSessionId: string | null
  readonly spares?: SparedSessions | null | undefined
  readonly claimsVersion: number
}

export type ActivateResult =
  /** The generation stays the same; `advancedAt` is now, so the access token is a new one. */
  { readonly outcome: 'activated'; readonly grant: Grant } | { readonly outcome: 'not_live' }

/** A refresh token that is looked up but not used (RFC 7662). */
export interface InspectInput {
  readonly userId: string
  readonly sessionId: string
  readonly generation: number
  readonly proof: Uint8Array
  /** This and the next one as the refresh would come with them; without: no key, and from the session's own address. */
  readonly idempotencyKeyHash?: string | null
  readonly ip?: string
}

export type InspectResult = { readonly active: true; readonly session: SessionSnapshot } | { readonly active: false }

export interface CheckInput {
  readonly userId: string
  readonly sessionId: string
  /** The access token's `ver`. */
  readonly claimsVersion: number
  /** As the caller has just read them from the user's row: the object may not know them yet. */
  readonly credentials?: {
    readonly authVersion: number
    readonly keptSessionId: string | null
    readonly spares: SparedSessions | null
  }
}

export type CheckResult =
  | { readonly live: true }
  | { readonly live: false; readonly reason: 'unknown' | 'ended' | 'expired' | 'stale_credentials' | 'stale_claims' }

/** A use of the session other than a refresh. */
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
  /** Other sessions, besides `except`, that the change to `authVersion` does not end. */
  readonly spares?: SparedSessions | null | undefined
  /** What an admin says about it, for the events. */
  readonly note?: string | null | undefined
}

export interface EndResult {
  /** The sessions that this call ended. */
  readonly ended: readonly string[]
  /** Whether the revocation feed has accepted them; if not, the object's outbox keeps retrying. */
  readonly propagated: boolean
}

export interface EraseInput {
  readonly userId: string
  /** A sign-in that read the user's row at a lower version opens no session from now on. */
  readonly authVersion: number
}

export type EraseResult =
  | { readonly outcome: 'erased' }
  /** Some rows of the outbox are not delivered yet, or a session is live: call again later. */
  | { readonly outcome: 'not_yet'; readonly reason: 'undelivered' | 'live_sessions' }

export interface Propagation {
  readonly propagated: boolean
}

/** An event with its position in the log of one topic. */
export interface LoggedEvent {
  readonly seq: number
  readonly event: RecordedEvent
}

/** `oldest` is the lowest seq that the log still has; head + 1 when the log is empty. */
export interface LogPage {
  readonly events: readonly LoggedEvent[]
  readonly oldest: number
  readonly head: number
}

/** The object that owns one user's sessions. Sockets are opened by `fetch` with an `Upgrade` header. */
export interface UserAuthorityRpc {
  open(input: OpenSessionInput): Promise<OpenSessionResult>
  rotate(input: RotateInput): Promise<RotateResult>
  /** Steps up a live session: adds to its `amr` and updates its `auth_time`. */
  raise(input: StepUpInput): Promise<StepUpResult>
  /** Changes the active organization of a live session. The user's next session begins with it. */
  activate(input: ActivateInput): Promise<ActivateResult>
  /** Whether a browser's cookie is good now. Counts as a use of its session. */
  useBrowser(input: BrowserUseInput): Promise<BrowserUseResult>
  /** Whether the token's generation is current or still replayable. Changes nothing. */
  inspect(input: InspectInput): Promise<InspectResult>
  check(input: CheckInput): Promise<CheckResult>
  /** Updates the last use and the idle expiry of a live session; null when there is none. */
  touchSession(input: TouchSessionInput): Promise<SessionSnapshot | null>
  findSession(input: { userId: string; sessionId: string }): Promise<SessionSnapshot | null>
  /** Newest first; includes ended sessions when `withEnded`. */
  listSessions(input: { userId: string; withEnded: boolean }): Promise<readonly SessionSnapshot[]>
  /** What the object holds in one of its tables, for its user's data export. */
  exportRows(input: {
    userId: string
    table: ShownTable
  }): Promise<readonly Readonly<Record<string, string | number | null>>[]>
  endSession(input: EndSessionInput): Promise<EndResult>
  endSessions(input: EndSessionsInput): Promise<EndResult>
  /** Reads the user's undelivered events from D1, appends them to the log and sends their feed entries to the feed. */
  nudge(input: { userId: string }): Promise<Propagation>
  /** Deletes everything that it holds about a deleted user, once its outbox is delivered. */
  erase(input: EraseInput): Promise<EraseResult>
  /** Makes a single-use ticket that opens a socket. */
  issueTicket(input: {
    userId: string
    sessionId: string
    identity: SocketIdentity
    expiresAt: number
  }): Promise<{ ticket: string }>
  /** Called by a hub with events of a topic that a socket of this object has subscribed to. */
  takeHubEvents(input: { topic: string; events: readonly LoggedEvent[] }): Promise<{ subscribed: boolean }>
  /** The user's events go to the webhook endpoint from now on, until it answers that it does not want them. */
  registerWebhook(input: { userId: string; endpointId: string }): Promise<{ head: number }>
  ping(): Promise<'ok'>
  fetch(request: Request): Promise<Response>
}

/** Who opened a socket, and what it may read; stored in the socket's attachment. */
export interface SocketIdentity {
  readonly principal:
    | { readonly type: 'user'; readonly userId: string; readonly sessionId: string; readonly email: string }
    | { readonly type: 'client'; readonly clientId: string }
  /** The access token's `exp`, epoch milliseconds. */
  readonly expiresAt: number
  readonly isAdmin: boolean
  /** Topics that the principal may subscribe to besides its own channel. */
  readonly topics: readonly string[]
  /** The access token's `ver`; absent for clients. */
  readonly claimsVersion?: number
  /** The access token's `acr`; absent for clients. */
  readonly acr?: string
}

/** The feed's entries after `after`, oldest first. Ids are as in `FeedEntry`. */
export interface FeedPage {
  /** Changes when the feed loses its storage: cursors of another epoch are invalid. */
  readonly epoch: string
  readonly head: number
  /**
   * The feed holds more entries than a view can: callers ask the objects directly until it is shorter.
   * The page then has only entries that no object can answer for: keys, clients and tokens.
   */
  readonly overflow: boolean
  /** The page has every entry above this seq. A reader whose cursor is lower has missed entries. */
  readonly after?: number
  readonly entries: readonly { readonly seq: number; readonly at: number; readonly entry: FeedEntry }[]
}

export interface RevocationFeedRpc {
  append(entries: readonly FeedEntry[]): Promise<{ head: number }>
  /** Entries with a seq above `after`; null means all that the feed holds. */
  pull(after: number | null): Promise<FeedPage>
  /** The entries of the last `ms` milliseconds. Isolates of one location share this answer. */
  pullRecent(ms: number): Promise<FeedPage>
  ping(): Promise<'ok'>
}

export interface EventHubRpc {
  /** Idempotent by event id. Registered objects and sockets get the events; sending begins within 50 ms. */
  append(input: { topic: string; events: readonly RecordedEvent[] }): Promise<{ head: number }>
  /** For `platform`: reads undelivered events of no user and no organization, appends them, sends their feed entries to the feed. */
  nudge(input: { topic: string }): Promise<Propagation>
  /**
   * As `nudge`, for the hub of an organization, which passes the events on to `platform`. Not `nudge`: in the release before,
   * that reads events of no user whatever the topic.
   */
  nudgeOrganization(input: { organizationId: string }): Promise<Propagation>
  /** The user's object gets the topic's events from now on, until it answers that no socket of it is subscribed. */
  register(input: { topic: string; userId: string }): Promise<{ head: number }>
  /** As `register`, for a webhook endpoint. Not a field of it: the release before would take the endpoint for a user. */
  registerWebhook(input: { topic: string; endpointId: string }): Promise<{ head: number }>
  read(input: { topic: string; after: number; limit: number }): Promise<LogPage>
  /** For service clients; a user's ticket is issued by the user's object. */
  issueTicket(input: { topic: string; identity: SocketIdentity; expiresAt: number }): Promise<{ ticket: string }>
  ping(): Promise<'ok'>
  fetch(request: Request): Promise<Response>
}

/** What an endpoint wants: events whose name matches `pattern`. */
export interface WebhookSubscription {
  readonly pattern: string
  /** The alias that whoever subscribed reads in `event`; null: the event's own name. */
  readonly alias: string | null
}

/** A webhook endpoint as its row says, with its secrets: kept in memory alone, for seconds. */
export interface WebhookSettings {
  readonly id: string
  /** The only log whose events it takes: `platform`, `organization:<id>` or `user:<id>`. */
  readonly topic: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly authorization: string | null
  /** The newest first. */
  readonly secrets: readonly [string, ...string[]]
  readonly subscriptions: readonly WebhookSubscription[]
  readonly ordered: boolean
  readonly batch: boolean
  readonly audit: boolean
  /** While it is not, events wait. */
  readonly isActive: boolean
  /** False while its user may not sign in: then nothing is taken, and nothing is sent. */
  readonly isOpen: boolean
  /** How long its attempts are kept, if there are fewer than 10,000. */
  readonly attemptsKeptMs: number
}

/** Events that an endpoint never got. `events` counts those that its log no longer had, whether it wanted them or not. */
export interface WebhookGap {
  readonly events: number
  /** Epoch milliseconds: when the first and the last of them was missed. */
  readonly from: number
  readonly to: number
}

/** What an endpoint's object asks of D1. The Worker supplies it: `durable` does not depend on features. Whatever throws is an outage. */
export interface WebhookHost<C> {
  /** Null when the row, its organization or its user is gone. */
  load(ctx: C, endpointId: string): Promise<WebhookSettings | null>
  /** Events of the endpoint's topic in the record, by id; those that are not there are left out. */
  readEvents(ctx: C, settings: WebhookSettings, ids: readonly string[]): Promise<RecordedEvent[]>
  disable(ctx: C, settings: WebhookSettings, reason: 'gone' | 'failing'): Promise<void>
  reportGap(ctx: C, settings: WebhookSettings, gap: WebhookGap): Promise<void>
}

/** An attempt to deliver an event, or a batch of them. Times are epoch milliseconds. */
export interface WebhookDelivery {
  readonly id: string
  /** The event's; of a batch its first one's. */
  readonly eventId: string
  readonly eventType: string
  /** How many events it had. */
  readonly events: number
  /** From 1. */
  readonly attempt: number
  /** `pending`: not made yet. `failed`: there is another attempt, unless it was the last. */
  readonly status: 'pending' | 'delivered' | 'failed'
  readonly statusCode: number | null
  readonly error: string | null
  /** The beginning of the answer, for an hour. */
  readonly answer: string | null
  readonly durationMs: number | null
  readonly createdAt: number
}

/** An event that an endpoint knows: it waits, or there are attempts of it. */
export interface WebhookEvent {
  readonly seq: number
  readonly id: string
  readonly type: string
  /** Null after a day: then the record has it. */
  readonly event: RecordedEvent | null
  readonly takenAt: number
}

export interface WebhookStats {
  readonly delivered: number
  readonly failed: number
  /** Of all attempts together. */
  readonly durationMs: number
  readonly waiting: number
  /** Until when one delivery at a time is tried, after failures; null while all is well. */
  readonly pausedUntil: number | null
}

/** The object of one webhook endpoint: what waits for it, its attempts, its breaker. */
export interface WebhookEndpointRpc {
  /** Stores the events that the endpoint wants; answers before anything is delivered. Without events it only looks whether it could. */
  takeEvents(input: { topic: string; events: readonly LoggedEvent[] }): Promise<{ subscribed: boolean }>
  /** The row was written: reads it, registers at its log, and forgets everything when the row is gone. */
  refresh(): Promise<{ exists: boolean }>
  /** Attempts, the newest first; what waits for its first attempt is not among them. */
  listDeliveries(range: { limit: number; offset: number }): Promise<readonly WebhookDelivery[]>
  /** The newest first. */
  listEvents(range: { limit: number; offset: number }): Promise<{ rows: readonly WebhookEvent[]; total: number }>
  /** Delivers what an attempt delivered once more, from the first attempt on. Null when there is no such attempt. */
  redeliver(input: { deliveryId: string }): Promise<WebhookDelivery | null>
  /** Events of the record that are delivered again, or for the first time. `taken` is lower than their number when too many wait. */
  recover(input: { events: readonly RecordedEvent[] }): Promise<{ taken: number }>
  stats(input: { days: number }): Promise<WebhookStats>
  ping(): Promise<'ok'>
}

/** One attempt to sign in. `account` is a user id, or a hash of the identifier when there is no such user. */
export interface AttemptInput {
  readonly account: string
  readonly network: string
  /** Identifies the attempt, which is in flight until `giveBack` or `fail`. Without an id it is a failure until `giveBack`. */
  readonly id?: string
}

export type AttemptResult =
  /** `knowsNetwork`: the account completed a sign-in from this network in the last 30 days; absent otherwise. */
  | { readonly allowed: true; readonly knowsNetwork?: boolean }
  /** `isBusy`: not locked, but attempts in flight reach the limit. Older callers read it as a lock of one second. */
  | {
      readonly allowed: false
      readonly lockedUntil: number
      readonly scope: 'network' | 'account'
      readonly isBusy?: boolean
    }

export interface AttemptStatus {
  readonly failedAttempts: number
  readonly lockedUntil: number | null
  /** For the network of the call, as in `AttemptResult`; older code answers without it. */
  readonly knowsNetwork?: boolean
  /** For the uses of the call: when their lock ends. */
  readonly usesLockedUntil?: number | null
}

export interface UseInput {
  readonly subject: string
  readonly limit: number
  readonly windowMs: number
  /** The `limit`th use in the window locks the subject for this long. Without it the window slides. */
  readonly lockMs?: number
  /** Identifies the use, which is in flight until `giveBackUse` or `failUse`. Without an id the use counts at once. */
  readonly id?: string
}

export interface UseResult {
  readonly allowed: boolean
  readonly retryAfterMs: number
  /** Refused only because of uses in flight. */
  readonly isBusy?: boolean
}

export interface SignInGuardRpc {
  /**
   * Counts one attempt before the password is checked. Failures and attempts in flight together never exceed a rule's limit:
   * a further attempt waits at most a second for the outcome of those before it. An attempt without an outcome after 10 s
   * counts as a failure.
   */
  attempt(input: AttemptInput): Promise<AttemptResult>
  /** The password was right: removes the attempt from the count. */
  giveBack(input: AttemptInput): Promise<void>
  /** The password was wrong: the attempt in flight becomes a failure. */
  fail(input: { account: string; id: string }): Promise<void>
  /** The sign-in is complete: resets the account's count for its network, which is known for 30 days. */
  complete(input: AttemptInput): Promise<void>
  /** Lifts every lock of the account, after an admin's unlock or a password reset. */
  unlock(input: { account: string }): Promise<void>
  /** The account's failures and lock, whether `network` is known to it, and whether the uses of a subject are locked. */
  status(input: { account: string; network?: string; uses?: Omit<UseInput, 'id'> }): Promise<AttemptStatus>
  /** Counts one of `limit` uses of `subject` in `windowMs`, exactly. With an `id` it waits as an attempt does. */
  use(input: UseInput): Promise<UseResult>
  /** Removes the use with this id from the count; without an id, the last use that was counted at once. */
  giveBackUse(input: { subject: string; id?: string }): Promise<void>
  /** The use in flight becomes a counted use. */
  failUse(input: { subject: string; id: string }): Promise<void>
  /** Deletes the subject's counted uses, which lifts its lock. */
  resetUse(input: { subject: string }): Promise<void>
  /** What is stored of an account, for its user's data export: when each network completed a sign-in, and when each failed. */
  networksOf(input: {
    account: string
  }): Promise<readonly { network: string; at: number; outcome: 'completed' | 'failed' }[]>
  /** Deletes whatever is stored of an account: its user is erased. */
  forget(input: { account: string }): Promise<void>
  ping(): Promise<'ok'>
}

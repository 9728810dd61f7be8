/** Who did it. `system` has the name of the part of Postern that did. */
export interface EventActor {
  readonly type: 'user' | 'client' | 'system'
  readonly id: string
}

/** What the revocation feed must learn when the event's row is delivered. */
export type FeedEntry =
  | { readonly kind: 'session'; readonly id: string }
  | { readonly kind: 'claims'; readonly userId: string; readonly below: number }
  | { readonly kind: 'key'; readonly id: string }
  | { readonly kind: 'client'; readonly id: string }
  /** A machine's access token, by `jti`. */
  | { readonly kind: 'token'; readonly id: string }

/** An event as a feature states it. Whoever writes it adds id, time, address and user agent. */
export interface EventDraft {
  readonly type: string
  /** The id of whom or what it is about. */
  readonly subject: string
  /** The user whose log it goes to; null for what concerns no user (it goes to `platform` alone). */
  readonly userId: string | null
  readonly actor: EventActor
  readonly sessionId?: string | null
  readonly organizationId?: string | null
  /** A change has `before` and `after`. Never a secret, never a token. */
  readonly data?: Readonly<Record<string, unknown>>
}

/** An event as it is recorded. `ip` and `userAgent` are for audit and never leave on a wire. */
export interface RecordedEvent {
  readonly id: string
  readonly type: string
  /** Epoch milliseconds. */
  readonly time: number
  readonly subject: string
  readonly userId: string | null
  readonly actor: EventActor
  readonly sessionId: string | null
  readonly organizationId: string | null
  readonly data: Readonly<Record<string, unknown>>
  readonly ip: string | null
  readonly userAgent: string | null
}

/** What an object sends to the queue: events that it recorded, on their way to D1. */
export interface ObjectEventsMessage {
  readonly events: readonly RecordedEvent[]
}

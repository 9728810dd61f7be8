import type { Config } from '../../config.ts'
import {
  type EventActor,
  type EventName,
  type FeedEntry,
  type RecordedEvent,
  requireDeliverable,
} from '../../lib/event.ts'
import { newUuid } from '../../lib/ids.ts'
import type { Caller } from '../rpc.ts'

export type Settings = Pick<
  Config,
  | 'ACCESS_TOKEN_SECONDS'
  | 'REFRESH_REPLAY_SECONDS'
  | 'SESSION_IDLE_SECONDS'
  | 'SESSION_ABSOLUTE_SECONDS'
  | 'MAX_SESSIONS_PER_USER'
>

/** A session's record in KV, which is read when neither the feed nor the object answers. */
export interface SessionRecord {
  readonly key: string
  readonly value: {
    readonly user_id: string
    readonly state: 'live' | 'ended'
    readonly ended_at: number | null
    readonly reason: string | null
  }
  readonly expiresAt: number
}

/** What a transaction has to report to others; written to log and outbox within it. */
export interface Journal {
  /** Events of this object, not yet in D1. */
  readonly events: RecordedEvent[]
  /** Events that were read from D1. */
  readonly delivered: RecordedEvent[]
  readonly feed: FeedEntry[]
  readonly records: SessionRecord[]
  /** Ids of the sessions that ended. */
  readonly ended: string[]
}

/** One operation on a user's object. It is synchronous from its reads to its outbox rows. */
export interface Transaction {
  readonly sql: SqlStorage
  readonly userId: string
  readonly now: number
  readonly settings: Settings
  readonly journal: Journal
}

export const newJournal = (): Journal => ({ events: [], delivered: [], feed: [], records: [], ended: [] })

/** The actor of sessions that Postern ends by its own rules. */
export const AUTHORITY: EventActor = { type: 'system', id: 'user-authority' }

export function recordEvent(
  tx: Transaction,
  caller: Caller | null,
  event: { readonly type: EventName } & Pick<
    RecordedEvent,
    'subject' | 'actor' | 'sessionId' | 'organizationId' | 'data'
  >,
): void {
  requireDeliverable(event)
  tx.journal.events.push({
    ...event,
    id: newUuid(),
    time: tx.now,
    userId: tx.userId,
    ip: caller?.ip ?? null,
    userAgent: caller?.userAgent ?? null,
  })
}

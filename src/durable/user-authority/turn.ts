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

/** A session's record in KV, for reading at the edge when nobody else answers. */
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

/** What others must be told of a decision; kept in its transaction. */
export interface Journal {
  /** Recorded here first. */
  readonly events: RecordedEvent[]
  /** Read from D1, where they are recorded already. */
  readonly delivered: RecordedEvent[]
  readonly feed: FeedEntry[]
  readonly records: SessionRecord[]
  /** Ids of the sessions that ended. */
  readonly ended: string[]
}

/** One decision: everything from its reads to its outbox rows is one synchronous transaction. */
export interface Turn {
  readonly sql: SqlStorage
  readonly userId: string
  readonly now: number
  readonly settings: Settings
  readonly journal: Journal
}

export const newJournal = (): Journal => ({ events: [], delivered: [], feed: [], records: [], ended: [] })

/** Postern itself, when a session ends by a rule of its own. */
export const AUTHORITY: EventActor = { type: 'system', id: 'user-authority' }

export function recordEvent(
  turn: Turn,
  caller: Caller | null,
  event: { readonly type: EventName } & Pick<
    RecordedEvent,
    'subject' | 'actor' | 'sessionId' | 'organizationId' | 'data'
  >,
): void {
  requireDeliverable(event)
  turn.journal.events.push({
    ...event,
    id: newUuid(),
    time: turn.now,
    userId: turn.userId,
    ip: caller?.ip ?? null,
    userAgent: caller?.userAgent ?? null,
  })
}

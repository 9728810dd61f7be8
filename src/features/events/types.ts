import type { FeedEntry, RecordedEvent } from '../../lib/event.ts'

/** A row of the record that no log has taken yet, with what its delivery carries. */
export interface UndeliveredEvent {
  readonly event: RecordedEvent
  /** The user's `claims_version` after the change, when the change raised it. */
  readonly claimsVersion: number | null
  readonly feedEntry: FeedEntry | null
}

/** What an object sends to the queue: events that it recorded, on their way to D1. */
export interface ObjectEventsMessage {
  readonly events: readonly RecordedEvent[]
}

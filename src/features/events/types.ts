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

/** What one type of event says. */
export interface EventType {
  readonly when: string
  readonly subject: 'user' | 'session' | 'client' | 'key' | 'mail'
  /** Fields of `data`. */
  readonly data: readonly string[]
}

/** The vocabulary: websocket, webhooks and audit have the same. `docs/events.md` is its table for readers. */
export const EVENT_TYPES: Readonly<Record<string, EventType>> = {
  'user.created': { when: 'An account was made', subject: 'user', data: ['after'] },
  'user.signed_in': { when: 'A sign-in was completed', subject: 'user', data: ['method'] },
  'user.signed_out': { when: 'A user ended the session that asked', subject: 'user', data: [] },
  'session.created': {
    when: 'A session was opened',
    subject: 'session',
    data: ['amr', 'client_id', 'device_type', 'device_name', 'browser', 'os'],
  },
  'session.revoked': { when: 'A session was ended', subject: 'session', data: ['reason'] },
  'session.expired': { when: 'A session reached its idle or absolute expiry', subject: 'session', data: [] },
  'session.refresh_replayed': {
    when: 'An older refresh token was answered again with its successor',
    subject: 'session',
    data: ['advanced_by', 'replayed_by'],
  },
  'session.reuse_detected': {
    when: 'An older refresh token was presented too late: the session ends',
    subject: 'session',
    data: ['presented_by', 'last_used_by'],
  },
  'client.created': { when: 'A machine was registered', subject: 'client', data: ['name', 'scopes'] },
  'client.disabled': { when: 'A machine was disabled', subject: 'client', data: [] },
  'mail.requeued': {
    when: 'An admin queued a dead mail again',
    subject: 'mail',
    data: ['kind', 'attempts', 'last_error'],
  },
  'key.created': { when: 'A signing key was made', subject: 'key', data: ['alg', 'signs_from'] },
  'key.rotated': { when: 'A signing key got a successor', subject: 'key', data: ['before', 'after'] },
  'key.revoked': { when: 'A signing key was withdrawn at once', subject: 'key', data: ['kid'] },
}

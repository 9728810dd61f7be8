import type { RecordedEvent } from '../event.ts'
import { toIso } from '../time.ts'

/** What a body needs of an event. */
export interface SentEvent {
  readonly event: RecordedEvent
  /** Counts the endpoint's own events; null for a test. */
  readonly seq: number | null
  /** What the endpoint subscribed to: an alias, or the event's own name. */
  readonly name: string
}

/** An event as receivers get it: the shape of all surfaces, with what Janua's clients read. `audit` adds address and user agent. */
export const webhookEvent = ({ event, seq, name }: SentEvent, { audit }: { audit: boolean }) => ({
  id: event.id,
  seq,
  cursor: null,
  type: event.type,
  event: name,
  channel: null,
  time: toIso(event.time),
  timestamp: event.time,
  created_at: toIso(event.time),
  subject: event.subject,
  actor: event.actor,
  user_id: event.userId,
  session_id: event.sessionId,
  organization_id: event.organizationId,
  data: event.data,
  object: 'event',
  api_version: 'v1',
  ...(audit && { ip: event.ip, user_agent: event.userAgent }),
})

/** The body of one event, or of a batch. */
export function webhookBody(
  events: readonly SentEvent[],
  { audit, batch }: { readonly audit: boolean; readonly batch: boolean },
): string {
  const [first] = events
  const written = (sent: SentEvent) => webhookEvent(sent, { audit })
  return JSON.stringify(batch || !first ? { events: events.map(written) } : written(first))
}

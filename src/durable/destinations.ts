import type { EarlyCtx } from '../context.ts'
import type { FeedEntry, RecordedEvent } from '../lib/event.ts'
import { newUuid } from '../lib/ids.ts'
import { MINUTE, SECOND } from '../lib/time.ts'
import type { EventLog } from './event-log.ts'
import type { Outbox } from './outbox.ts'
import type { LoggedEvent } from './rpc.ts'
import type { Journal, SessionRecord } from './user-authority/transaction.ts'

export const FEED = 'feed'
const KV = 'kv'
const RECORD = 'record'
const HUB = 'hub:'
/** The hub that gets every event of the service. */
export const PLATFORM_HUB = `${HUB}platform`

/** Writes a transaction's journal to the log and the outbox. Returns the events that are new to the log. */
export function writeJournal(log: EventLog, outbox: Outbox, journal: Journal, now: number): LoggedEvent[] {
  const logged = log.append([...journal.delivered, ...journal.events], now)
  outbox.put(FEED, journal.feed)
  outbox.put(KV, journal.records)
  outbox.put(RECORD, journal.events)
  for (const { event } of logged) {
    outbox.put(PLATFORM_HUB, [event])
    if (event.organizationId) outbox.put(`${HUB}organization:${event.organizationId}`, [event])
  }
  return logged
}

type Receivers = Pick<EarlyCtx, 'kv' | 'objects' | 'queues'>

/**
 * Delivers a batch to its destination. Throws unless all of it was accepted; every receiver recognizes repeats by their id.
 * An empty batch is delivered, too: it shows whether the destination is up.
 */
export async function deliver(
  receivers: Receivers,
  destination: string,
  payloads: readonly unknown[],
  now: number,
): Promise<void> {
  if (destination === FEED) await receivers.objects.feed().append(payloads as FeedEntry[])
  else if (destination === KV) await putRecords(receivers.kv, payloads as SessionRecord[], now)
  else if (destination === RECORD) await receivers.queues.objectEvents.send({ events: payloads })
  else if (destination.startsWith(HUB)) {
    const topic = destination.slice(HUB.length)
    await receivers.objects.hub(topic).append({ topic, events: payloads as RecordedEvent[] })
  } else throw new Error('an outbox row has an unknown destination')
}

/** Written to test whether KV is up. Every probe has its own key, because KV accepts one write a second for each key. */
const KV_PROBE = 'outbox-probe:'

/** KV accepts one write a second for each key, so only the last of several records of a session is written. */
async function putRecords(kv: KVNamespace, records: readonly SessionRecord[], now: number): Promise<void> {
  if (records.length === 0) await kv.put(`${KV_PROBE}${newUuid()}`, '', { expirationTtl: MINUTE / SECOND })
  const last = new Map(records.map((record) => [record.key, record]))
  for (const { key, value, expiresAt } of last.values()) {
    // KV refuses a TTL below a minute.
    const expirationTtl = Math.max(MINUTE, expiresAt - now) / SECOND
    await kv.put(key, JSON.stringify(value), { expirationTtl: Math.ceil(expirationTtl) })
  }
}

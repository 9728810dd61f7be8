import type { Ctx } from '../../context.ts'
import type { FeedEntry, RecordedEvent } from '../../lib/event.ts'
import { newUuid } from '../../lib/ids.ts'
import { MINUTE, SECOND } from '../../lib/time.ts'
import type { EventLog } from '../event-log.ts'
import type { Outbox } from '../outbox.ts'
import type { LoggedEvent } from '../rpc.ts'
import type { Journal, SessionRecord } from './turn.ts'

export const FEED = 'feed'
const KV = 'kv'
const RECORD = 'record'
const HUB = 'hub:'

/** Writes a journal into the log and the outbox, in the transaction of its decision. Returns the events new to the log. */
export function keepJournal(log: EventLog, outbox: Outbox, journal: Journal, now: number): LoggedEvent[] {
  const logged = log.append([...journal.delivered, ...journal.events], now)
  outbox.put(FEED, journal.feed)
  outbox.put(KV, journal.records)
  outbox.put(RECORD, journal.events)
  for (const { event } of logged) {
    outbox.put(`${HUB}platform`, [event])
    if (event.organizationId) outbox.put(`${HUB}organization:${event.organizationId}`, [event])
  }
  return logged
}

type Receivers = Pick<Ctx, 'kv' | 'objects' | 'queues'>

/**
 * Hands a batch to its destination. Throws unless all of it was taken; every receiver knows repeats by their id. An empty
 * batch goes the same way, and says whether anybody is there.
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
  } else throw new Error('an outbox row without a destination')
}

/** Written for the answer alone, when it is asked whether KV takes anything. Each has a key of its own: a key takes one write a second. */
const KV_PROBE = 'outbox-probe:'

/** KV takes one write a second for a key: of two records of one session only the last is written. */
async function putRecords(kv: KVNamespace, records: readonly SessionRecord[], now: number): Promise<void> {
  if (records.length === 0) await kv.put(`${KV_PROBE}${newUuid()}`, '', { expirationTtl: MINUTE / SECOND })
  const last = new Map(records.map((record) => [record.key, record]))
  for (const { key, value, expiresAt } of last.values()) {
    // KV refuses an expiry less than a minute away.
    const expirationTtl = Math.max(MINUTE, expiresAt - now) / SECOND
    await kv.put(key, JSON.stringify(value), { expirationTtl: Math.ceil(expirationTtl) })
  }
}

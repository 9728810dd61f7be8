import type { RecordedEvent } from '../../lib/event.ts'
import { newUuid } from '../../lib/ids.ts'
import type { Log } from '../../lib/log.ts'
import { webhookBody } from '../../lib/webhooks/body.ts'
import { type CallOutcome, callReceiver, type WebhookMessage } from '../../lib/webhooks/call.ts'
import type { WebhookSettings } from '../rpc.ts'
import type { NewAttempt } from './attempts.ts'
import { afterOutcome, type Breaker, capacity } from './schedule.ts'
import { nameOf } from './settings.ts'
import type { EventRow, HeadRow } from './tables.ts'
import type { Waiting } from './waiting.ts'

export interface RoundOptions {
  readonly waiting: Waiting
  readonly breaker: Breaker
  readonly settings: WebhookSettings
  readonly log: Log
  clock(): number
  /** The settings of this moment: what is deleted or paused in a round is not called any more. */
  current(): Promise<WebhookSettings | null>
  readEvents(settings: WebhookSettings, ids: readonly string[]): Promise<RecordedEvent[]>
  /** What the calls need of the context. */
  readonly caller: Parameters<typeof callReceiver>[0]
}

/** What a round has to write, in one transaction. */
export interface RoundResult {
  readonly attempts: readonly (NewAttempt & { readonly isGone: boolean })[]
  /** Numbers of events that the record no longer has. */
  readonly lost: readonly number[]
  readonly breaker: Breaker
}

/**
 * Delivers what is due, as much as the breaker allows, and writes nothing: a crash repeats the round, under the same ids. Ends early
 * when the breaker trips, when an ordered delivery fails, and when the endpoint is gone or paused.
 */
export async function runRound({ waiting, settings, clock, ...options }: RoundOptions): Promise<RoundResult> {
  const attempts: RoundResult['attempts'][number][] = []
  const lost: number[] = []
  let { breaker } = options
  let hasEnded = false
  const { total, atOnce } = capacity(breaker, settings, clock())
  const heads = waiting.due(total, settings.ordered, clock()).values()

  async function deliver(head: HeadRow): Promise<void> {
    const now = await options.current()
    if (!now?.isActive || !now.isOpen) {
      hasEnded = true
      return
    }
    const { found, missing } = await contentsOf(waiting.members(head.seq), (ids) => options.readEvents(now, ids))
    lost.push(...missing)
    const message = found.length > 0 ? messageOf(found, now, head.attempts + 1) : null
    if (!message) return
    const at = clock()
    const outcome = await callReceiver(options.caller, now, message)
    breaker = afterOutcome(breaker, outcome.ok, clock())
    hasEnded ||= breaker.openUntil !== null || (settings.ordered && !outcome.ok)
    const id = head.attempt_id ?? newUuid()
    const attempt = head.attempts + 1
    attempts.push({ id, seq: head.seq, events: found.length, attempt, at, outcome, isGone: isGone(outcome) })
  }

  async function worker(): Promise<void> {
    for (const head of heads) {
      if (hasEnded) return
      await deliver(head)
    }
  }

  await Promise.all(Array.from({ length: atOnce }, worker))
  if (lost.length > 0) options.log.warn('webhook_events_lost', { events: lost.length })
  return { attempts, lost, breaker }
}

const isGone = ({ status }: CallOutcome): boolean => status === 410

interface Content {
  readonly row: EventRow
  readonly event: RecordedEvent
}

/** The events themselves: what has waited longer than a day is read from the record, without what was erased since. */
async function contentsOf(
  rows: readonly EventRow[],
  read: (ids: readonly string[]) => Promise<RecordedEvent[]>,
): Promise<{ found: Content[]; missing: number[] }> {
  const ids = rows.flatMap(({ id, event }) => (event === null ? [id] : []))
  const recorded = new Map((ids.length > 0 ? await read(ids) : []).map((event) => [event.id, event]))
  const found: Content[] = []
  const missing: number[] = []
  for (const row of rows) {
    const event = row.event === null ? recorded.get(row.id) : (JSON.parse(row.event) as RecordedEvent)
    if (event) found.push({ row, event })
    else missing.push(row.seq)
  }
  return { found, missing }
}

function messageOf(contents: readonly Content[], settings: WebhookSettings, attempt: number): WebhookMessage | null {
  const events = contents.map(({ row, event }) => ({
    event,
    seq: row.seq,
    name: nameOf(settings, event.type) ?? event.type,
  }))
  const [first] = events
  if (!first) return null
  const batch = contents.some(({ row }) => row.batch !== null)
  const body = webhookBody(events, { audit: settings.audit, batch })
  return { id: first.event.id, name: batch ? 'batch' : first.name, attempt, body }
}

import type { RecordedEvent } from '../../lib/event.ts'
import { newUuid } from '../../lib/ids.ts'
import type { Log } from '../../lib/log.ts'
import { MINUTE } from '../../lib/time.ts'
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
    const members = waiting.members(head.seq)
    const read = (ids: readonly string[]) => options.readEvents(now, ids)
    const { found, missing } = await contentsOf(members, { read, isStale: isStale(head, clock()) })
    lost.push(...missing)
    const message = found.length > 0 ? messageOf(found, now, head.attempts + 1) : null
    if (!message) return
    const at = clock()
    const called = await callReceiver(options.caller, now, message)
    // A receiver may echo what it was sent, here with addresses.
    const outcome = now.audit ? { ...called, answer: null } : called
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

/** How long the copy of an event may be used without a look at the record: its user may have been erased meanwhile. */
const COPY_MS = MINUTE

/** Whether the copy of an event is too old: of a repeat, of a further attempt, and of what has waited. */
const isStale =
  (head: HeadRow, now: number) =>
  ({ taken_at: takenAt }: EventRow): boolean =>
    head.attempts > 0 || head.attempt_id !== null || now - takenAt > COPY_MS

/** The events themselves: stale ones from the record, without what was erased since. The copy counts where the record has no row. */
async function contentsOf(
  rows: readonly EventRow[],
  { read, isStale }: { read(ids: readonly string[]): Promise<RecordedEvent[]>; isStale(row: EventRow): boolean },
): Promise<{ found: Content[]; missing: number[] }> {
  const ids = rows.filter((row) => row.event === null || isStale(row)).map(({ id }) => id)
  const recorded = new Map((ids.length > 0 ? await read(ids) : []).map((event) => [event.id, event]))
  const found: Content[] = []
  const missing: number[] = []
  for (const row of rows) {
    const event = recorded.get(row.id) ?? (row.event === null ? undefined : (JSON.parse(row.event) as RecordedEvent))
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

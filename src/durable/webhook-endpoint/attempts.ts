import type { RecordedEvent } from '../../lib/event.ts'
import { DAY, HOUR } from '../../lib/time.ts'
import type { CallOutcome } from '../../lib/webhooks/call.ts'
import type { WebhookDelivery, WebhookEvent } from '../rpc.ts'
import type { AttemptRow, EventRow } from './tables.ts'

const KEPT_ATTEMPTS = 10_000
const CONTENT_KEPT_MS = DAY
/** A receiver may echo what it was sent: of somebody who is erased meanwhile, too. */
const ANSWERS_KEPT_MS = HOUR
const DAYS_KEPT = 365

/** One attempt, as it is written. */
export interface NewAttempt {
  readonly id: string
  /** The first event of those that were sent together. */
  readonly seq: number
  readonly events: number
  readonly attempt: number
  readonly at: number
  readonly outcome: CallOutcome
}

/** What was tried, and what came of it. Every function is synchronous. */
export interface Attempts {
  write(attempt: NewAttempt): void
  list(range: { limit: number; offset: number }, now: number): WebhookDelivery[]
  find(id: string): AttemptRow | undefined
  listEvents(range: { limit: number; offset: number }): { rows: WebhookEvent[]; total: number }
  totals(days: number, now: number): { delivered: number; failed: number; durationMs: number }
  /** Keeps the newest 10,000, their answers for an hour, and no event that neither waits nor was tried lately. */
  trim(now: number): void
  /** Deletes what is too old, but for attempts. */
  prune(now: number): void
  /** Deletes attempts that were made until then. */
  deleteUntil(time: number): void
}

export const typeOf = (sql: SqlStorage, seq: number): Pick<EventRow, 'id' | 'type'> | undefined =>
  sql.exec<Pick<EventRow, 'id' | 'type'>>('select id, type from events where seq = ?', seq).toArray()[0]

export function createAttempts(sql: SqlStorage): Attempts {
  function trim(now: number): void {
    sql.exec('update attempts set answer = null where at <= ? and answer is not null', now - ANSWERS_KEPT_MS)
    sql.exec('delete from attempts where number <= (select max(number) from attempts) - ?', KEPT_ATTEMPTS)
    sql.exec(
      `delete from events where coalesce(batch, seq) < coalesce((select min(seq) from attempts), 9e18)
         and seq < coalesce((select min(seq) from attempts), 9e18) and seq not in (select seq from waiting)`,
    )
  }

  return {
    write({ id, seq, events, attempt, at, outcome }) {
      const { ok, status, error, answer, durationMs } = outcome
      sql.exec(
        `insert into attempts (id, seq, events, attempt, at, ok, status, error, answer, duration)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[id, seq, events, attempt, at, Number(ok), status, error, answer, durationMs],
      )
      sql.exec(
        `insert into days (day, delivered, failed, duration) values (?, ?, ?, ?)
         on conflict (day) do update set delivered = delivered + excluded.delivered, failed = failed + excluded.failed,
           duration = duration + excluded.duration`,
        ...[Math.floor(at / DAY), Number(ok), Number(!ok), durationMs],
      )
    },
    list: ({ limit, offset }, now) =>
      sql
        .exec<AttemptRow & { event_id: string; type: string }>(
          `select a.*, e.id as event_id, e.type from attempts as a join events as e on e.seq = a.seq
           order by a.number desc limit ? offset ?`,
          limit,
          offset,
        )
        .toArray()
        .map((row) => ({
          id: row.id,
          eventId: row.event_id,
          eventType: row.type,
          events: row.events,
          attempt: row.attempt,
          status: row.ok === 1 ? 'delivered' : 'failed',
          statusCode: row.status,
          error: row.error,
          answer: row.at > now - ANSWERS_KEPT_MS ? row.answer : null,
          durationMs: row.duration,
          createdAt: row.at,
        })),
    find: (id) => sql.exec<AttemptRow>('select * from attempts where id = ?', id).toArray()[0],
    listEvents({ limit, offset }) {
      const { total } = sql.exec<{ total: number }>('select count(*) as total from events').one()
      const rows = sql
        .exec<EventRow>('select * from events order by seq desc limit ? offset ?', limit, offset)
        .toArray()
        .map(({ seq, id, type, event, taken_at: takenAt }) => ({
          seq,
          id,
          type,
          event: event === null ? null : (JSON.parse(event) as RecordedEvent),
          takenAt,
        }))
      return { rows, total }
    },
    totals(days, now) {
      const row = sql
        .exec<{ delivered: number | null; failed: number | null; duration: number | null }>(
          'select sum(delivered) as delivered, sum(failed) as failed, sum(duration) as duration from days where day > ?',
          Math.floor(now / DAY) - days,
        )
        .one()
      return { delivered: row.delivered ?? 0, failed: row.failed ?? 0, durationMs: row.duration ?? 0 }
    },
    trim,
    prune(now) {
      sql.exec('update events set event = null where taken_at <= ? and event is not null', now - CONTENT_KEPT_MS)
      trim(now)
      sql.exec('delete from days where day <= ?', Math.floor(now / DAY) - DAYS_KEPT)
    },
    deleteUntil: (time) => void sql.exec('delete from attempts where at <= ?', time),
  }
}

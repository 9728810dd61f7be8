import type { RecordedEvent } from '../lib/event.ts'
import { DAY, HOUR } from '../lib/time.ts'
import type { LoggedEvent, LogPage } from './rpc.ts'

/** A client can resume from a cursor that is at most this old. */
const KEPT_MS = 24 * HOUR
const KEPT_EVENTS = 10_000
/** Ids are kept longer than their events: an event that is delivered again after it was pruned must not get a new number. */
const IDS_KEPT_MS = 7 * DAY

/** One topic's ordered log in an object's SQLite. `seq` counts from 1 and is never used twice. */
export interface EventLog {
  /**
   * Numbers the events that are new to the log and returns them in order; an event that comes again keeps its number.
   * Synchronous: call it in the `transactionSync` of the change that it records.
   */
  append(events: readonly RecordedEvent[], now: number): LoggedEvent[]
  /** At most `limit` events with a seq above `after`, oldest first. */
  read(after: number, limit: number): LogPage
  /** The highest seq so far; 0 before the first. */
  head(): number
  /** Deletes events older than 24 hours or beyond the newest 10,000. Returns when the next one is due for deletion, or null. */
  prune(now: number): number | null
}

/** Append-only steps, each run once. */
export const EVENT_LOG_MIGRATIONS: readonly string[] = [
  `create table event_log (seq integer primary key autoincrement, at integer not null, event text not null);
   create table event_log_ids (id text primary key, seq integer not null, at integer not null) without rowid;
   create index event_log_ids_by_time on event_log_ids (at);`,
]

export function createEventLog(sql: SqlStorage): EventLog {
  // SQLite keeps the counter when all rows are pruned.
  const head = (): number => {
    const [row] = sql.exec<{ seq: number }>(`select seq from sqlite_sequence where name = 'event_log'`).toArray()
    return row?.seq ?? 0
  }

  const appendOne = (event: RecordedEvent, now: number): LoggedEvent | undefined => {
    const known = sql.exec('select 1 from event_log_ids where id = ?', event.id).toArray()
    if (known.length > 0) return undefined
    const { seq } = sql
      .exec<{ seq: number }>(
        'insert into event_log (at, event) values (?, ?) returning seq',
        now,
        JSON.stringify(event),
      )
      .one()
    sql.exec('insert into event_log_ids (id, seq, at) values (?, ?, ?)', event.id, seq, now)
    return { seq, event }
  }

  const prune = (now: number): number | null => {
    sql.exec('delete from event_log where seq <= ?', head() - KEPT_EVENTS)
    // `at` grows with `seq`, so the scan stops at the first row that is kept.
    sql.exec(
      'delete from event_log where seq < coalesce((select seq from event_log where at > ? order by seq limit 1), 9e18)',
      now - KEPT_MS,
    )
    sql.exec('delete from event_log_ids where at <= ?', now - IDS_KEPT_MS)
    const [event] = sql.exec<{ at: number }>('select at from event_log order by seq limit 1').toArray()
    if (event) return event.at + KEPT_MS
    const [id] = sql.exec<{ at: number }>('select at from event_log_ids order by at limit 1').toArray()
    return id ? id.at + IDS_KEPT_MS : null
  }

  return {
    head,
    prune,
    append(events, now) {
      const added = events.flatMap((event) => appendOne(event, now) ?? [])
      sql.exec('delete from event_log where seq <= ?', head() - KEPT_EVENTS)
      return added
    },
    read(after, limit) {
      const rows = sql
        .exec<{ seq: number; event: string }>(
          'select seq, event from event_log where seq > ? order by seq limit ?',
          after,
          limit,
        )
        .toArray()
      const [first] = sql.exec<{ seq: number }>('select seq from event_log order by seq limit 1').toArray()
      const last = head()
      return {
        events: rows.map((row) => ({ seq: row.seq, event: JSON.parse(row.event) as RecordedEvent })),
        oldest: first?.seq ?? last + 1,
        head: last,
      }
    },
  }
}

import type { Log } from '../lib/log.ts'
import { delay, MINUTE, SECOND, TimeoutError, within } from '../lib/time.ts'
import type { Alarms } from './alarms.ts'
import type { MigrationSteps } from './migrations.ts'

export const OUTBOX_MIGRATIONS: MigrationSteps = [
  'create table outbox (id integer primary key autoincrement, destination text not null, payload text not null, attempts integer not null default 0, next_at integer not null)',
  'create index outbox_by_destination on outbox (destination, id)',
]

/** The named alarm that goes on when a call could not deliver: an object's `alarm()` answers it with `flush()`. */
export const OUTBOX_ALARM = 'outbox'

const BATCH = 50
const DELIVERY_MS = 10 * SECOND
/** A row whose object died before it could flush is found by the alarm after this long. */
const GRACE_MS = 2 * SECOND
const FIRST_BACKOFF_MS = 500
const MAX_BACKOFF_MS = MINUTE
const POLL_MS = 20

/**
 * What an object has yet to tell others. Rows are written in the transaction of the change that they tell of, and leave in
 * order per destination, at least once: receivers are idempotent.
 */
export interface Outbox {
  /** Called inside the change's `transactionSync`. Payloads are JSON. */
  put(destination: string, payloads: readonly unknown[]): void
  /** Delivers what is due, destinations side by side. Never throws: what fails is tried again by the alarm. */
  flush(): Promise<void>
  /** Tries now, and answers whether everything that the destination had to get is taken, after `ms` at the latest. */
  settle(destination: string, ms: number): Promise<boolean>
  /** Tries every destination now, `ms` at most each. */
  settleAll(ms: number): Promise<void>
  isEmpty(): boolean
  /** For constructors: rows that no alarm would deliver get one. */
  restore(): void
}

export interface OutboxOptions {
  readonly storage: DurableObjectStorage
  readonly alarms: Alarms
  readonly log: Log
  clock(): number
  /** Throws when the destination did not take the whole batch. */
  deliver(destination: string, payloads: readonly unknown[]): Promise<void>
}

interface Row extends Record<string, SqlStorageValue> {
  id: number
  payload: string
  attempts: number
}

const backoff = (attempts: number): number => Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** attempts)

export function createOutbox({ storage, alarms, log, clock, deliver }: OutboxOptions): Outbox {
  const { sql } = storage
  /** Deadlines, not flags: a delivery that was cancelled would never take its flag away. */
  const inFlightUntil = new Map<string, number>()

  const isInFlight = (destination: string): boolean => (inFlightUntil.get(destination) ?? 0) > clock()

  /** A batch that failed is tried again with a shorter prefix: one that is too large gets through in the end. */
  function readBatch(destination: string): Row[] {
    const select = (limit: number) =>
      sql
        .exec<Row>(
          'select id, payload, attempts from outbox where destination = ? order by id limit ?',
          destination,
          limit,
        )
        .toArray()
    const attempts = select(1)[0]?.attempts ?? 0
    return select(Math.max(1, BATCH >> Math.min(attempts, 10)))
  }

  /** Delivers until the destination's rows are gone, a delivery fails, or another flusher is found at work. */
  async function drain(destination: string): Promise<void> {
    for (;;) {
      if (isInFlight(destination)) return
      const rows = readBatch(destination)
      const last = rows.at(-1)
      if (!last) return
      const deadline = clock() + DELIVERY_MS
      inFlightUntil.set(destination, deadline)
      try {
        const payloads = rows.map((row): unknown => JSON.parse(row.payload))
        await within(DELIVERY_MS, deliver(destination, payloads))
        sql.exec('delete from outbox where destination = ? and id <= ?', destination, last.id)
      } catch (cause) {
        log.error('outbox_delivery_failed', cause, { destination, attempts: last.attempts + 1 })
        postpone(destination, last)
        return
      } finally {
        if (inFlightUntil.get(destination) === deadline) inFlightUntil.delete(destination)
      }
    }
  }

  const postpone = (destination: string, last: Row): unknown =>
    sql.exec(
      'update outbox set attempts = attempts + 1, next_at = ? where destination = ? and id <= ?',
      clock() + backoff(last.attempts),
      destination,
      last.id,
    )

  /** The first row of each destination: those behind it wait for it. */
  const heads = () =>
    sql
      .exec<{ destination: string; next_at: number }>(
        'select destination, next_at from outbox where id in (select min(id) from outbox group by destination)',
      )
      .toArray()

  function schedule(): void {
    const times = heads().map((head) => Math.max(head.next_at, inFlightUntil.get(head.destination) ?? 0))
    if (times.length === 0) alarms.cancel(OUTBOX_ALARM)
    else alarms.set(OUTBOX_ALARM, Math.max(Math.min(...times), clock() + FIRST_BACKOFF_MS))
  }

  const hasRows = (destination: string, upTo: number): boolean =>
    sql.exec('select 1 from outbox where destination = ? and id <= ? limit 1', destination, upTo).toArray().length > 0

  const lastId = (destination: string): number =>
    sql.exec<{ id: number | null }>('select max(id) as id from outbox where destination = ?', destination).one().id ?? 0

  async function drainWithin(destination: string, ms: number): Promise<void> {
    try {
      await within(ms, drain(destination))
    } catch (cause) {
      if (!(cause instanceof TimeoutError)) throw cause
    }
  }

  async function settle(destination: string, ms: number): Promise<boolean> {
    const upTo = lastId(destination)
    let waited = 0
    while (isInFlight(destination) && hasRows(destination, upTo) && waited < ms) {
      await delay(POLL_MS)
      waited += POLL_MS
    }
    if (waited < ms && hasRows(destination, upTo)) await drainWithin(destination, ms - waited)
    schedule()
    return !hasRows(destination, upTo)
  }

  return {
    put(destination, payloads) {
      for (const payload of payloads) {
        sql.exec(
          'insert into outbox (destination, payload, next_at) values (?, ?, ?)',
          destination,
          JSON.stringify(payload),
          clock(),
        )
      }
      if (payloads.length > 0) alarms.ensure(OUTBOX_ALARM, clock() + GRACE_MS)
    },
    async flush() {
      try {
        const due = heads().filter((head) => head.next_at <= clock())
        await Promise.all(due.map((head) => drain(head.destination)))
        schedule()
      } catch (cause) {
        log.error('outbox_failed', cause)
      }
    },
    settle,
    async settleAll(ms) {
      await Promise.all(heads().map(({ destination }) => settle(destination, ms)))
    },
    isEmpty: () => heads().length === 0,
    restore() {
      if (heads().length > 0) alarms.ensure(OUTBOX_ALARM, clock() + GRACE_MS)
    },
  }
}

import type { Log } from '../lib/log.ts'
import { delay, MINUTE, SECOND, TimeoutError, within } from '../lib/time.ts'
import type { Alarms } from './alarms.ts'
import type { MigrationSteps } from './migrations.ts'

export const OUTBOX_MIGRATIONS: MigrationSteps = [
  'create table outbox (id integer primary key autoincrement, destination text not null, payload text not null, attempts integer not null default 0, next_at integer not null)',
  'create index outbox_by_destination on outbox (destination, id)',
  // How often running the row was refused, alone, by a destination that takes others.
  'alter table outbox add column refusals integer not null default 0',
  // Asked with every batch, however many rows an outage has left waiting.
  'create index outbox_refused on outbox (destination, id) where refusals >= 10',
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
 * So often running a row is refused before those behind it are offered past it. Minutes, for the pauses grow. The index of
 * refused rows has the number, too.
 */
const MAX_REFUSALS = 10
/** More such rows one after another are no bad rows: nothing of the kind is taken, and that is an outage. */
const MAX_PASSED = 10

/**
 * What an object has yet to tell others. Rows are written in the transaction of the change that they tell of, and leave in
 * order per destination, at least once: receivers are idempotent. While a destination takes nothing all of its rows wait;
 * one that it refuses while it takes others is set aside, and those behind it go on.
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
  /** Whether no row is left but such as were refused too often. */
  isDelivered(): boolean
  /** For constructors: rows that no alarm would deliver get one. */
  restore(): void
}

export interface OutboxOptions {
  readonly storage: DurableObjectStorage
  readonly alarms: Alarms
  readonly log: Log
  clock(): number
  /** Throws when the destination did not take the whole batch. It is asked with an empty batch whether it takes anything. */
  deliver(destination: string, payloads: readonly unknown[]): Promise<void>
  /** Keeps for operations what its destination refuses. Throws when it is not kept; a repeat does no harm. */
  setAside(letters: readonly Undeliverable[]): Promise<void>
}

/** A row that its destination refuses while it takes others. */
export interface Undeliverable {
  readonly destination: string
  /** JSON. */
  readonly payload: string
  readonly attempts: number
}

interface Flight {
  until: number
}

interface Row extends Record<string, SqlStorageValue> {
  id: number
  destination: string
  payload: string
  attempts: number
  next_at: number
}

const backoff = (attempts: number): number => Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** attempts)

export function createOutbox({ storage, alarms, log, clock, deliver, setAside }: OutboxOptions): Outbox {
  const { sql } = storage
  /** Deadlines, not flags: a delivery that was cancelled would never take its flag away. */
  const inFlight = new Map<string, Flight>()

  const isInFlight = (destination: string): boolean => (inFlight.get(destination)?.until ?? 0) > clock()

  const select = (destination: string, condition: string, limit: number): Row[] =>
    sql
      .exec<Row>(
        `select id, destination, payload, attempts, next_at from outbox where destination = ? and ${condition} order by id limit ?`,
        destination,
        limit,
      )
      .toArray()

  /** A batch that failed is tried again with a shorter prefix: one that is too large gets through in the end. */
  function readBatch(destination: string): Row[] {
    const waiting = `refusals < ${MAX_REFUSALS}`
    const attempts = select(destination, waiting, 1)[0]?.attempts ?? 0
    return select(destination, waiting, Math.max(1, BATCH >> Math.min(attempts, 10)))
  }

  const readRefused = (destination: string): Row[] => select(destination, `refusals >= ${MAX_REFUSALS}`, MAX_PASSED)

  /** Whether the destination took the payloads in time. */
  async function hand(flight: Flight, destination: string, rows: readonly Row[]): Promise<boolean> {
    flight.until = clock() + DELIVERY_MS
    try {
      const payloads = rows.map((row): unknown => JSON.parse(row.payload))
      await within(DELIVERY_MS, deliver(destination, payloads))
      return true
    } catch (cause) {
      log.error('outbox_delivery_failed', cause, { destination, rows: rows.length, attempts: rows[0]?.attempts })
      return false
    }
  }

  const remove = (rows: readonly Row[]): void => {
    for (const { id } of rows) sql.exec('delete from outbox where id = ?', id)
  }

  /** Offers each row once more, alone, in order. Returns those that were refused again. */
  async function offerAgain(flight: Flight, rows: readonly Row[]): Promise<Row[]> {
    const refused: Row[] = []
    for (const row of rows) {
      if (await hand(flight, row.destination, [row])) remove([row])
      else refused.push(row)
    }
    return refused
  }

  async function bury(flight: Flight, rows: readonly Row[]): Promise<void> {
    flight.until = clock() + DELIVERY_MS
    try {
      const letters = rows.map(({ destination, payload, attempts }) => ({ destination, payload, attempts }))
      await within(DELIVERY_MS, setAside(letters))
      remove(rows)
      for (const { destination, attempts } of letters) log.warn('outbox_row_set_aside', { destination, attempts })
    } catch (cause) {
      log.error('outbox_row_not_set_aside', cause)
    }
  }

  /**
   * Whose fault a failure is. A destination that does not take an empty batch either is away, and rows lose nothing by it,
   * however long. A row counts a refusal only when its pause is over: callers who settle at once must not hurry it.
   */
  async function judge(flight: Flight, row: Row): Promise<void> {
    if (row.next_at > clock()) return
    const isAway = !(await hand(flight, row.destination, []))
    sql.exec(`update outbox set refusals = ${isAway ? '0' : 'refusals + 1'} where id = ?`, row.id)
  }

  /** Delivers until the destination's rows are gone, a delivery fails, or another flusher has taken over. */
  async function drainAs(flight: Flight, destination: string): Promise<void> {
    let hasTaken = false
    while (inFlight.get(destination) === flight) {
      // First, and alone: had the destination refused every row, they go in order when it takes them again.
      const refused = await offerAgain(flight, readRefused(destination))
      // It took a row from behind them, and refused them before it and after it.
      if (hasTaken && refused.length > 0) await bury(flight, refused)
      const rows = readBatch(destination)
      const [first, last] = [rows[0], rows.at(-1) ?? refused.at(-1)]
      hasTaken = first !== undefined && (await hand(flight, destination, rows))
      if (hasTaken) remove(rows)
      else {
        if (first && rows.length === 1 && refused.length < MAX_PASSED) await judge(flight, first)
        if (last) postpone(last)
        return
      }
    }
  }

  async function drain(destination: string): Promise<void> {
    if (isInFlight(destination)) return
    const flight = { until: clock() + DELIVERY_MS }
    inFlight.set(destination, flight)
    try {
      await drainAs(flight, destination)
    } finally {
      if (inFlight.get(destination) === flight) inFlight.delete(destination)
    }
  }

  const postpone = (last: Row): unknown =>
    sql.exec(
      'update outbox set attempts = attempts + 1, next_at = ? where destination = ? and id <= ?',
      clock() + backoff(last.attempts),
      last.destination,
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
    const times = heads().map((head) => Math.max(head.next_at, inFlight.get(head.destination)?.until ?? 0))
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
    isDelivered: () => sql.exec(`select 1 from outbox where refusals < ${MAX_REFUSALS} limit 1`).toArray().length === 0,
    restore() {
      if (heads().length > 0) alarms.ensure(OUTBOX_ALARM, clock() + GRACE_MS)
    },
  }
}

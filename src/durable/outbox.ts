import type { Log } from '../lib/log.ts'
import { delay, MINUTE, SECOND, TimeoutError, within } from '../lib/time.ts'
import type { Alarms } from './alarms.ts'
import type { MigrationSteps } from './migrations.ts'

export const OUTBOX_MIGRATIONS: MigrationSteps = [
  'create table outbox (id integer primary key autoincrement, destination text not null, payload text not null, attempts integer not null default 0, next_at integer not null)',
  'create index outbox_by_destination on outbox (destination, id)',
  // How often in a row the destination refused this payload, offered alone, although it is up.
  'alter table outbox add column refusals integer not null default 0',
  // Read with every batch, so it must stay fast when an outage has left many rows.
  'create index outbox_refused on outbox (destination, id) where refusals >= 10',
]

/** The named alarm that retries deliveries: an object's `alarm()` answers it with `flush()`. */
export const OUTBOX_ALARM = 'outbox'

const BATCH = 50
const DELIVERY_MS = 10 * SECOND
/** The alarm delivers a row after this long when its object was stopped before it could. */
const GRACE_MS = 2 * SECOND
const FIRST_BACKOFF_MS = 500
const MAX_BACKOFF_MS = MINUTE
const POLL_MS = 20
/**
 * A row refused this often in a row no longer blocks those behind it. That takes minutes, because the pauses grow.
 * The migration of the index `outbox_refused` contains this number, too.
 */
const MAX_REFUSALS = 10
/** More refused rows than this at once are treated as an outage of the destination, not as bad rows. */
const MAX_SKIPPED = 10

/**
 * A transactional outbox. Rows are written in the transaction of the change that they report, and are delivered in order per
 * destination, at least once: receivers are idempotent. While a destination is down, all of its rows wait; a row that it
 * refuses while it accepts others is set aside as a dead letter, and delivery continues behind it.
 */
export interface Outbox {
  /** Called inside the change's `transactionSync`. Payloads are JSON. */
  put(destination: string, payloads: readonly unknown[]): void
  /** Delivers rows that are due, to all destinations in parallel. Never throws: the alarm retries what fails. */
  flush(): Promise<void>
  /** Delivers now. Resolves within `ms`: true when the destination accepted every row that existed at the call. */
  settle(destination: string, ms: number): Promise<boolean>
  /** As `settle`, for every destination, at most `ms` each. */
  settleAll(ms: number): Promise<void>
  /** Whether every row was delivered, apart from those that were refused too often. */
  isDelivered(): boolean
  /** For constructors: sets the alarm if rows are waiting. */
  restore(): void
}

export interface OutboxOptions {
  readonly storage: DurableObjectStorage
  readonly alarms: Alarms
  readonly log: Log
  clock(): number
  /** Throws unless the destination accepted the whole batch. An empty batch asks only whether the destination is up. */
  deliver(destination: string, payloads: readonly unknown[]): Promise<void>
  /** Stores rows that their destination refuses, as dead letters. Throws when they are not stored; may be repeated. */
  setAside(letters: readonly Undeliverable[]): Promise<void>
}

/** A row that its destination refuses while it accepts others. */
export interface Undeliverable {
  readonly destination: string
  /** JSON. */
  readonly payload: string
  readonly attempts: number
}

/** A running delivery's claim on its destination. Epoch milliseconds. */
interface Lease {
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
  /** Leases expire: a cancelled delivery would never clear a flag. */
  const leases = new Map<string, Lease>()

  const isLeased = (destination: string): boolean => (leases.get(destination)?.until ?? 0) > clock()

  const select = (destination: string, condition: string, limit: number): Row[] =>
    sql
      .exec<Row>(
        `select id, destination, payload, attempts, next_at from outbox where destination = ? and ${condition} order by id limit ?`,
        destination,
        limit,
      )
      .toArray()

  /** A batch that failed is retried with fewer rows, so that a batch that was too large is delivered in the end. */
  function readBatch(destination: string): Row[] {
    const waiting = `refusals < ${MAX_REFUSALS}`
    const attempts = select(destination, waiting, 1)[0]?.attempts ?? 0
    return select(destination, waiting, Math.max(1, BATCH >> Math.min(attempts, 10)))
  }

  const readRefused = (destination: string): Row[] => select(destination, `refusals >= ${MAX_REFUSALS}`, MAX_SKIPPED)

  /** Whether the destination accepted the payloads in time. */
  async function tryDeliver(lease: Lease, destination: string, rows: readonly Row[]): Promise<boolean> {
    lease.until = clock() + DELIVERY_MS
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

  /** Offers each row again, one by one, in order. Returns those that were refused again. */
  async function offerAgain(lease: Lease, rows: readonly Row[]): Promise<Row[]> {
    const refused: Row[] = []
    for (const row of rows) {
      if (await tryDeliver(lease, row.destination, [row])) remove([row])
      else refused.push(row)
    }
    return refused
  }

  async function setAsideRows(lease: Lease, rows: readonly Row[]): Promise<void> {
    lease.until = clock() + DELIVERY_MS
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
   * Decides whether the row or its destination caused the failure. A destination that refuses an empty batch too is down, and
   * that resets the row's count. A refusal counts only when the row's pause is over: `settle` ignores pauses, and callers of
   * it must not use up the row's tries.
   */
  async function countRefusal(lease: Lease, row: Row): Promise<void> {
    if (row.next_at > clock()) return
    const isDown = !(await tryDeliver(lease, row.destination, []))
    sql.exec(`update outbox set refusals = ${isDown ? '0' : 'refusals + 1'} where id = ?`, row.id)
  }

  /** Delivers until no row of the destination is left, a delivery fails, or another call has taken over the lease. */
  async function drainAs(lease: Lease, destination: string): Promise<void> {
    let hasAccepted = false
    while (leases.get(destination) === lease) {
      // Refused rows are offered first: if the destination had refused everything, their order is kept once it recovers.
      const refused = await offerAgain(lease, readRefused(destination))
      // The destination accepted a row from behind them, but refused them both before and after it.
      if (hasAccepted && refused.length > 0) await setAsideRows(lease, refused)
      const rows = readBatch(destination)
      const [first, last] = [rows[0], rows.at(-1) ?? refused.at(-1)]
      hasAccepted = first !== undefined && (await tryDeliver(lease, destination, rows))
      if (hasAccepted) remove(rows)
      else {
        if (first && rows.length === 1 && refused.length < MAX_SKIPPED) await countRefusal(lease, first)
        if (last) postpone(last)
        return
      }
    }
  }

  async function drain(destination: string): Promise<void> {
    if (isLeased(destination)) return
    const lease = { until: clock() + DELIVERY_MS }
    leases.set(destination, lease)
    try {
      await drainAs(lease, destination)
    } finally {
      if (leases.get(destination) === lease) leases.delete(destination)
    }
  }

  const postpone = (last: Row): unknown =>
    sql.exec(
      'update outbox set attempts = attempts + 1, next_at = ? where destination = ? and id <= ?',
      clock() + backoff(last.attempts),
      last.destination,
      last.id,
    )

  /** The first row of each destination; the others wait for it. */
  const heads = () =>
    sql
      .exec<{ destination: string; next_at: number }>(
        'select destination, next_at from outbox where id in (select min(id) from outbox group by destination)',
      )
      .toArray()

  function schedule(): void {
    const times = heads().map((head) => Math.max(head.next_at, leases.get(head.destination)?.until ?? 0))
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
    while (isLeased(destination) && hasRows(destination, upTo) && waited < ms) {
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

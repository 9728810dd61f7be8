import type { Log } from '../../lib/log.ts'
import { delay, MINUTE, SECOND, within } from '../../lib/time.ts'
import type { Alarms } from '../alarms.ts'
import type { EventLog } from '../event-log.ts'
import type { MigrationSteps } from '../migrations.ts'
import type { LoggedEvent } from '../rpc.ts'

export const FAN_OUT_MIGRATIONS: MigrationSteps = [
  // `after` is null for an object that is up to date; otherwise sending failed, and it lacks the events after that seq.
  `create table registrations (
     user_id text primary key,
     generation integer not null default 1,
     after integer,
     attempts integer not null default 0,
     retry_at integer
   ) without rowid`,
  'create index registrations_failed on registrations (retry_at) where after is not null',
  // The seq up to which every registered object has received the log, or is marked as failed.
  'create table fan_out (id integer primary key check (id = 1), topic text not null, done integer not null)',
  // `webhook`: then `user_id` is the id of a webhook endpoint.
  "alter table registrations add column kind text not null default 'user'",
]

const ROUND_ALARM = 'fan-out'
const RETRY_ALARM = 'fan-out-retry'

/** Events that are appended within this long are sent in one call. */
const GATHER_MS = 50
const EVENTS_PER_CALL = 100
/** How many objects are called in parallel, and how many registrations are read at a time. */
const CALLS_AT_ONCE = 40
const SLICE = 400
const CALL_MS = 2 * SECOND
/** The alarm sends events after this long when the hub was stopped after an append. */
const GRACE_MS = SECOND
const FIRST_BACKOFF_MS = 500
const MAX_BACKOFF_MS = MINUTE

export interface FanOutOptions {
  readonly storage: DurableObjectStorage
  readonly log: EventLog
  readonly alarms: Alarms
  readonly logger: Log
  clock(): number
  defer(work: Promise<unknown>): void
  send(to: Receiver, topic: string, events: readonly LoggedEvent[]): Promise<{ subscribed: boolean }>
}

/** The object that gets a topic's events. */
export interface Receiver {
  readonly kind: 'user' | 'webhook'
  readonly id: string
}

/**
 * Sends each event of the log to each registered object at least once and in order; objects recognize repeats by their seq.
 * An object that fails is retried on its own, so that the others do not wait for it.
 */
export interface FanOut {
  register(topic: string, receiver: Receiver): void
  /** Called in the transaction of an append: its events are sent even if the hub is stopped right after it. */
  ensureAlarm(): void
  /** Starts sending soon, together with what is appended until then. */
  wake(): void
  onAlarm(name: string): Promise<void>
}

interface Registration extends Record<string, SqlStorageValue> {
  user_id: string
  kind: Receiver['kind']
  generation: number
  after: number | null
  attempts: number
}

export function createFanOut({ storage, log, alarms, logger, clock, defer, send }: FanOutOptions): FanOut {
  const { sql } = storage
  /** A deadline, which each round extends. Not a flag: a cancelled run would never clear it. */
  let workingUntil = 0
  /** The last seq of the round that is being sent. */
  let roundTo: number | null = null

  const readState = () => sql.exec<{ topic: string; done: number }>('select topic, done from fan_out').toArray()[0]

  const hasRegistrations = (): boolean => sql.exec('select 1 from registrations limit 1').toArray().length > 0

  const setDone = (seq: number): unknown => sql.exec('update fan_out set done = max(done, ?)', seq)

  const sliceAfter = (userId: string): Registration[] =>
    sql
      .exec<Registration>(
        'select user_id, kind, generation, after, attempts from registrations where user_id > ? and after is null order by user_id limit ?',
        userId,
        SLICE,
      )
      .toArray()

  /** Does nothing if the object was registered again after it was read: then it has a new subscription. */
  const unregister = ({ user_id, generation }: Registration): unknown =>
    sql.exec('delete from registrations where user_id = ? and generation = ?', user_id, generation)

  function fail({ user_id, attempts }: Registration, after: number): void {
    const retryAt = clock() + Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** attempts)
    sql.exec(
      'update registrations set after = coalesce(after, ?), attempts = attempts + 1, retry_at = ? where user_id = ?',
      after,
      retryAt,
      user_id,
    )
    alarms.ensure(RETRY_ALARM, retryAt)
  }

  /** Sends one object a page. False when that failed or the object is no longer subscribed. */
  async function sendTo(registration: Registration, topic: string, page: readonly LoggedEvent[], after: number) {
    const { user_id: id, kind } = registration
    try {
      const { subscribed } = await within(CALL_MS, send({ kind, id }, topic, page))
      if (!subscribed) unregister(registration)
      return subscribed
    } catch (cause) {
      logger.error('hub_events_not_handed', cause, { attempts: registration.attempts + 1 })
      fail(registration, after)
      return false
    }
  }

  async function sendToAll(topic: string, page: readonly LoggedEvent[], after: number): Promise<void> {
    let last = ''
    for (;;) {
      const slice = sliceAfter(last)
      const next = slice.values()
      const worker = async () => {
        for (const registration of next) await sendTo(registration, topic, page, after)
      }
      await Promise.all(Array.from({ length: CALLS_AT_ONCE }, worker))
      last = slice.at(-1)?.user_id ?? last
      if (slice.length < SLICE) return
    }
  }

  async function rounds(): Promise<void> {
    for (;;) {
      const state = readState()
      if (!state || state.done >= log.head()) break
      workingUntil = clock() + MINUTE
      const page = log.read(state.done, EVENTS_PER_CALL).events
      const last = page.at(-1)
      roundTo = last?.seq ?? log.head()
      if (last) await sendToAll(state.topic, page, state.done)
      setDone(roundTo)
    }
    alarms.cancel(ROUND_ALARM)
  }

  async function run(): Promise<void> {
    try {
      await rounds()
    } catch (cause) {
      logger.error('fan_out_failed', cause)
      alarms.ensure(ROUND_ALARM, clock() + GRACE_MS)
    } finally {
      workingUntil = 0
      roundTo = null
    }
  }

  /** Sends a failed object the events that it lacks, up to the current round; then it takes part in the rounds again. */
  async function catchUp(registration: Registration): Promise<void> {
    let after = registration.after ?? 0
    for (;;) {
      const state = readState()
      if (!state) return
      const page = log.read(after, EVENTS_PER_CALL).events.filter(({ seq }) => seq <= (roundTo ?? state.done))
      const last = page.at(-1)
      if (!last) break
      if (!(await sendTo(registration, state.topic, page, after))) return
      after = last.seq
      sql.exec('update registrations set after = ? where user_id = ?', after, registration.user_id)
    }
    sql.exec(
      'update registrations set after = null, attempts = 0, retry_at = null where user_id = ?',
      registration.user_id,
    )
  }

  async function retryFailed(): Promise<void> {
    const due = sql
      .exec<Registration>(
        'select user_id, kind, generation, after, attempts from registrations where after is not null and retry_at <= ? limit ?',
        clock(),
        CALLS_AT_ONCE,
      )
      .toArray()
    await Promise.all(due.map(catchUp))
    const [next] = sql
      .exec<{ at: number | null }>('select min(retry_at) as at from registrations where after is not null')
      .toArray()
    if (next?.at) alarms.set(RETRY_ALARM, next.at)
  }

  return {
    register(topic, { kind, id }) {
      sql.exec('insert into fan_out (id, topic, done) values (1, ?, ?) on conflict do nothing', topic, log.head())
      // The first registration: earlier events have no receiver.
      if (!hasRegistrations()) setDone(log.head())
      sql.exec(
        'insert into registrations (user_id, kind) values (?, ?) on conflict (user_id) do update set generation = generation + 1',
        id,
        kind,
      )
    },
    ensureAlarm() {
      if (hasRegistrations()) alarms.ensure(ROUND_ALARM, clock() + GRACE_MS)
    },
    wake() {
      if (workingUntil > clock() || !hasRegistrations()) return
      workingUntil = clock() + MINUTE
      defer(delay(GATHER_MS).then(run))
    },
    async onAlarm(name) {
      if (name === ROUND_ALARM && workingUntil <= clock()) await run()
      // Keeps the alarm in case the hub is stopped during the round.
      else if (name === ROUND_ALARM) alarms.set(ROUND_ALARM, clock() + GRACE_MS)
      if (name === RETRY_ALARM) await retryFailed()
    },
  }
}

import type { Log } from '../lib/log.ts'
import { SECOND } from '../lib/time.ts'
import type { MigrationSteps } from './migrations.ts'

export const ALARM_MIGRATIONS: MigrationSteps = [
  // `running` marks an alarm whose work has begun: until the work is done, `at` is the time of its retry.
  'create table alarms (name text primary key, at integer not null, running integer not null default 0) without rowid',
]

/** An alarm is retried after this long when its work failed or its object was stopped meanwhile. */
const RETRY_MS = 30 * SECOND

/** Named alarms on top of the one alarm that the platform gives an object. Times are epoch milliseconds. */
export interface Alarms {
  /** Sets the alarm; replaces an earlier time. */
  set(name: string, at: number): void
  /** Sets the alarm unless it is already due at or before `at`. */
  ensure(name: string, at: number): void
  cancel(name: string): void
  cancelAll(): void
  /** When the alarm is due, or null. Null also while its work runs: nobody has set the retry that is then stored. */
  find(name: string): number | null
  /** For constructors: sets the physical alarm again if the platform has dropped it. */
  restore(): Promise<void>
  /** The body of `alarm()`: does the work of every alarm that is due. Never throws. */
  run(now: number, work: (name: string) => unknown): Promise<void>
}

/** `set`, `ensure` and `cancel` may be called in a `transactionSync`: the physical alarm rolls back with it. */
export function createAlarms(storage: DurableObjectStorage, log: Log): Alarms {
  const { sql } = storage

  const earliest = (): number | null => sql.exec<{ at: number | null }>('select min(at) as at from alarms').one().at

  function arm(): void {
    const at = earliest()
    // Not awaited: the write belongs to the transaction that it is made in, and the platform resets the object if it fails.
    void (at === null ? storage.deleteAlarm() : storage.setAlarm(at))
  }

  function change(statement: string, ...values: (string | number)[]): void {
    const before = earliest()
    sql.exec(statement, ...values)
    if (earliest() !== before) arm()
  }

  const find = (name: string): number | null =>
    sql.exec<{ at: number }>('select at from alarms where name = ? and running = 0', name).toArray()[0]?.at ?? null

  const set = (name: string, at: number): void =>
    change(
      'insert into alarms (name, at) values (?, ?) on conflict (name) do update set at = excluded.at, running = 0',
      name,
      at,
    )

  /** Moves alarms that are due to their retry time before their work begins. */
  function takeDue(now: number): string[] {
    return storage.transactionSync(() => {
      const due = sql.exec<{ name: string }>('select name from alarms where at <= ? order by at', now).toArray()
      sql.exec('update alarms set at = ?, running = 1 where at <= ?', now + RETRY_MS, now)
      arm()
      return due.map(({ name }) => name)
    })
  }

  async function runOne(name: string, work: (name: string) => unknown): Promise<void> {
    try {
      await work(name)
      change('delete from alarms where name = ? and running = 1', name)
    } catch (cause) {
      sql.exec('update alarms set running = 0 where name = ?', name)
      log.error('alarm_failed', cause, { alarm: name })
    }
  }

  return {
    set,
    find,
    ensure(name, at) {
      const known = find(name)
      if (known === null || known > at) set(name, at)
    },
    cancel: (name) => change('delete from alarms where name = ?', name),
    cancelAll: () => change('delete from alarms'),
    async restore() {
      if (earliest() !== null && (await storage.getAlarm()) === null) arm()
    },
    async run(now, work) {
      // The platform retries an alarm that throws six times and then drops it for good.
      try {
        const due = takeDue(now)
        await Promise.all(due.map((name) => runOne(name, work)))
      } catch (cause) {
        log.error('alarms_failed', cause)
        await storage.setAlarm(now + RETRY_MS).catch((again: unknown) => log.error('alarm_not_armed', again))
      }
    },
  }
}

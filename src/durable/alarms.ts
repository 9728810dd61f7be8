import type { Log } from '../lib/log.ts'
import { SECOND } from '../lib/time.ts'
import type { MigrationSteps } from './migrations.ts'

export const ALARM_MIGRATIONS: MigrationSteps = [
  // `running` marks an alarm whose work has begun: it stands at its retry time until the work is done.
  'create table alarms (name text primary key, at integer not null, running integer not null default 0) without rowid',
]

/** An alarm whose work failed, or died with its object, goes off again after this long. */
const RETRY_MS = 30 * SECOND

/** Many named alarms over an object's one physical alarm. Times are epoch milliseconds. */
export interface Alarms {
  /** Sets the alarm, or moves it. */
  set(name: string, at: number): void
  /** Sets the alarm unless it goes off by then anyway. */
  ensure(name: string, at: number): void
  cancel(name: string): void
  cancelAll(): void
  /** Null also while its work runs: the retry it then stands at is not an alarm that anyone has set. */
  find(name: string): number | null
  /** For constructors: an alarm that is due and that the platform has dropped is armed anew. */
  restore(): Promise<void>
  /** The body of `alarm()`: does the work of every alarm that is due. Never throws. */
  run(now: number, work: (name: string) => unknown): Promise<void>
}

/** `set`, `ensure` and `cancel` may stand in a `transactionSync`: the physical alarm rolls back with it. */
export function createAlarms(storage: DurableObjectStorage, log: Log): Alarms {
  const { sql } = storage

  const earliest = (): number | null => sql.exec<{ at: number | null }>('select min(at) as at from alarms').one().at

  function arm(): void {
    const at = earliest()
    // Not awaited: a write joins the transaction it is made in, and a failed one resets the object.
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

  /** Moves what is due to its retry time before any work is begun. */
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
      // An alarm that throws is tried six times and then dropped by the platform for good.
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

import type { WebhookGap } from '../rpc.ts'
import type { Breaker } from './schedule.ts'

interface Values {
  /** The endpoint's id: an alarm does not tell the object's name. */
  readonly endpoint_id: string
  /** The highest seq of its log that it has taken. */
  readonly position: number
  readonly breaker: Breaker
  /** What is not reported yet. */
  readonly gap: WebhookGap
  readonly gap_reported_at: number
}

/** Single values of the object, as JSON. `last_seq` beside them is the waiting list's. */
export interface EndpointState {
  read<N extends keyof Values>(name: N): Values[N] | null
  write<N extends keyof Values>(name: N, value: Values[N] | null): void
}

export const createState = (sql: SqlStorage): EndpointState => ({
  read(name) {
    const [row] = sql.exec<{ value: string }>('select value from state where name = ?', name).toArray()
    return row ? JSON.parse(row.value) : null
  },
  write(name, value) {
    if (value === null) sql.exec('delete from state where name = ?', name)
    else
      sql.exec(
        'insert into state (name, value) values (?, ?) on conflict (name) do update set value = excluded.value',
        name,
        JSON.stringify(value),
      )
  },
})

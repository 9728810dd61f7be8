import type { RecordedEvent } from '../../lib/event.ts'
import { SECOND } from '../../lib/time.ts'
import type { EventRow, HeadRow } from './tables.ts'

/** What waits beyond this is a gap. */
export const MAX_WAITING = 10_000

const BATCH_EVENTS = 100
const BATCH_BYTES = 1024 * 1024
const BATCH_MS = 5 * SECOND

/** What waits to be delivered. Every function is synchronous; those that write are called in a `transactionSync`. */
export interface Waiting {
  count(): number
  /** Adds an event, unless it came another way before: recovered from the record. */
  add(event: RecordedEvent, at: number): void
  /**
   * Delivers an event that the endpoint may have had again, from the first attempt on. One that waits already is due now. False when too
   * many wait.
   */
  addAgain(event: RecordedEvent, at: number): boolean
  /** Delivers again what was delivered together with an event; `attemptId` will be the id of the attempt. */
  repeat(seq: number, attemptId: string, at: number): void
  /** A number of the endpoint's own events that no event has: a receiver sees the hole. */
  skipNumber(): void
  /** Makes batches of what has waited long enough, or is enough; without batches everything is delivered by itself. */
  form(batch: boolean, now: number): void
  /** What is due, in the order of `seq`. `ordered`: the first alone, whether or not others are due. */
  due(limit: number, ordered: boolean, now: number): HeadRow[]
  /** The events that are delivered together. */
  members(head: number): EventRow[]
  /** When something is due, or null. */
  nextAt(settings: { ordered: boolean; batch: boolean }): number | null
  postpone(head: number, attempts: number, nextAt: number): void
  remove(head: number): void
  /** Events that cannot be delivered: the record has lost them. The others of their batch stay together, the first of them at its head. */
  drop(seqs: readonly number[]): void
}

export function createWaiting(sql: SqlStorage): Waiting {
  const first = <T>(query: string, ...values: SqlStorageValue[]): T | undefined =>
    sql.exec(query, ...values).toArray()[0] as T | undefined

  const count = (): number => sql.exec<{ n: number }>('select count(*) as n from waiting').one().n

  function nextNumber(): number {
    const { value } = sql
      .exec<{ value: string }>(
        `insert into state (name, value) values ('last_seq', 1)
         on conflict (name) do update set value = value + 1 returning value`,
      )
      .one()
    return Number(value)
  }

  const wait = (seq: number, at: number, head: number | null, attemptId: string | null = null): unknown =>
    sql.exec('insert into waiting (seq, head, next_at, attempt_id) values (?, ?, ?, ?)', seq, head, at, attemptId)

  const isWaiting = (seq: number): boolean => first('select 1 from waiting where seq = ?', seq) !== undefined

  const find = (id: string) => first<EventRow>('select * from events where id = ?', id)

  function insert(event: RecordedEvent, at: number): void {
    const seq = nextNumber()
    sql.exec(
      'insert into events (seq, id, type, taken_at, event) values (?, ?, ?, ?, ?)',
      seq,
      event.id,
      event.type,
      at,
      JSON.stringify(event),
    )
    wait(seq, at, null)
  }

  /** The events of a batch that has not been made yet, no more than one may have. */
  function readUnformed(): { seq: number; next_at: number }[] {
    const rows = sql
      .exec<{ seq: number; next_at: number; bytes: number | null }>(
        `select w.seq, w.next_at, length(e.event) as bytes from waiting as w join events as e on e.seq = w.seq
         where w.head is null order by w.seq limit ?`,
        BATCH_EVENTS,
      )
      .toArray()
    let bytes = 0
    const fitting = rows.filter((row, index) => {
      bytes += row.bytes ?? 0
      return index === 0 || bytes <= BATCH_BYTES
    })
    return fitting
  }

  /** Takes an event out of what is delivered together with it: without its head a batch would never be due. */
  function takeOut(seq: number): void {
    sql.exec('delete from waiting where seq = ?', seq)
    const next = first<{ seq: number | null }>('select min(seq) as seq from waiting where head = ?', seq)?.seq
    if (next == null) return
    sql.exec('update waiting set head = ? where head = ?', next, seq)
    sql.exec('update events set batch = ? where batch = ?', next, seq)
    // So that a repeat of a former attempt finds them.
    sql.exec('update attempts set seq = ? where seq = ?', next, seq)
  }

  return {
    count,
    add: (event, at) => {
      if (!find(event.id)) insert(event, at)
    },
    skipNumber: () => void nextNumber(),
    addAgain(event, at) {
      const known = find(event.id)
      if (known && isWaiting(known.seq)) {
        const { head } = sql.exec<{ head: number | null }>('select head from waiting where seq = ?', known.seq).one()
        sql.exec('update waiting set next_at = ? where head = ? or seq = ?', at, head ?? known.seq, known.seq)
        return true
      }
      if (count() >= MAX_WAITING) return false
      if (!known) {
        insert(event, at)
        return true
      }
      sql.exec(
        'update events set event = ?, taken_at = ?, batch = null where seq = ?',
        JSON.stringify(event),
        at,
        known.seq,
      )
      wait(known.seq, at, null)
      return true
    },
    repeat(seq, attemptId, at) {
      const together = sql
        .exec<{ seq: number }>('select seq from events where seq = ?1 or batch = ?1 order by seq', seq)
        .toArray()
      if (isWaiting(seq)) {
        sql.exec('update waiting set next_at = ? where head = ?', at, seq)
        sql.exec('update waiting set attempt_id = ?, next_at = ? where seq = ?', attemptId, at, seq)
        return
      }
      for (const member of together) {
        takeOut(member.seq)
        wait(member.seq, at, seq, member.seq === seq ? attemptId : null)
      }
    },
    form(batch, now) {
      if (!batch) {
        sql.exec('update waiting set head = seq where head is null')
        return
      }
      for (;;) {
        const rows = readUnformed()
        const [oldest] = rows
        const isFull = rows.length === BATCH_EVENTS
        if (!oldest || (!isFull && oldest.next_at + BATCH_MS > now)) return
        for (const { seq } of rows) {
          sql.exec('update waiting set head = ?, next_at = ? where seq = ?', oldest.seq, oldest.next_at, seq)
          sql.exec('update events set batch = ? where seq = ?', oldest.seq, seq)
        }
      }
    },
    due(limit, ordered, now) {
      const heads = sql
        .exec<HeadRow & { next_at: number }>(
          `select seq, attempts, attempt_id, next_at from waiting where seq = head ${ordered ? '' : 'and next_at <= ?2'}
           order by seq limit ?1`,
          ...(ordered ? [limit] : [limit, now]),
        )
        .toArray()
      if (!ordered) return heads
      const blocked = heads.findIndex((head) => head.next_at > now)
      return blocked === -1 ? heads : heads.slice(0, blocked)
    },
    members: (head) =>
      sql
        .exec<EventRow>(
          'select e.* from waiting as w join events as e on e.seq = w.seq where w.head = ? order by e.seq',
          head,
        )
        .toArray(),
    nextAt({ ordered, batch }) {
      const of = ordered ? 'where seq = (select min(seq) from waiting where seq = head)' : 'where seq = head'
      const formed = first<{ at: number | null }>(`select min(next_at) as at from waiting ${of}`)?.at ?? null
      const [oldest, ...others] = batch
        ? readUnformed()
        : sql
            .exec<{ seq: number; next_at: number }>('select seq, next_at from waiting where head is null limit 1')
            .toArray()
      if (!oldest) return formed
      const isFull = !batch || others.length + 1 === BATCH_EVENTS
      return Math.min(formed ?? Number.POSITIVE_INFINITY, isFull ? oldest.next_at : oldest.next_at + BATCH_MS)
    },
    postpone: (head, attempts, nextAt) =>
      void sql.exec(
        'update waiting set attempts = ?, next_at = ?, attempt_id = null where head = ?',
        attempts,
        nextAt,
        head,
      ),
    remove: (head) => void sql.exec('delete from waiting where head = ?', head),
    drop(seqs) {
      for (const seq of seqs) takeOut(seq)
    },
  }
}

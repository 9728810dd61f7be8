import type { FeedEntry } from '../../lib/event.ts'
import type { MigrationSteps } from '../migrations.ts'
import type { FeedPage } from '../rpc.ts'

/** What a view holds at most. A page of so many entries stays well below the 32 MiB of one RPC answer. */
export const MAX_FEED_ENTRIES = 100_000

export const FEED_MIGRATIONS: MigrationSteps = [
  'create table feed (epoch text not null, head integer not null)',
  `create table entries (
    seq integer primary key,
    kind text not null,
    id text not null,
    below integer not null default 0,
    at integer not null,
    unique (kind, id)
  )`,
  'create index entries_by_time on entries (at)',
]

type Stored = { seq: number; kind: string; id: string; below: number; at: number }

/** The ordered entries in one object's tables. Nothing here awaits: each function may stand in a `transactionSync`. */
export interface Entries {
  /** Adds what is new. `now` in epoch milliseconds. Returns the feed's head. */
  append(entries: readonly FeedEntry[], now: number): number
  /** Entries with a seq above `after`. */
  pageAfter(after: number, maxEntries: number): FeedPage
  /** Entries that came at `since` or later. */
  pageSince(since: number, maxEntries: number): FeedPage
  /** Forgets what came before `time`. Returns when the oldest of the rest came; null when nothing is left. */
  prune(time: number): number | null
}

export function createEntries(sql: SqlStorage, newEpoch: () => string): Entries {
  if (sql.exec('select 1 from feed').toArray().length === 0)
    sql.exec('insert into feed (epoch, head) values (?, 0)', newEpoch())

  const feed = () => sql.exec<{ epoch: string; head: number }>('select epoch, head from feed').one()

  /** Seq and time rise together, also when the clock was set back: a page by time has then no holes. */
  function latest(): number {
    return sql.exec<{ at: number }>('select at from entries order by seq desc limit 1').toArray()[0]?.at ?? 0
  }

  function page(where: string, bound: number, after: number | null, maxEntries: number): FeedPage {
    const { epoch, head } = feed()
    const { total } = sql.exec<{ total: number }>('select count(*) as total from entries').one()
    const overflow = total > maxEntries
    // Sessions and claims can be asked of their objects; keys, clients and tokens have none, and are told even then.
    const told = overflow ? `${where} and kind in ('key', 'client', 'token')` : where
    const rows = sql
      .exec<Stored>(
        `select seq, kind, id, below, at from entries where ${told} order by seq limit ?`,
        bound,
        maxEntries,
      )
      .toArray()
    const first = sql
      .exec<{ seq: number | null }>(`select min(seq) as seq from entries where ${where}`, bound)
      .one().seq
    return {
      epoch,
      head,
      overflow,
      after: after ?? (first === null ? head : first - 1),
      entries: rows.map((row) => ({ seq: row.seq, at: row.at, entry: toEntry(row) })),
    }
  }

  return {
    append(entries, now) {
      const at = Math.max(now, latest())
      for (const entry of entries) {
        const { kind, id, below } = toRow(entry)
        const known = sql.exec<{ below: number }>('select below from entries where kind = ? and id = ?', kind, id)
        const [row] = known.toArray()
        if (row && row.below >= below) continue
        sql.exec('update feed set head = head + 1')
        // A claims version that rose is news to those who have read the old one, so it moves to the end.
        sql.exec('delete from entries where kind = ? and id = ?', kind, id)
        sql.exec('insert into entries select head, ?, ?, ?, ? from feed', kind, id, below, at)
      }
      return feed().head
    },
    pageAfter: (after, maxEntries) => page('seq > ?', after, after, maxEntries),
    pageSince: (since, maxEntries) => page('at >= ?', since, null, maxEntries),
    prune(time) {
      sql.exec('delete from entries where at < ?', time)
      return sql.exec<{ at: number | null }>('select min(at) as at from entries').one().at
    },
  }
}

function toRow(entry: FeedEntry): { kind: string; id: string; below: number } {
  return entry.kind === 'claims'
    ? { kind: 'claims', id: entry.userId, below: entry.below }
    : { kind: entry.kind, id: entry.id, below: 0 }
}

function toEntry({ kind, id, below }: Stored): FeedEntry {
  switch (kind) {
    case 'claims':
      return { kind, userId: id, below }
    case 'session':
    case 'key':
    case 'client':
    case 'token':
      return { kind, id }
    default:
      throw new Error(`the feed holds an entry of an unknown kind`)
  }
}

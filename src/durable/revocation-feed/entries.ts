import type { FeedEntry } from '../../lib/event.ts'
import type { MigrationSteps } from '../migrations.ts'
import type { FeedPage } from '../rpc.ts'

/** The most entries that a view holds. A page of this many stays well below the 32 MiB limit of an RPC answer. */
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

/** The ordered entries in one object's tables. Every function is synchronous, so it may be called in a `transactionSync`. */
export interface Entries {
  /** Adds the entries that are new. `now` in epoch milliseconds. Returns the feed's head. */
  append(entries: readonly FeedEntry[], now: number): number
  /** Entries with a seq above `after`. */
  pageAfter(after: number, maxEntries: number): FeedPage
  /** Entries that were added at `since` or later. */
  pageSince(since: number, maxEntries: number): FeedPage
  /** Deletes entries added before `time`. Returns when the oldest remaining one was added, or null. */
  prune(time: number): number | null
}

export function createEntries(sql: SqlStorage, newEpoch: () => string): Entries {
  if (sql.exec('select 1 from feed').toArray().length === 0)
    sql.exec('insert into feed (epoch, head) values (?, 0)', newEpoch())

  const feed = () => sql.exec<{ epoch: string; head: number }>('select epoch, head from feed').one()

  /** Time never decreases with seq, even when the clock is set back, so that a page by time has no gaps. */
  function latest(): number {
    return sql.exec<{ at: number }>('select at from entries order by seq desc limit 1').toArray()[0]?.at ?? 0
  }

  function page(where: string, bound: number, after: number | null, maxEntries: number): FeedPage {
    const { epoch, head } = feed()
    const { total } = sql.exec<{ total: number }>('select count(*) as total from entries').one()
    const overflow = total > maxEntries
    // Callers can ask a user's object about sessions and claims. The rest has no object, so a page always has it.
    const condition = overflow ? `${where} and kind not in ('session', 'claims')` : where
    const rows = sql
      .exec<Stored>(
        `select seq, kind, id, below, at from entries where ${condition} order by seq limit ?`,
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
        // A higher version moves to the end: readers that are past the old entry must get it.
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
  const id = entry.kind === 'claims' ? entry.userId : entry.id
  return { kind: entry.kind, id, below: 'below' in entry ? entry.below : 0 }
}

function toEntry({ kind, id, below }: Stored): FeedEntry {
  switch (kind) {
    case 'claims':
      return { kind, userId: id, below }
    case 'organization':
    case 'roles':
      return { kind, id, below }
    case 'session':
    case 'key':
    case 'client':
    case 'token':
      return { kind, id }
    default:
      throw new Error(`the feed holds an entry of an unknown kind`)
  }
}

import { type Ctx, narrow } from '../../../context.ts'
import { DAY } from '../../../lib/time.ts'
import { countOldEvents } from '../../events/service.ts'
import { countOldMails } from '../../mail/service/mails.ts'
import { countClosedRequests } from '../../privacy/service/requests.ts'
import { keptSince, leastDays, readRetention } from '../../retention/service.ts'
import { RETENTION_KINDS, type RetentionKind } from '../../retention/types.ts'
import { countOld, deleteOld } from '../store/results.ts'

type Kept = Pick<Ctx, 'db' | 'now' | 'config'>

/** How many rows of each kind are from before a time; null where only the objects of endpoints know. */
const COUNTS: Readonly<Record<RetentionKind, ((store: Kept, before: number) => Promise<number>) | null>> = {
  record: countOldEvents,
  attempts: null,
  mails: (store, before) => countOldMails(store, { status: 'sent', before }),
  dead_mails: (store, before) => countOldMails(store, { status: 'dead', before }),
  requests: countClosedRequests,
  reports: countOld,
}

export interface Expiry {
  readonly kind: RetentionKind
  readonly days: number
  readonly least: number
  /** What is older is over. */
  readonly before: number
  readonly rows: number | null
}

/** What each kind is kept for, and what of it is over. */
export async function listExpired(ctx: Kept): Promise<Expiry[]> {
  const [retention, least, now] = [await readRetention(ctx), leastDays(ctx.config), ctx.now()]
  return Promise.all(
    RETENTION_KINDS.map(async (kind) => {
      const before = now - retention[kind] * DAY
      const rows = (await COUNTS[kind]?.(ctx, before)) ?? null
      return { kind, days: retention[kind], least: least[kind], before, rows }
    }),
  )
}

const OVERDUE_MS = 2 * DAY

/** Rows that were over two days ago, and are there. */
export async function countOverdue(ctx: Ctx): Promise<number> {
  const then = ctx.now() - OVERDUE_MS
  const expired = await listExpired(narrow(ctx, { now: () => then }))
  return expired.reduce((sum, { rows }) => sum + (rows ?? 0), 0)
}

/** Cron: deletes results and reports that are kept no longer, a limited number in each run. */
export const pruneReports = async (ctx: Kept): Promise<void> => deleteOld(ctx, await keptSince(ctx, 'reports'))

import { type ActorCtx, actorOf, type Ctx } from '../../../context.ts'
import { recordIf } from '../../../db/commit.ts'
import { rateLimited } from '../../../lib/errors.ts'
import { HOUR, SECOND } from '../../../lib/time.ts'
import { type GivenFactors, requireFreshFactor } from '../../sign-in/service/step-up.ts'
import { commitmentsOf, leafOf, partsOf } from '../rules/chain.ts'
import { writeCursor } from '../rules/cursor.ts'
import { findNewestBlock, selectBlocksOf, selectNumbers } from '../store/chain.ts'
import { findEnd, hasExportedLess, selectRecords } from '../store/records.ts'
import type { Block, Place, RecordFilter, RecordRow, SeenRow, View } from '../types.ts'
import { type ProvenRecord, proveRow, shownParts } from './proof.ts'
import { startOf } from './records.ts'
import { createSight, viewOf } from './views.ts'

const ROWS_PER_PAGE = 500
const RECORDS_PER_EXPORT = 100_000
/** What one export reads at most to find its records. */
const ROWS_PER_EXPORT = 1_000_000
const EXPORTS_PER_HOUR = 30
const BLOCKS_PER_READ = 250

export const FORMATS = ['json', 'csv', 'ndjson'] as const
export type Format = (typeof FORMATS)[number]

export interface Export {
  readonly view: View
  readonly filter: RecordFilter
  readonly startedAt: number
  /** Whether nothing is left out between its newest record and its oldest. */
  readonly isWhole: boolean
  /** Whether an export before it has newer records. */
  readonly isContinued: boolean
  /** Where the next export goes on; null when this one has all. */
  readonly cursor: string | null
  /** The records, newest first, a page at a time: read when it is asked for. */
  readonly pages: AsyncGenerator<readonly SeenRow[]>
}

interface ExportInput {
  readonly format: Format
  readonly organizationId: string | null
  readonly filter: RecordFilter
  readonly cursor: string | undefined
  /** The filters as they were asked for: they stand in the event. */
  readonly asked: Readonly<Record<string, unknown>>
  readonly given: GivenFactors
}

/**
 * Begins an export of what the caller sees: 100,000 records at most. The event is written before anything is read. Throws what
 * `requireFreshFactor` and `viewOf` throw, INVALID_CURSOR, RATE_LIMIT_EXCEEDED beyond 30 an hour.
 */
export async function startExport(ctx: ActorCtx, input: ExportInput): Promise<Export> {
  await requireFreshFactor(ctx, input.given)
  const { filter, format, asked, organizationId } = input
  const view = await viewOf(ctx, organizationId)
  const { below, narrowed, before } = startOf(view, filter, input.cursor)
  const slot = { view, filter: narrowed }
  const now = ctx.now()
  const isWritten = await recordIf(ctx, hasExportedLess(ctx.actor.id, { since: now - HOUR, limit: EXPORTS_PER_HOUR }), {
    type: 'audit.exported',
    subject: ctx.actor.id,
    userId: ctx.actor.id,
    actor: actorOf(ctx),
    // What an admin of the platform exports is not the organization's: its admins would read who looks into them.
    ...(view.of === 'platform'
      ? {
          organizationId: null,
          data: { format, filters: { ...asked, ...(organizationId && { organization_id: organizationId }) } },
        }
      : { organizationId, data: { format, filters: asked } }),
  })
  if (!isWritten) throw rateLimited({ retry_after: HOUR / SECOND })
  const end = await findEnd(ctx, slot, { below, matches: RECORDS_PER_EXPORT, rows: ROWS_PER_EXPORT })
  return {
    view,
    filter,
    startedAt: now,
    isWhole: view.of === 'platform' && Object.values(narrowed).every((value) => value === undefined),
    isContinued: below !== null,
    cursor: end && writeCursor(view, filter, { position: end.position, time: end.time, before }),
    pages: readPages(ctx, slot, { below, upTo: end, newest: (await findNewestBlock(ctx))?.number ?? -1 }),
  }
}

/**
 * The one reading of many records: a page is read when it is asked for, so that memory does not grow with their number. A block that
 * is made meanwhile, behind `newest`, does not count: it would cover half of what the file has without one.
 */
async function* readPages(
  ctx: Pick<Ctx, 'db'>,
  slot: { view: View; filter: RecordFilter },
  { below, upTo, newest }: { below: Place | null; upTo: Place | null; newest: number },
): AsyncGenerator<readonly SeenRow[]> {
  const isCovered = ({ block }: RecordRow) => block !== null && block <= newest
  const see = createSight(ctx, slot.view)
  for (let place = below; ; ) {
    const { rows } = await selectRecords(ctx, slot, { below: place, upTo, limit: ROWS_PER_PAGE })
    const last = rows.at(-1)
    if (!last) return
    yield await see(rows.map((row) => (isCovered(row) ? row : { ...row, block: null })))
    if (rows.length < ROWS_PER_PAGE) return
    place = last
  }
}

/** The records of a page as their blocks have them; one that has no block yet, or is not what its block says, as it is. */
export async function proveRows(
  ctx: Pick<Ctx, 'db'>,
  rows: readonly SeenRow[],
): Promise<Omit<ProvenRecord, 'index'>[]> {
  const isEmptied = ({ row }: SeenRow) => row.dataSalt === null || row.originSalt === null
  const numbers = new Set(rows.flatMap((seen) => (isEmptied(seen) && seen.row.block ? [seen.row.block] : [])))
  // Only a block knows the commitment to a part that is gone.
  const blocks = numbers.size > 0 ? await selectBlocksOf(ctx, [...numbers]) : []
  const byNumber = new Map(blocks.map((block) => [block.number, block]))
  return rows.map((seen) => {
    const block = isEmptied(seen) ? byNumber.get(seen.row.block ?? 0) : undefined
    return (block && proveRow(seen, block)) ?? unproven(seen)
  })
}

function unproven(seen: SeenRow): Omit<ProvenRecord, 'index'> {
  const leaf = leafOf(seen.row, commitmentsOf(partsOf(seen.row)))
  return { leaf, ...shownParts(seen) }
}

/** The blocks of these numbers, or all between the first and the last. */
export async function* readBlocks(
  ctx: Pick<Ctx, 'db'>,
  numbers: readonly number[],
  { isWhole }: { isWhole: boolean },
): AsyncGenerator<readonly Block[]> {
  const ordered = numbers.toSorted((a, b) => a - b)
  const [from, to] = [ordered[0], ordered.at(-1)]
  const all = isWhole && from !== undefined && to !== undefined ? await selectNumbers(ctx, { from, to }) : ordered
  for (let start = 0; start < all.length; start += BLOCKS_PER_READ)
    yield await selectBlocksOf(ctx, all.slice(start, start + BLOCKS_PER_READ))
}

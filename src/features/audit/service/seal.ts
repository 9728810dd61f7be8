import type { Ctx } from '../../../context.ts'
import { type CommittedEvent, commit } from '../../../db/commit.ts'
import type { EventActor } from '../../../lib/event.ts'
import { HOUR } from '../../../lib/time.ts'
import { keptSince } from '../../retention/service.ts'
import { hashOf, listsOf, packLists, writeHead } from '../rules/chain.ts'
import { signHead } from '../rules/signing.ts'
import { readHead } from '../rules/verify.ts'
import {
  addSalts,
  clearLists,
  findLastTime,
  findNewestBlock,
  findNewestPosition,
  getKnownHead,
  hasHead,
  insertBlock,
  putKnownHead,
} from '../store/chain.ts'
import { selectByPosition } from '../store/records.ts'
import type { Block, Head, RecordRow } from '../types.ts'
import { loadAuditKey } from './keys.ts'

const RECORDS_PER_BLOCK = 256
const BLOCKS_PER_RUN = 50

const SYSTEM: EventActor = { type: 'system', id: 'audit' }
const ABOUT = { subject: 'audit', userId: null, actor: SYSTEM } as const

type SigningKey = Awaited<ReturnType<typeof loadAuditKey>>

const hourOf = (time: number): number => Math.floor(time / HOUR)

/** Clocks of two runs may differ: an hour never comes twice. */
const isHourAfter = (before: Block | undefined, now: number): boolean =>
  before === undefined || hourOf(now) > hourOf(before.time)

async function makeBlock(
  ctx: Ctx,
  before: Block | undefined,
  {
    rows,
    last,
    lost,
    key,
    keptFrom,
  }: { rows: readonly RecordRow[]; last: number; lost: Head['lost']; key: SigningKey; keptFrom: number },
): Promise<Block> {
  const lists = listsOf(rows)
  const now = ctx.now()
  const fields = {
    number: before ? before.number + 1 : 0,
    time: now,
    after: before ? before.lastPosition : last,
    last,
    previous: before?.hash ?? null,
    // Never back: what was pruned under a shorter retention stays explained.
    pruned_before: Math.max(before ? readHead(before).pruned_before : 0, keptFrom),
    lost,
  }
  const head = writeHead(fields, lists)
  return {
    number: fields.number,
    time: now,
    lastPosition: last,
    hash: hashOf(head),
    head,
    kid: key.kid,
    signature: await signHead(key.privateKey, head),
    ...packLists(lists),
  }
}

/** The first block of each hour is an event, and so is one that finds a head missing: copies of both outside prove the chain. */
function eventsOf(before: Block | undefined, block: Block, lost: Head['lost']): CommittedEvent[] {
  const isFirstOfHour = isHourAfter(before, block.time)
  const { number, hash } = block
  return [
    ...(isFirstOfHour ? [{ ...ABOUT, type: 'audit.checkpoint', data: { number, hash } } as const] : []),
    ...(lost ? [{ ...ABOUT, type: 'audit.restored', data: { lost } } as const] : []),
  ]
}

/** The head that KV knows and D1 does not: the database was restored. One that a block has named already is no news. */
async function findLost(ctx: Ctx): Promise<Head['lost']> {
  try {
    const known = await getKnownHead(ctx)
    if (!known || (await hasHead(ctx, known.hash))) return null
    const noticedAt = await findLastTime(ctx, 'audit.restored')
    return noticedAt !== undefined && known.time <= noticedAt ? null : { number: known.number, hash: known.hash }
  } catch (cause) {
    ctx.log.error('audit_head_unknown', cause)
    return null
  }
}

/**
 * Cron job: covers the rows that have no block yet, at most 12,800, by signed blocks. Of two runs at once one makes each block, and
 * the other stops. A block without records is made once an hour. Records from before the first block are not covered.
 */
export async function sealRecord(ctx: Ctx): Promise<void> {
  const key = await loadAuditKey(ctx)
  let before = await findNewestBlock(ctx)
  let lost = await findLost(ctx)
  const newest = await findNewestPosition(ctx)
  const keptFrom = await keptSince(ctx, 'record')
  const start = before?.lastPosition ?? newest
  const upTo = Math.min(newest, start + RECORDS_PER_BLOCK * BLOCKS_PER_RUN)
  if (before && upTo > start) await addSalts(ctx, { after: start, upTo })
  let made: Block | undefined
  for (let run = 0; run < BLOCKS_PER_RUN; run += 1) {
    const after = before?.lastPosition ?? newest
    const rows = await selectByPosition(ctx, { after, upTo, limit: RECORDS_PER_BLOCK })
    const isDue = rows.length > 0 || lost !== null || isHourAfter(before, ctx.now())
    if (!isDue) break
    const block = await makeBlock(ctx, before, { rows, last: rows.at(-1)?.position ?? after, lost, key, keptFrom })
    const [inserted] = await commit(ctx, insertBlock(ctx, block), ...eventsOf(before, block, lost))
    if (!inserted) break
    made = block
    before = block
    lost = null
  }
  if (made) await rememberHead(ctx, made)
}

/** A failure is no harm but that a restore is noticed later. */
async function rememberHead(ctx: Ctx, { number, hash, time }: Block): Promise<void> {
  try {
    await putKnownHead(ctx, { number, hash, time })
  } catch (cause) {
    ctx.log.error('audit_head_not_kept', cause)
  }
}

/** Cron job, after the record was pruned: blocks of which no record is left keep their heads alone. */
export async function pruneBlocks(ctx: Pick<Ctx, 'db'>): Promise<void> {
  const newest = await findNewestBlock(ctx)
  if (newest) await clearLists(ctx, readHead(newest).pruned_before)
}

import type { Ctx } from '../../../context.ts'
import { readLists } from '../rules/chain.ts'
import { isSigned } from '../rules/signing.ts'
import { checkHead, checkRecords, type Emptied, findHead, type SignatureCheck } from '../rules/verify.ts'
import {
  findBlock,
  findNewestBlock,
  getKnownHead,
  hasHead,
  type KnownHead,
  selectBlocks,
  selectErased,
} from '../store/chain.ts'
import { selectByPosition } from '../store/records.ts'
import type { Block, Finding, PublicAuditKey } from '../types.ts'
import { listAuditKeys } from './keys.ts'

const RECORDS_PER_CALL = 10_000
const BLOCKS_PER_CALL = 500
const BLOCKS_PER_READ = 50

export interface Verification {
  readonly findings: readonly Finding[]
  readonly records: number
  /** The first block that was looked at, and the last. */
  readonly from: number
  readonly to: number
  /** Where the next call goes on; null at the newest block. */
  readonly next: number | null
  /** Heads that a restored database lost, and the blocks that say so. */
  readonly restored: readonly { readonly block: number; readonly number: number; readonly hash: string }[]
}

/** Parts that are gone without an erasure of the person whose they were. */
async function unexplained(ctx: Ctx, emptied: readonly (Emptied & { block: number })[]): Promise<Finding[]> {
  const people = emptied.flatMap(({ person }) => person ?? [])
  const erased = await selectErased(ctx, [...new Set(people)])
  return emptied
    .filter(({ person }) => person === null || !erased.has(person))
    .map(({ block, id, part }) => ({ kind: 'part_emptied', block, id, part }))
}

async function findKnownHead(ctx: Ctx): Promise<KnownHead | null> {
  try {
    return await getKnownHead(ctx)
  } catch (cause) {
    ctx.log.error('audit_head_unknown', cause)
    return null
  }
}

const isSignedBy =
  (keys: readonly PublicAuditKey[]): SignatureCheck =>
  async ({ kid, head, signature }) => {
    const key = keys.find((one) => one.kid === kid)
    return key !== undefined && (await isSigned(key, head, signature))
  }

/** The head that KV has and the chain does not: its end was cut off, or the database was restored a moment ago. */
async function checkEnd(ctx: Ctx, newest: Block): Promise<Finding[]> {
  const known = await findKnownHead(ctx)
  if (!known || known.time < newest.time || (await hasHead(ctx, known.hash))) return []
  return [{ kind: 'head_lost', block: known.number }]
}

/** Recomputes the chain from a block on: 500 blocks and about 10,000 records a call. */
export async function verifyRecord(ctx: Ctx, { from }: { from: number }): Promise<Verification> {
  const [newest, keys, preceding] = await Promise.all([
    findNewestBlock(ctx),
    listAuditKeys(ctx),
    from > 0 ? findBlock(ctx, from - 1) : undefined,
  ])
  const findings: Finding[] = []
  if (!newest || from > newest.number) return { findings, records: 0, from, to: from, next: null, restored: [] }
  const prunedBefore = findHead(newest)?.pruned_before ?? 0
  const emptied: (Emptied & { block: number })[] = []
  const restored: Verification['restored'][number][] = []
  let [before, number, records]: [Block | null, number, number] = [preceding ?? null, from, 0]
  let pending: Block[] = []
  while (number <= newest.number && number < from + BLOCKS_PER_CALL && records < RECORDS_PER_CALL) {
    if (pending.length === 0) pending = await selectBlocks(ctx, { from: number, limit: BLOCKS_PER_READ })
    const block = pending.shift()
    if (!block) break
    if (block.number !== number) findings.push({ kind: 'block_missing', block: number })
    findings.push(...(await checkHead(block, block.number === number ? before : null, isSignedBy(keys))))
    before = block
    number = block.number + 1
    const head = findHead(block)
    if (!head) continue
    if (head.lost) restored.push({ block: block.number, ...head.lost })
    const rows = await selectByPosition(ctx, { after: head.after, upTo: head.last, limit: RECORDS_PER_CALL })
    const checked = checkRecords(block, head, readLists(block), rows, prunedBefore)
    findings.push(...checked.findings)
    emptied.push(...checked.emptied.map((one) => ({ ...one, block: block.number })))
    records += rows.length
  }
  const isEnd = number > newest.number
  findings.push(...(await unexplained(ctx, emptied)), ...(isEnd ? await checkEnd(ctx, newest) : []))
  return { findings, records, from, to: number - 1, next: isEnd ? null : number, restored }
}

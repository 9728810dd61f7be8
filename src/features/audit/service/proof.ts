import type { ActorCtx, Ctx } from '../../../context.ts'
import { notFound } from '../../../lib/errors.ts'
import { isAdmin } from '../../../lib/roles.ts'
import { enterScopeToChange } from '../../memberships/service.ts'
import { type Part, partsOf, readLists } from '../rules/chain.ts'
import { findLeaf } from '../rules/verify.ts'
import { findBlock, findNewestBlock, selectHeads } from '../store/chain.ts'
import type { Block, PublicAuditKey, RecordRow, SeenRow } from '../types.ts'
import { listAuditKeys } from './keys.ts'
import { getRecord } from './records.ts'

export type StoredHead = Pick<Block, 'number' | 'hash' | 'head' | 'kid' | 'signature'>

/** For admins of the platform, and the owners and admins of an organization. Throws what `enterScopeToChange` throws. */
async function requireReader(ctx: ActorCtx, organizationId: string | undefined): Promise<void> {
  if (!isAdmin(ctx.actor)) await enterScopeToChange(ctx, organizationId, 'admin')
}

/** The newest head. Throws NOT_FOUND before the first run of cron. */
export async function getCheckpoint(ctx: ActorCtx, organizationId: string | undefined): Promise<StoredHead> {
  await requireReader(ctx, organizationId)
  const newest = await findNewestBlock(ctx)
  if (!newest) throw notFound()
  return newest
}

/** Heads from a number on: each names the one before it, so that they prove what was only added to. */
export async function listHeads(
  ctx: ActorCtx,
  organizationId: string | undefined,
  { since, limit }: { since: number; limit: number },
): Promise<{ heads: StoredHead[]; hasMore: boolean }> {
  await requireReader(ctx, organizationId)
  const found = await selectHeads(ctx, { from: since, limit: limit + 1 })
  return { heads: found.slice(0, limit), hasMore: found.length > limit }
}

/** A part as its reader may see it, with what its commitment was made of. */
type ShownPart = { readonly salt: string; readonly text: string } | null

export interface ProvenRecord {
  /** The text whose SHA-256 is in the list of the block. */
  readonly leaf: string
  readonly index: number
  readonly data: ShownPart
  readonly origin: ShownPart
}

/** The parts of a row that are there and that its reader may see. */
export function shownParts({ row, seesData, seesOrigin }: SeenRow): Pick<ProvenRecord, 'data' | 'origin'> {
  const shown = ({ salt, text }: Part, isSeen: boolean): ShownPart => (isSeen && salt !== null ? { salt, text } : null)
  const { data, origin } = partsOf(row)
  return { data: shown(data, seesData), origin: shown(origin, seesOrigin) }
}

/** Undefined for a row that is not what its block says. */
export function proveRow(seen: SeenRow, block: Block): ProvenRecord | undefined {
  const lists = readLists(block)
  const found = lists && findLeaf(lists, seen.row)
  return found ? { ...found, ...shownParts(seen) } : undefined
}

/** Why a row has no block: the next run of cron makes one, or it is from before the chain. */
export type Coverage = 'covered' | 'pending' | 'before_chain' | 'changed'

export const coverageOf = ({ block }: Pick<RecordRow, 'block'>): Exclude<Coverage, 'changed'> =>
  block === null ? 'pending' : block === 0 ? 'before_chain' : 'covered'

export interface Proof {
  readonly coverage: Coverage
  readonly record: ProvenRecord | null
  readonly block: Block | null
  readonly keys: readonly PublicAuditKey[]
}

/** What proves that an entry is in the chain, as far as the caller sees it. Throws NOT_FOUND. */
export async function proveRecord(ctx: ActorCtx, id: string): Promise<Proof> {
  const [seen, keys] = await Promise.all([getRecord(ctx, id), listAuditKeys(ctx)])
  const block = seen.row.block ? await findBlockOf(ctx, seen.row.block) : null
  if (!block) return { coverage: coverageOf(seen.row), record: null, block: null, keys }
  const record = proveRow(seen, block)
  return { coverage: record ? 'covered' : 'changed', record: record ?? null, block, keys }
}

const findBlockOf = async (ctx: Pick<Ctx, 'db'>, number: number): Promise<Block | null> =>
  (await findBlock(ctx, number)) ?? null

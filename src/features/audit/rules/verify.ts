import * as z from 'zod/mini'
import type { Block, Finding, Head, RecordRow } from '../types.ts'
import {
  type Commitments,
  commitmentTo,
  EMPTY_TEXTS,
  FORMAT,
  hashOf,
  type Lists,
  leafOf,
  listHash,
  NO_PART,
  PART_NAMES,
  type PartName,
  partsOf,
} from './chain.ts'

/** Of a block that was not changed. */
export const readHead = ({ head }: Pick<Block, 'head'>): Head => JSON.parse(head) as Head

/** Undefined for what is no head. */
export function findHead({ head }: Pick<Block, 'head'>): Head | undefined {
  try {
    return HeadText.safeParse(JSON.parse(head)).data
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined
    throw cause
  }
}

const HeadText = z.object({
  format: z.literal(FORMAT),
  number: z.int(),
  time: z.int(),
  count: z.int(),
  after: z.int(),
  last: z.int(),
  list: z.string(),
  previous: z.nullable(z.string()),
  pruned_before: z.int(),
  lost: z.nullable(z.object({ number: z.int(), hash: z.string() })),
})

type SignedHead = Pick<Block, 'number' | 'head' | 'hash' | 'kid' | 'signature'>

/** Whether the key that the block names has signed its head. */
export type SignatureCheck = (block: SignedHead) => boolean | Promise<boolean>

/** Compares a head with its hash, its signature and the head before it; `before` is null where that is not at hand. */
export async function checkHead(
  block: SignedHead,
  before: Pick<Block, 'head' | 'hash'> | null,
  isSigned: SignatureCheck,
): Promise<Finding[]> {
  const { number, hash } = block
  const findings: Finding[] = []
  const find = (kind: Finding['kind']) => findings.push({ kind, block: number })
  if (hashOf(block.head) !== hash) find('head_changed')
  if (!(await isSigned(block))) find('signature_invalid')
  const head = findHead(block)
  if (head?.number !== number) find('head_changed')
  if (before && (head?.previous !== before.hash || head.after !== findHead(before)?.last)) find('chain_broken')
  return findings
}

interface Candidate {
  readonly id: string
  /** The hash of the record, if it is the one at this index of the block. */
  hashAt(index: number): string
}

interface Match {
  /** Which record stands at which index. */
  readonly indexes: ReadonlyMap<string, number>
  readonly findings: readonly Pick<Finding, 'kind' | 'id' | 'index'>[]
  /** Indexes without a record. */
  readonly missing: readonly number[]
}

/** Finds each record in the list of a block. `records` are in the order of their positions. */
export function matchRecords(leaves: readonly string[], records: readonly Candidate[]): Match {
  const indexes = new Map<string, number>()
  const free = new Set(leaves.keys())
  const findings: Pick<Finding, 'kind' | 'id' | 'index'>[] = []
  const unknown: string[] = []
  let next = 0
  for (const { id, hashAt } of records) {
    const isAt = (index: number) => free.has(index) && hashAt(index) === leaves[index]
    let index = next
    while (index < leaves.length && !isAt(index)) index += 1
    if (index === leaves.length) {
      index = [...free].find(isAt) ?? leaves.length
      if (index === leaves.length) {
        unknown.push(id)
        continue
      }
      findings.push({ kind: 'record_moved', id })
    } else next = index + 1
    indexes.set(id, index)
    free.delete(index)
  }
  // A record that is in no list took the place of one that is missing; what is left over was added or removed.
  const missing = [...free]
  const changed = unknown.splice(0, missing.length)
  const replaced = missing.splice(0, changed.length)
  findings.push(...changed.map((id, at) => ({ kind: 'record_changed', id, index: replaced[at] ?? 0 }) as const))
  findings.push(...unknown.map((id) => ({ kind: 'record_inserted', id }) as const))
  return { indexes, findings, missing }
}

const NONE: Commitments = { data: NO_PART, origin: NO_PART }

const isListOf = (head: Head, { leaves, commitments }: Lists): boolean =>
  leaves.length === head.count && commitments.length === head.count && listHash(leaves) === head.list

const matchRows = ({ leaves, commitments }: Lists, rows: readonly RecordRow[]): Match =>
  matchRecords(
    leaves,
    rows.map((row) => ({ id: row.id, hashAt: (index) => hashOf(leafOf(row, commitments[index] ?? NONE)) })),
  )

/** The text that stands for a row in its block, and where; undefined for a row that was changed. */
export function findLeaf(lists: Lists, row: RecordRow): { leaf: string; index: number } | undefined {
  const index = matchRows(lists, [row]).indexes.get(row.id)
  return index === undefined ? undefined : { leaf: leafOf(row, lists.commitments[index] ?? NONE), index }
}

/** A part that is gone from a row, and whose it was. */
export interface Emptied {
  readonly id: string
  readonly part: PartName
  readonly person: string | null
}

const ownerOf = (row: RecordRow, part: PartName): string | null =>
  part === 'origin' && row.actorType === 'user' ? row.actorId : row.userId

/** Compares the parts of a row with what the block was committed to. */
function checkParts(row: RecordRow, commitments: Commitments): { changed: PartName[]; emptied: PartName[] } {
  const parts = partsOf(row)
  const stateOf = (name: PartName): 'good' | 'changed' | 'emptied' => {
    const { salt, text } = parts[name]
    if (salt === null && text !== EMPTY_TEXTS[name]) return 'changed'
    if (salt === null) return commitments[name] === NO_PART ? 'good' : 'emptied'
    return /^[0-9a-f]{32}$/.test(salt) && commitmentTo(parts[name]) === commitments[name] ? 'good' : 'changed'
  }
  return {
    changed: PART_NAMES.filter((name) => stateOf(name) === 'changed'),
    emptied: PART_NAMES.filter((name) => stateOf(name) === 'emptied'),
  }
}

/** Compares a block with its rows. A row may be missing only in a block from before `prunedBefore`. */
export function checkRecords(
  { number }: Pick<Block, 'number'>,
  head: Head,
  lists: Lists | null,
  rows: readonly RecordRow[],
  prunedBefore: number,
): { findings: Finding[]; emptied: Emptied[] } {
  const isOld = head.time < prunedBefore
  const ids = rows.map(({ id }) => id)
  if (lists === null) {
    const findings: Finding[] = ids.map((id) => ({ kind: 'record_inserted', block: number, id }))
    return { findings: isOld ? findings : [{ kind: 'list_changed', block: number }, ...findings], emptied: [] }
  }
  if (!isListOf(head, lists)) return { findings: [{ kind: 'list_changed', block: number }], emptied: [] }
  const match = matchRows(lists, rows)
  const findings: Finding[] = match.findings.map((finding) => ({ ...finding, block: number }))
  if (!isOld)
    findings.push(...match.missing.map((index) => ({ kind: 'record_deleted', block: number, index }) as const))
  const emptied: Emptied[] = []
  for (const row of rows) {
    const index = match.indexes.get(row.id)
    if (index === undefined) continue
    const parts = checkParts(row, lists.commitments[index] ?? NONE)
    findings.push(...parts.changed.map((part) => ({ kind: 'part_changed', block: number, id: row.id, part }) as const))
    emptied.push(...parts.emptied.map((part) => ({ id: row.id, part, person: ownerOf(row, part) })))
  }
  return { findings, emptied }
}

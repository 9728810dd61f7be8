import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import * as z from 'zod'
import {
  commitmentTo,
  FORMAT,
  HASH_BYTES,
  hashOf,
  listHash,
  NO_PART,
  PART_NAMES,
} from '../../src/features/audit/rules/chain.ts'
import { checkHead, findHead, matchRecords, type SignatureCheck } from '../../src/features/audit/rules/verify.ts'
import type { Head } from '../../src/features/audit/types.ts'
import { Refusal } from './refusal.ts'

const Part = z.object({ salt: z.string().regex(/^[0-9a-f]{32}$/), text: z.string() }).nullable()

const Line = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('export'),
    format: z.literal(FORMAT),
    scope: z.object({ of: z.string() }),
    whole: z.boolean(),
    continued: z.boolean(),
    cursor: z.string().nullable(),
  }),
  z.object({
    kind: z.literal('record'),
    block: z.int().nullable(),
    leaf: z.string(),
    data: Part,
    origin: Part,
  }),
  z.object({
    kind: z.literal('block'),
    number: z.int(),
    hash: z.string(),
    head: z.string(),
    kid: z.string(),
    signature: z.string(),
    leaves: z.base64().nullable(),
  }),
  z.object({ kind: z.literal('key'), kid: z.string(), pem: z.string() }),
  z.object({ kind: z.literal('end'), records: z.int(), blocks: z.int() }),
])
type Line = z.infer<typeof Line>
type RecordLine = Extract<Line, { kind: 'record' }>
type BlockLine = Extract<Line, { kind: 'block' }>
type ExportLine = Extract<Line, { kind: 'export' }>

const Leaf = z.object({
  position: z.int(),
  id: z.string(),
  type: z.string(),
  subject: z.string(),
  user_id: z.string().nullable(),
  actor_type: z.string(),
  actor_id: z.string(),
  data: z.string(),
  origin: z.string(),
})
type Leaf = z.infer<typeof Leaf>

interface Placed {
  readonly id: string
  readonly position: number
  readonly hash: string
}

interface Uncovered {
  readonly id: string
  readonly position: number
  readonly block: number | null
}

/** What a file says, and what is wrong with it. */
export interface AuditReport {
  readonly findings: readonly string[]
  readonly records: number
  readonly blocks: number
  /** Records that no block covers: younger than the next run of cron, or older than the chain. */
  readonly uncovered: number
  /** Whether the export has all records between its newest and its oldest: only then missing ones are looked for. */
  readonly isWhole: boolean
  /** Heads that the chain says were lost with a restore of the database. */
  readonly restored: readonly string[]
  readonly kids: readonly string[]
}

const PEM = /^-----BEGIN PUBLIC KEY-----\n[\w+/=\n]+-----END PUBLIC KEY-----\n$/

/** Undefined for what is no key. */
function keyOf(pem: string): KeyObject | undefined {
  if (!PEM.test(pem)) return undefined
  try {
    return createPublicKey(pem)
  } catch {
    // Its signatures count as wrong.
    return undefined
  }
}

/** Reads a file of an NDJSON export once; of its records it keeps the hashes alone. Throws a Refusal for what is no such file. */
async function readLines(file: string, take: (line: Line) => void): Promise<void> {
  let at = 0
  for await (const text of createInterface({
    input: createReadStream(file, 'utf8'),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    at += 1
    take(parseLine(text, at))
  }
}

function parseLine(text: string, at: number): Line {
  try {
    const { data, error } = Line.safeParse(JSON.parse(text))
    if (data) return data
    throw new Refusal(`line ${at} is none of an export of the record: ${error.issues[0]?.message}`)
  } catch (cause) {
    if (cause instanceof SyntaxError)
      throw new Refusal(`line ${at} is no JSON: the file was cut, or is no NDJSON export`)
    throw cause
  }
}

/** Compares the parts that the file has with what the record was committed to. */
function* checkParts(line: RecordLine, leaf: Leaf): Generator<string> {
  for (const name of PART_NAMES) {
    const part = line[name]
    if (part && commitmentTo(part) !== leaf[name]) yield `record ${leaf.id}: its ${name} was changed`
  }
}

const ownerOf = (leaf: Leaf, part: 'data' | 'origin'): string | null =>
  part === 'origin' && leaf.actor_type === 'user' ? leaf.actor_id : leaf.user_id

/** Verifies an export offline. `known`: an older head, which the chain must still have. */
export async function verifyFile(file: string, known?: { number: number; hash: string }): Promise<AuditReport> {
  const findings: string[] = []
  const placed = new Map<number, Placed[]>()
  const uncovered: Uncovered[] = []
  const emptied: { id: string; part: string; person: string | null }[] = []
  const erased = new Set<string>()
  const blocks: BlockLine[] = []
  const keys = new Map<string, KeyObject | undefined>()
  let records = 0
  let head: ExportLine | undefined
  let end: Extract<Line, { kind: 'end' }> | undefined
  await readLines(file, (line) => {
    if (line.kind === 'export') head = line
    if (line.kind === 'end') end = line
    if (line.kind === 'key') keys.set(line.kid, keyOf(line.pem))
    if (line.kind === 'block') blocks.push(line)
    if (line.kind !== 'record') return
    records += 1
    const leaf = Leaf.parse(JSON.parse(line.leaf))
    findings.push(...checkParts(line, leaf))
    for (const part of PART_NAMES)
      if (!line[part] && leaf[part] !== NO_PART) emptied.push({ id: leaf.id, part, person: ownerOf(leaf, part) })
    if (!line.block) {
      uncovered.push({ id: leaf.id, position: leaf.position, block: line.block })
      return
    }
    // Without a block anybody could have written it.
    if (leaf.type === 'user.erased') erased.add(leaf.subject)
    const others = placed.get(line.block) ?? []
    others.push({ id: leaf.id, position: leaf.position, hash: hashOf(line.leaf) })
    placed.set(line.block, others)
  })
  if (!head) throw new Refusal('the file does not begin as an NDJSON export of the record')
  if (end?.records !== records || end.blocks !== blocks.length)
    findings.push('the file was cut: its last line does not count what it has')
  findings.push(...(await checkBlocks(blocks, { placed, keys, head, known })), ...checkUncovered(uncovered, blocks))
  // Only who reads the whole record sees whose erasure it was.
  if (head.whole) {
    for (const { id, part, person } of emptied)
      if (person === null || !erased.has(person))
        findings.push(`record ${id}: its ${part} is gone without an erasure of its person in this file`)
  }
  const restored = blocks.flatMap((block) => {
    const { lost } = findHead(block) ?? { lost: null }
    return lost ? [`block ${block.number}: the database was restored, head ${lost.number} (${lost.hash}) was lost`] : []
  })
  return {
    findings,
    records,
    blocks: blocks.length,
    uncovered: uncovered.length,
    isWhole: head.whole,
    restored,
    kids: [...new Set(blocks.map(({ kid }) => kid))],
  }
}

/** Records without a block are newer than every block of the file; those from before the chain are at most at the end of block 0. */
function checkUncovered(records: readonly Uncovered[], blocks: readonly BlockLine[]): string[] {
  const lastOf = (some: readonly BlockLine[]) => Math.max(-1, ...some.map((block) => findHead(block)?.last ?? -1))
  const [newest, first] = [lastOf(blocks), lastOf(blocks.filter(({ number }) => number === 0))]
  return records
    .filter(({ block, position }) => (block === null ? position <= newest : position > first))
    .map(({ id }) => `record ${id}: it is said to have no block, and stands where blocks cover all`)
}

interface Evidence {
  readonly placed: ReadonlyMap<number, Placed[]>
  readonly keys: ReadonlyMap<string, KeyObject | undefined>
  readonly head: ExportLine
  readonly known: { number: number; hash: string } | undefined
}

async function checkBlocks(blocks: readonly BlockLine[], evidence: Evidence): Promise<string[]> {
  const { placed, keys, head: file, known } = evidence
  const findings: string[] = []
  const isSigned: SignatureCheck = ({ kid, head, signature }) => {
    const key = keys.get(kid)
    return key !== undefined && verify(null, Buffer.from(head), key, Buffer.from(signature, 'base64url'))
  }
  const prunedBefore = Math.max(0, ...blocks.map((block) => findHead(block)?.pruned_before ?? 0))
  let before: BlockLine | null = null
  for (const [index, block] of blocks.entries()) {
    const { number } = block
    const isNext: boolean = before !== null && number === before.number + 1
    if (file.whole && before && !isNext) findings.push(`block ${before.number + 1} is missing`)
    for (const { kind } of await checkHead(block, isNext ? before : null, isSigned))
      findings.push(`block ${number}: ${kind}`)
    const isPartial =
      !file.whole || (index === 0 && file.cursor !== null) || (index === blocks.length - 1 && file.continued)
    const head = findHead(block)
    if (head) findings.push(...checkList(block, head, placed.get(number) ?? [], isPartial || head.time < prunedBefore))
    before = block
  }
  const numbers = new Set(blocks.map(({ number }) => number))
  for (const [number, records] of placed)
    if (!numbers.has(number)) findings.push(...records.map(({ id }) => `record ${id}: its block ${number} is missing`))
  if (known && blocks.find(({ number }) => number === known.number)?.hash !== known.hash)
    findings.push(`block ${known.number} is not the one whose head you know`)
  return findings
}

const HASHES = new RegExp(`.{${2 * HASH_BYTES}}`, 'g')

const WORDS = {
  record_changed: 'was changed',
  record_inserted: 'was added',
  record_moved: 'was moved',
} as const

function checkList({ number, leaves }: BlockLine, head: Head, records: readonly Placed[], mayMiss: boolean): string[] {
  if (leaves === null) {
    const added = records.map(({ id }) => `record ${id}: was added`)
    return mayMiss || head.count === 0 ? added : [`block ${number}: its list is gone`, ...added]
  }
  const list = Buffer.from(leaves, 'base64').toString('hex').match(HASHES) ?? []
  if (list.length !== head.count || listHash(list) !== head.list) return [`block ${number}: its list was changed`]
  const ordered = records.toSorted((a, b) => a.position - b.position)
  const match = matchRecords(
    list,
    ordered.map(({ id, hash }) => ({ id, hashAt: () => hash })),
  )
  const found = match.findings.map(
    ({ kind, id }) => `record ${id}: ${kind in WORDS ? WORDS[kind as keyof typeof WORDS] : kind}`,
  )
  const missing = mayMiss ? [] : match.missing.map((at) => `block ${number}: its record ${at} is missing`)
  return [...found, ...missing]
}

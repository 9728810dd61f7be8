import { sha256Hex } from '../../../lib/crypto.ts'
import type { Block, Head, RecordRow } from '../types.ts'

// What is hashed, committed to and signed. docs/audit.md describes it for those who verify without this code.

/** Names the format, so that a signature over a head is never one over something else. */
export const FORMAT = 'postern-audit-1'
export const HASH_BYTES = 32

/** Stands for the commitment to a part that was not there when the block was made. */
export const NO_PART = '0'.repeat(2 * HASH_BYTES)

/** The two parts of a record that can be erased: their texts, and the bytes that make commitments to them unguessable. */
export interface Part {
  /** 32 hex digits; null for a part that was erased. */
  readonly salt: string | null
  readonly text: string
}

export const PART_NAMES = ['data', 'origin'] as const
export type PartName = (typeof PART_NAMES)[number]
export type Parts = Readonly<Record<PartName, Part>>

export const partsOf = (row: RecordRow): Parts => ({
  data: { salt: row.dataSalt, text: row.data },
  origin: { salt: row.originSalt, text: JSON.stringify([row.ip, row.userAgent]) },
})

/** The text of a part that says nothing, as an erasure leaves it. */
export const EMPTY_TEXTS: Readonly<Record<PartName, string>> = { data: '{}', origin: '[null,null]' }

/** In hex, as all hashes here. */
export const commitmentTo = ({ salt, text }: Part): string => (salt === null ? NO_PART : sha256Hex(salt, text))

/** Of the parts of a record. */
export type Commitments = Readonly<Record<PartName, string>>

export const commitmentsOf = ({ data, origin }: Parts): Commitments => ({
  data: commitmentTo(data),
  origin: commitmentTo(origin),
})

/** The text whose SHA-256 stands for the record. Its keys and their order never change. */
export const leafOf = (row: Omit<RecordRow, 'block'>, { data, origin }: Commitments): string =>
  JSON.stringify({
    position: row.position,
    id: row.id,
    type: row.type,
    time: row.time,
    subject: row.subject,
    user_id: row.userId,
    actor_type: row.actorType,
    actor_id: row.actorId,
    session_id: row.sessionId,
    organization_id: row.organizationId,
    data,
    origin,
  })

export const hashOf = (text: string): string => sha256Hex('', text)

/** What a block has of its records, in the order of their positions. */
export interface Lists {
  readonly leaves: readonly string[]
  readonly commitments: readonly Commitments[]
}

export function listsOf(rows: readonly RecordRow[]): Lists {
  const commitments = rows.map((row) => commitmentsOf(partsOf(row)))
  const leaves = rows.map((row, index) => hashOf(leafOf(row, commitments[index] ?? { data: NO_PART, origin: NO_PART })))
  return { leaves, commitments }
}

export const listHash = (leaves: readonly string[]): string => sha256Hex(leaves.join(''))

/** Hashes one after the other, base64. */
const pack = (hashes: readonly string[]): string => Uint8Array.fromHex(hashes.join('')).toBase64()

/** What is no base64 is an empty list, which no head fits. */
function unpack(text: string): string[] {
  try {
    return Uint8Array.fromBase64(text).toHex().match(/.{64}/g) ?? []
  } catch (cause) {
    if (cause instanceof SyntaxError) return []
    throw cause
  }
}

export const packLists = ({ leaves, commitments }: Lists): { leaves: string; commitments: string } => ({
  leaves: pack(leaves),
  commitments: pack(commitments.flatMap(({ data, origin }) => [data, origin])),
})

/** The lists of a stored block; null when they were pruned. */
export function readLists({ leaves, commitments }: Pick<Block, 'leaves' | 'commitments'>): Lists | null {
  if (leaves === null || commitments === null) return null
  const hashes = unpack(commitments)
  const pairs = Array.from({ length: Math.floor(hashes.length / 2) }, (_, at) => ({
    data: hashes[2 * at] ?? NO_PART,
    origin: hashes[2 * at + 1] ?? NO_PART,
  }))
  return { leaves: unpack(leaves), commitments: pairs }
}

/** What a new block says beside its records. */
export type HeadFields = Omit<Head, 'format' | 'list' | 'count'>

/** The head as it is signed. */
export const writeHead = (fields: HeadFields, { leaves }: Pick<Lists, 'leaves'>): string =>
  JSON.stringify({
    format: FORMAT,
    number: fields.number,
    time: fields.time,
    count: leaves.length,
    after: fields.after,
    last: fields.last,
    list: listHash(leaves),
    previous: fields.previous,
    pruned_before: fields.pruned_before,
    lost: fields.lost,
  } satisfies Head)

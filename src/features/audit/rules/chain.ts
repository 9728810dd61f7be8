import { sha256Sync } from '../../../lib/crypto.ts'
import { concatBytes, utf8 } from '../../../lib/encoding.ts'
import type { Block, Head, RecordRow } from '../types.ts'

// What is hashed, committed to and signed. docs/audit.md describes it for those who verify without this code.

/** Names the format, so that a signature over a head is never one over something else. */
export const FORMAT = 'postern-audit-1'
export const HASH_BYTES = 32
export const COMMITMENTS_BYTES = 2 * HASH_BYTES

/** Stands for the commitment to a part that was not there when the block was made. */
const NO_PART = new Uint8Array(HASH_BYTES)

export const toHex = (bytes: Uint8Array): string => bytes.toHex()

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

/** Throws for a salt that is no hex. */
export const commitmentTo = ({ salt, text }: Part): Uint8Array =>
  salt === null ? NO_PART : sha256Sync(concatBytes(Uint8Array.fromHex(salt), utf8(text)))

export const isNoPart = (commitment: Uint8Array): boolean => commitment.every((byte) => byte === 0)

/** Both commitments of a record, one after the other. */
export const commitmentsOf = (parts: Parts): Uint8Array =>
  concatBytes(...PART_NAMES.map((name) => commitmentTo(parts[name])))

/** The text whose SHA-256 stands for the record. Its keys and their order never change. */
export function leafOf(row: Omit<RecordRow, 'block'>, commitments: Uint8Array): string {
  const [data, origin] = [commitments.subarray(0, HASH_BYTES), commitments.subarray(HASH_BYTES)]
  return JSON.stringify({
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
    data: toHex(data),
    origin: toHex(origin),
  })
}

export const hashOf = (text: string): Uint8Array => sha256Sync(utf8(text))

export interface Lists {
  /** The hashes of the records of a block in the order of their positions. */
  readonly leaves: Uint8Array
  readonly commitments: Uint8Array
}

export function listsOf(rows: readonly RecordRow[]): Lists {
  const commitments = rows.map((row) => commitmentsOf(partsOf(row)))
  const leaves = rows.map((row, index) => hashOf(leafOf(row, commitments[index] as Uint8Array)))
  return { leaves: concatBytes(...leaves), commitments: concatBytes(...commitments) }
}

/** The lists of a stored block; null when they were pruned. What is no base64 is an empty list, which no head fits. */
export const readLists = ({ leaves, commitments }: Pick<Block, 'leaves' | 'commitments'>): Lists | null =>
  leaves === null || commitments === null ? null : { leaves: bytesOf(leaves), commitments: bytesOf(commitments) }

function bytesOf(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text)
  } catch (cause) {
    if (cause instanceof SyntaxError) return new Uint8Array()
    throw cause
  }
}

/** What a new block says beside its records. */
export type HeadFields = Omit<Head, 'format' | 'list' | 'count'>

/** The head as it is signed. */
export const writeHead = (fields: HeadFields, { leaves }: Pick<Lists, 'leaves'>): string =>
  JSON.stringify({
    format: FORMAT,
    number: fields.number,
    time: fields.time,
    count: leaves.length / HASH_BYTES,
    after: fields.after,
    last: fields.last,
    list: toHex(sha256Sync(leaves)),
    previous: fields.previous,
    pruned_before: fields.pruned_before,
    lost: fields.lost,
  } satisfies Head)

/** One record of an export, parsed but not validated. */
export type RawRecord = Readonly<Record<string, unknown>>

export const isRecord = (value: unknown): value is RawRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Undefined for an empty value: null, or an empty cell of a CSV. */
export const given = (value: unknown): unknown => (value === null || value === '' ? undefined : value)

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value ? value : undefined)

/** A scalar as text; empty for anything else: `String()` of an untrusted object may throw. */
export const scalarOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''

/** The first element of a list, or the value itself: some systems write a list. */
export const firstOf = (value: unknown): unknown => (Array.isArray(value) ? value[0] : value)

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ...['true', 't', '1', 'yes', 'y', 'on', 'enabled'].map((text) => [text, true] as const),
  ...['false', 'f', '0', 'no', 'n', 'off', 'disabled'].map((text) => [text, false] as const),
])

/** A boolean in any of the forms that systems and databases write (PostgreSQL: `t`, `f`); undefined for anything else. */
export const flagOf = (value: unknown): boolean | undefined => FLAGS.get(scalarOf(value).trim().toLowerCase())

/** The elements of a list that are objects. */
export const recordsOf = (value: unknown): RawRecord[] => (Array.isArray(value) ? value.filter(isRecord) : [])

/** A record of another system, converted to our fields. */
export interface ForeignUser {
  /** Undefined: the record's value under our own field name is used. Null: the field has no value. */
  readonly fields: RawRecord
  /** The user's id in the other system, as exported. */
  readonly foreignId: string | undefined
  /** What is not imported: `identity google-oauth2`, `second factor otp`. */
  readonly leftBehind: readonly string[]
  /** Why the row is rejected. */
  readonly refusal?: string | undefined
}

/** A stored hash in a supported format, or why it cannot be converted. Both absent: no password. */
export interface ForeignHash {
  readonly hash?: string
  readonly refusal?: string
}

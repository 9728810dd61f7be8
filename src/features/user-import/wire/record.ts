/** One record of an export, as it was parsed. */
export type RawRecord = Readonly<Record<string, unknown>>

export const isRecord = (value: unknown): value is RawRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What is there: systems write null or nothing for a field that is empty, CSV an empty cell. */
export const given = (value: unknown): unknown => (value === null || value === '' ? undefined : value)

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value ? value : undefined)

/** As text; empty for what is no scalar: an object of a stranger may refuse to become one. */
export const scalarOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''

/** The first element of what is a list on some systems, or the value itself. */
export const firstOf = (value: unknown): unknown => (Array.isArray(value) ? value[0] : value)

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ...['true', 't', '1', 'yes', 'y', 'on', 'enabled'].map((text) => [text, true] as const),
  ...['false', 'f', '0', 'no', 'n', 'off', 'disabled'].map((text) => [text, false] as const),
])

/** A boolean as systems and databases write it (PostgreSQL `t` and `f`), or undefined for what is none. */
export const flagOf = (value: unknown): boolean | undefined => FLAGS.get(scalarOf(value).trim().toLowerCase())

/** The elements of a list that are objects. */
export const recordsOf = (value: unknown): RawRecord[] => (Array.isArray(value) ? value.filter(isRecord) : [])

/** A record of another system in our fields. */
export interface ForeignUser {
  /** Where one is undefined, what the record says under our own name counts; where it is null, nothing does. */
  readonly fields: RawRecord
  /** The user's id over there, as its export has it. */
  readonly foreignId: string | undefined
  /** What the user had over there and does not have here: `identity google-oauth2`, `second factor otp`. */
  readonly leftBehind: readonly string[]
  /** Why the password cannot come along; the row is rejected with it. */
  readonly refusal?: string | undefined
}

/** A stored hash in a spelling that sign-in reads, or why there is none. Both absent: no password. */
export interface ForeignHash {
  readonly hash?: string
  readonly refusal?: string
}

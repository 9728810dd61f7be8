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

/** An address of a picture that we would take; other systems keep data URLs and worse, and it is no reason to lose a user. */
export const pictureOf = (value: unknown): string | undefined =>
  typeof value === 'string' && /^https?:\/\//.test(value) && value.length <= 500 && URL.canParse(value)
    ? value
    : undefined

/** A record of another system in our fields. */
export interface ForeignUser {
  /** Where one is undefined, what the record says under our own name counts; where it is null, nothing does. */
  readonly fields: RawRecord
  /** The user's id over there. */
  readonly foreignId: string | undefined
  /** Why the password cannot come along; the row is rejected with it. */
  readonly refusal?: string | undefined
}

/** A stored hash in a spelling that sign-in reads, or why there is none. Both absent: no password. */
export interface ForeignHash {
  readonly hash?: string
  readonly refusal?: string
}

import { type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'

/** A search for a prefix of one or two characters considers so many rows of each prefix, in alphabetical order. */
const MAX_PREFIX_MATCHES = 1000

/** The index is of trigrams: a shorter word is not in it. */
const TRIGRAM = 3

/** What a store says of a table that is searched (decision 0165). */
export interface Searched {
  /** The FTS5 table of trigrams, whose rowids are `number`. */
  readonly index: string
  readonly table: SQLiteTable
  readonly number: SQLiteColumn
  /** What is in the index, with spaces between. */
  readonly text: SQL
  /** What the first of short words must begin: indexed, and in lower case. */
  readonly prefixes: readonly (SQLiteColumn | SQL)[]
  /** A search by the index considers only so many matches, the newest. */
  readonly most: number
}

const wordsOf = (search: string): string[] => [
  ...new Set(search.normalize('NFKC').replaceAll('\0', '').split(/\s+/u).filter(Boolean)),
]

const hasTrigram = (word: string): boolean => [...word].length >= TRIGRAM

/** The numbers of rows in which every long word occurs. Quotes make FTS5's operators plain text; a NUL would end the text. */
function indexMatches({ index, most }: Searched, words: readonly string[]): SQL {
  const phrases = words.map((word) => `"${word.replaceAll('"', '""')}"`).join(' AND ')
  return sql`(select rowid from ${sql.raw(index)} where ${sql.raw(index)} match ${phrases} order by rowid desc limit ${most})`
}

/** The numbers of rows that begin with the word. */
function prefixMatches({ table, number, prefixes }: Searched, word: string): SQL {
  const [from, to] = [word.toLowerCase(), `${word.toLowerCase()}\u{10ffff}`]
  const matches = prefixes.map(
    (prefix) => sql`select number from (select ${number} as number from ${table}
      where ${prefix} >= ${from} and ${prefix} < ${to} order by ${prefix} limit ${MAX_PREFIX_MATCHES})`,
  )
  return sql`(${sql.join(matches, sql` union `)})`
}

/** As `lower` in SQLite, which only folds ASCII. */
const lowerAscii = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

/** All words in one parameter: D1 allows a hundred. */
const hasAll = (text: SQL, words: readonly string[]): SQL =>
  sql`not exists (select 1 from json_each(${JSON.stringify(words.map(lowerAscii))}) where instr(lower(${text}), value) = 0)`

/** Holds for a row that has every word. Long words are found by the index, short ones by reading what the index found. */
export function isMatch(searched: Searched, search: string): SQL {
  const words = wordsOf(search)
  const [first, ...others] = words
  // An empty search matches nothing.
  if (first === undefined) return sql`false`
  const long = words.filter(hasTrigram)
  const found = long.length > 0 ? indexMatches(searched, long) : prefixMatches(searched, first)
  const short = (long.length > 0 ? words : others).filter((word) => !hasTrigram(word))
  const isFound = sql`${searched.number} in ${found}`
  return short.length === 0 ? isFound : sql`${isFound} and ${hasAll(searched.text, short)}`
}

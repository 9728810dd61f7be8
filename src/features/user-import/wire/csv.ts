import type { RawRecord } from './record.ts'

// Also read by `npm run users:import`, outside the Worker's runtime.

/** RFC 4180 with any line end. A quote within an unquoted cell is a normal character, so that it breaks only its own row. */
export const CSV_OPTIONS = { bom: true, relax_column_count: true, relax_quotes: true, skip_empty_lines: true } as const

export const toColumns = (cells: readonly string[]): string[] => cells.map((cell) => cell.trim())

/** A repeated column name: the first of its two cells would be lost. */
export const findRepeatedColumn = (columns: readonly string[]): string | undefined =>
  columns.find((name, index) => name !== '' && columns.indexOf(name) !== index)

/** The record of a CSV line, or why the line does not match the header. */
export function toCsvRecord(columns: readonly string[], cells: readonly string[]): RawRecord | string {
  const hasMore = cells.slice(columns.length).some((cell) => cell !== '')
  if (hasMore || cells.length < columns.length)
    return `has ${cells.length} cells where the header has ${columns.length}`
  return Object.fromEntries(columns.map((name, index) => [name, cells[index]]))
}

import type { RawRecord } from './record.ts'

/** RFC 4180 with any line end. A quote inside a bare cell is a character: a broken cell spoils its own row, not those below. */
export const CSV_OPTIONS = { bom: true, relax_column_count: true, relax_quotes: true, skip_empty_lines: true } as const

export const toColumns = (cells: readonly string[]): string[] => cells.map((cell) => cell.trim())

/** The name that stands twice: of two cells with one name the first would be lost. */
export const findRepeatedColumn = (columns: readonly string[]): string | undefined =>
  columns.find((name, index) => name !== '' && columns.indexOf(name) !== index)

/** The record of a line under its header, or why the two do not fit. */
export function toCsvRecord(columns: readonly string[], cells: readonly string[]): RawRecord | string {
  const hasMore = cells.slice(columns.length).some((cell) => cell !== '')
  if (hasMore || cells.length < columns.length)
    return `has ${cells.length} cells where the header has ${columns.length}`
  return Object.fromEntries(columns.map((name, index) => [name, cells[index]]))
}

import { appendFile } from 'node:fs/promises'

/** A row that was imported, and not whole. */
export interface WarnedRow {
  readonly row: number
  readonly email: string | undefined
  readonly warning: string
}

export const warningsFileOf = (file: string): string => `${file}.warnings.ndjson`

/** Who was imported once is skipped when a row is sent again: nothing is written twice, and nothing taken back. */
export async function appendWarnings(file: string, rows: readonly WarnedRow[]): Promise<void> {
  if (rows.length === 0) return
  await appendFile(warningsFileOf(file), rows.map((row) => `${JSON.stringify(row)}\n`).join(''), { mode: 0o600 })
}

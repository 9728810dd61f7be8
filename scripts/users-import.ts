import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type FirebaseParameters, type ImportOptions, readOptions } from './support/user-import/options.ts'
import { createProgress, summaryOf } from './support/user-import/progress.ts'
import { openRejects, type RejectedRow, type RejectsFile } from './support/user-import/rejects.ts'
import type { SourceRow } from './support/user-import/row.ts'
import { createImportService, type ImportService, TOO_LARGE } from './support/user-import/service.ts'
import { openSource } from './support/user-import/source.ts'
import { type ImportState, loadState, removeState, saveState } from './support/user-import/state.ts'
import { appendWarnings, removeWarnings, type WarnedRow, warningsFileOf } from './support/user-import/warnings.ts'

/** Beneath the service's 1 MiB, with room for the hash parameters that each row of Firebase gets. */
const MAX_CHUNK_BYTES = 768 * 1024

/** The systems whose rows the service reads in another shape; the file's own form it guesses itself. */
const shapeOf = ({ format }: ImportOptions): string => (format === 'ndjson' || format === 'csv' ? 'auto' : format)

/** The parameters travel in the rows: an address of a request ends up in logs. */
function withParameters(line: string, firebase: FirebaseParameters | null): string {
  if (firebase === null || !line.includes('"localId"')) return line
  try {
    return JSON.stringify({ ...JSON.parse(line), hash_config: firebase })
  } catch {
    return line
  }
}

interface Outcome {
  readonly imported: number
  readonly skipped: number
  readonly tooDear: number
  readonly rejects: readonly RejectedRow[]
  readonly warnings: readonly WarnedRow[]
}

const NOTHING: Outcome = { imported: 0, skipped: 0, tooDear: 0, rejects: [], warnings: [] }

interface SentRow {
  readonly source: SourceRow
  readonly line: string
}

/** Halves what is too large for the service. */
async function sendRows(service: ImportService, rows: readonly SentRow[]): Promise<Outcome> {
  const [first] = rows
  if (!first) return NOTHING
  const answer = await service.send(rows.map(({ line }) => line))
  if (answer !== TOO_LARGE) {
    const rejects = answer.rows.flatMap(({ row, status, reason = '' }): RejectedRow[] => {
      const source = rows[row - 1]?.source
      return status === 'rejected' && source ? [{ row: source, reason }] : []
    })
    const warnings = answer.rows.flatMap(({ row, email, warning }): WarnedRow[] => {
      const source = rows[row - 1]?.source
      return warning && source ? [{ row: source.row, email, warning }] : []
    })
    return { imported: answer.imported, skipped: answer.skipped, tooDear: answer.too_dear ?? 0, rejects, warnings }
  }
  if (rows.length === 1) return { ...NOTHING, rejects: [{ row: first.source, reason: 'is too large' }] }
  const middle = rows.length >> 1
  const one = await sendRows(service, rows.slice(0, middle))
  const two = await sendRows(service, rows.slice(middle))
  return {
    imported: one.imported + two.imported,
    skipped: one.skipped + two.skipped,
    tooDear: one.tooDear + two.tooDear,
    rejects: [...one.rejects, ...two.rejects],
    warnings: [...one.warnings, ...two.warnings],
  }
}

interface ImportTarget {
  readonly service: ImportService
  readonly rejects: RejectsFile
  readonly file: string
  readonly firebase: FirebaseParameters | null
}

async function importChunk(
  chunk: readonly SourceRow[],
  state: ImportState,
  { service, rejects, file, firebase }: ImportTarget,
): Promise<ImportState> {
  const broken = chunk.flatMap((row): RejectedRow[] => ('reason' in row ? [{ row, reason: row.reason }] : []))
  const good = chunk.flatMap((source): SentRow[] =>
    'reason' in source ? [] : [{ source, line: withParameters(source.line, firebase) }],
  )
  const sent = await sendRows(service, good)
  await appendWarnings(file, sent.warnings)
  const refused = [...broken, ...sent.rejects].sort((one, other) => one.row.row - other.row.row)
  return {
    ...state,
    done: chunk.at(-1)?.row ?? state.done,
    imported: state.imported + sent.imported,
    skipped: state.skipped + sent.skipped,
    rejected: state.rejected + refused.length,
    tooDear: state.tooDear + sent.tooDear,
    warned: state.warned + sent.warnings.length,
    rejectsBytes: await rejects.append(refused),
  }
}

/** Rows behind `done`, in chunks of at most `size` rows. */
async function* chunksOf(rows: AsyncIterable<SourceRow>, done: number, size: number): AsyncGenerator<SourceRow[]> {
  let chunk: SourceRow[] = []
  let bytes = 0
  for await (const row of rows) {
    if (row.row <= done) continue
    const length = Buffer.byteLength(row.line ?? '')
    if (chunk.length === size || (chunk.length > 0 && bytes + length > MAX_CHUNK_BYTES)) {
      yield chunk
      chunk = []
      bytes = 0
    }
    chunk.push(row)
    bytes += length
  }
  if (chunk.length > 0) yield chunk
}

/** `npm run users:import -- FILE [--format …] [--url …] [--rejects …] [--chunk …] [--max-hash-ms …] [--firebase-…]`. */
export async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args, process.env)
  const { file, url, firebase } = options
  const started = performance.now()
  const { size } = await stat(file)
  const service = createImportService(url, shapeOf(options), options.credentials, options.maxHashMs)
  const source = await openSource(file, options.format)
  let state = await loadState(file, { url, format: options.format, rejects: resolve(options.rejects) })
  if (state.done > 0) console.log(`Going on behind row ${state.done}, where an earlier run stopped`)
  else await removeWarnings(file)
  const rejects = await openRejects(options.rejects, state.rejectsBytes)
  const progress = createProgress(process.stdout)
  try {
    for await (const chunk of chunksOf(source.rows(), state.done, options.chunk)) {
      state = await importChunk(chunk, state, { service, rejects, file, firebase })
      await saveState(file, state)
      progress.show(state, size === 0 ? 1 : source.bytesRead() / size)
    }
  } finally {
    progress.end()
    await rejects.close()
  }
  await removeState(file)
  const reports = { rejects: options.rejects, warnings: warningsFileOf(file) }
  console.log(summaryOf(state, reports, (performance.now() - started) / 1000))
}

import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Arguments } from './support/arguments.ts'
import {
  type FirebaseParameters,
  type ImportOptions,
  importCommand,
  readOptions,
} from './support/user-import/options.ts'
import { createProgress, summaryOf } from './support/user-import/progress.ts'
import {
  countRejects,
  openRejects,
  type RejectedRow,
  type RejectsFile,
  setAside,
} from './support/user-import/rejects.ts'
import type { SourceRow } from './support/user-import/row.ts'
import { createImportService, type ImportService, TOO_LARGE } from './support/user-import/service.ts'
import { openSource } from './support/user-import/source.ts'
import {
  addCounts,
  beginState,
  type Counts,
  countEach,
  type ImportState,
  loadState,
  removeState,
  saveState,
} from './support/user-import/state.ts'
import { appendWarnings, type WarnedRow, warningsFileOf } from './support/user-import/warnings.ts'

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

/** What the endpoint's query has beside the format. */
const modeOf = ({ maxHashMs, merge, dryRun }: ImportOptions): Record<string, string> => ({
  max_hash_ms: String(maxHashMs),
  ...(merge ? { merge: 'true' } : {}),
  ...(dryRun ? { dry_run: 'true' } : {}),
})

interface Outcome extends Pick<ImportState, 'imported' | 'skipped' | 'tooDear' | 'merged' | 'leftBehind' | 'ignored'> {
  readonly rejects: readonly RejectedRow[]
  readonly warnings: readonly WarnedRow[]
}

const NOTHING: Outcome = {
  imported: 0,
  skipped: 0,
  tooDear: 0,
  merged: 0,
  leftBehind: {},
  ignored: {},
  rejects: [],
  warnings: [],
}

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
    const { imported, skipped, too_dear: tooDear = 0, merged = 0, ignored = [] } = answer
    return {
      imported,
      skipped,
      tooDear,
      merged,
      leftBehind: countEach(answer.rows.flatMap(({ left_behind: left = [] }) => left)),
      ignored: Object.fromEntries(ignored.map(({ field, did_you_mean: meant }) => [field, meant])),
      rejects,
      warnings,
    }
  }
  if (rows.length === 1) return { ...NOTHING, rejects: [{ row: first.source, reason: 'is too large' }] }
  const middle = rows.length >> 1
  const one = await sendRows(service, rows.slice(0, middle))
  const two = await sendRows(service, rows.slice(middle))
  return {
    imported: one.imported + two.imported,
    skipped: one.skipped + two.skipped,
    tooDear: one.tooDear + two.tooDear,
    merged: one.merged + two.merged,
    leftBehind: addCounts(one.leftBehind, two.leftBehind),
    ignored: { ...one.ignored, ...two.ignored },
    rejects: [...one.rejects, ...two.rejects],
    warnings: [...one.warnings, ...two.warnings],
  }
}

interface Run {
  readonly service: ImportService
  /** Opens the files of rejected rows and warnings at the first call. */
  openReports(): Promise<RejectsFile>
  readonly options: ImportOptions
}

/** The fields that the warnings name. */
const lackingOf = (warnings: readonly WarnedRow[]): Counts =>
  countEach(warnings.flatMap(({ warning }) => warning.split('; ').map((text) => text.split(':', 1)[0] ?? '')))

async function importChunk(
  chunk: readonly SourceRow[],
  state: ImportState,
  { service, openReports, options: { file, firebase, dryRun } }: Run,
): Promise<ImportState> {
  const broken = chunk.flatMap((row): RejectedRow[] => ('reason' in row ? [{ row, reason: row.reason }] : []))
  const good = chunk.flatMap((source): SentRow[] =>
    'reason' in source ? [] : [{ source, line: withParameters(source.line, firebase) }],
  )
  const sent = await sendRows(service, good)
  // Not before an answer: a run that cannot sign in leaves the files of the one before.
  const rejects = await openReports()
  if (!dryRun) await appendWarnings(file, sent.warnings)
  const refused = [...broken, ...sent.rejects].sort((one, other) => one.row.row - other.row.row)
  return {
    ...state,
    done: chunk.at(-1)?.row ?? state.done,
    imported: state.imported + sent.imported,
    skipped: state.skipped + sent.skipped,
    rejected: state.rejected + refused.length,
    tooDear: state.tooDear + sent.tooDear,
    merged: state.merged + sent.merged,
    lacking: addCounts(state.lacking, lackingOf(sent.warnings)),
    leftBehind: addCounts(state.leftBehind, sent.leftBehind),
    ignored: { ...state.ignored, ...sent.ignored },
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

export const command = importCommand

export async function main(args: Arguments<typeof command>): Promise<void> {
  const options = readOptions(args, process.env)
  const { file, url, format, realm, merge, dryRun } = options
  const started = performance.now()
  const { size } = await stat(file)
  const service = createImportService(url, shapeOf(options), options.credentials, modeOf(options))
  const source = await openSource(file, format, realm)
  const target = { url, format, realm, merge, rejects: resolve(options.rejects) }
  let state = await (dryRun ? beginState : loadState)(file, target)
  if (state.done > 0) console.log(`Going on behind row ${state.done}, where an earlier run stopped`)
  const counted = countRejects()
  let rejects: RejectsFile | undefined
  const openReports = async (): Promise<RejectsFile> => {
    if (!rejects && !dryRun && state.done === 0) await setAside(warningsFileOf(file))
    rejects ??= dryRun ? counted : await openRejects(options.rejects, state.rejectsBytes)
    return rejects
  }
  const progress = createProgress(process.stdout)
  try {
    for await (const chunk of chunksOf(source.rows(), state.done, options.chunk)) {
      state = await importChunk(chunk, state, { service, openReports, options })
      if (!dryRun) await saveState(file, state)
      progress.show(state, size === 0 ? 1 : source.bytesRead() / size)
    }
  } finally {
    progress.end()
    await rejects?.close()
  }
  if (!dryRun) await removeState(file)
  const reports = dryRun ? null : { rejects: options.rejects, warnings: warningsFileOf(file) }
  if (dryRun) console.log('Nothing was written; a run would have:')
  console.log(summaryOf(state, reports, (performance.now() - started) / 1000))
  for (const reason of counted.reasons()) console.log(`  ${reason}`)
}

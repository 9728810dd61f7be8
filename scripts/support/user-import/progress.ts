import type { Counts, ImportState } from './state.ts'

const WIDTH = 30
const PLAIN_MS = 5000

const count = (value: number): string => value.toLocaleString('en-US')

const mergedOf = ({ merged }: ImportState): string => (merged > 0 ? `merged ${count(merged)}, ` : '')

const tally = (state: ImportState): string =>
  `${count(state.done)} rows: ${count(state.imported)} imported, ${mergedOf(state)}${count(state.skipped)} skipped, ${count(state.rejected)} rejected`

export interface Progress {
  show(state: ImportState, part: number): void
  end(): void
}

/** A bar on a terminal; elsewhere a line every few seconds. */
export function createProgress(output: NodeJS.WriteStream): Progress {
  let next = performance.now() + PLAIN_MS
  let isDrawn = false
  return {
    show(state, part) {
      const percent = `${Math.floor(part * 100)} %`.padStart(5)
      if (output.isTTY) {
        const full = Math.floor(part * WIDTH)
        output.write(`\r\u001b[K[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}]${percent}  ${tally(state)}`)
        isDrawn = true
      } else if (performance.now() >= next) {
        next = performance.now() + PLAIN_MS
        output.write(`${percent}  ${tally(state)}\n`)
      }
    },
    end() {
      if (isDrawn) output.write('\n')
    },
  }
}

const listOf = (counts: Counts): string =>
  Object.entries(counts)
    .map(([name, number]) => `${count(number)} ${name}`)
    .join(', ')

const toLacking = ([field, number]: [string, number]): string =>
  `${count(number)} came without their ${field}${field === 'username' ? ', it is kept in app_metadata.imported.username' : ''}`

const toIgnored = ([field, meant]: [string, string | null]): string =>
  meant === null ? field : `${field}; did you mean ${meant}?`

export interface Reports {
  readonly rejects: string
  readonly warnings: string
}

/** `reports` names the files of rejected rows and warnings; null where none were written. */
export function summaryOf(state: ImportState, reports: Reports | null, seconds: number): string {
  const { imported, skipped, rejected, tooDear, lacking, leftBehind, ignored } = state
  const see = (file: string | undefined): string => (file === undefined ? '' : `: see ${file}`)
  const where = rejected > 0 ? see(reports?.rejects) : ''
  const lines = [
    `Imported ${count(imported)} users, ${mergedOf(state)}skipped ${count(skipped)} who were there, rejected ${count(rejected)}${where} (${seconds.toFixed(1)} s)`,
  ]
  if (tooDear > 0)
    lines.push(
      `${count(tooDear)} of the rejected have a hash that takes too long to verify: they may come without it, and reset their password`,
    )
  lines.push(...Object.entries(lacking).map((entry) => `${toLacking(entry)}${see(reports?.warnings)}`))
  if (Object.keys(leftBehind).length > 0) lines.push(`left behind: ${listOf(leftBehind)}`)
  if (Object.keys(ignored).length > 0) lines.push(`ignored: ${Object.entries(ignored).map(toIgnored).join(', ')}`)
  return lines.join('\n')
}

import type { ImportState } from './state.ts'

const WIDTH = 30
const PLAIN_MS = 5000

const count = (value: number): string => value.toLocaleString('en-US')

const tally = ({ done, imported, skipped, rejected }: ImportState): string =>
  `${count(done)} rows: ${count(imported)} imported, ${count(skipped)} skipped, ${count(rejected)} rejected`

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

export interface Reports {
  readonly rejects: string
  readonly warnings: string
}

export function summaryOf(
  { imported, skipped, rejected, tooDear, warned }: ImportState,
  { rejects, warnings }: Reports,
  seconds: number,
): string {
  const where = rejected > 0 ? `: see ${rejects}` : ''
  const dear =
    tooDear > 0
      ? `\n${count(tooDear)} of the rejected have a hash that takes too long to verify: they may come without it, and reset their password`
      : ''
  const nameless =
    warned > 0
      ? `\n${count(warned)} came without their username, it is kept in app_metadata.imported.username: see ${warnings}`
      : ''
  return `Imported ${count(imported)} users, skipped ${count(skipped)} who were there, rejected ${count(rejected)}${where} (${seconds.toFixed(1)} s)${dear}${nameless}`
}

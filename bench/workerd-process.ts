import { readdir, readFile } from 'node:fs/promises'

/** Linux counts CPU time in ticks of 10 ms (`USER_HZ`, the same on every architecture that Node runs on). */
const MICROSECONDS_A_TICK = 10_000
const BYTES_A_PAGE = 4096

async function readStat(pid: string): Promise<string> {
  return readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
}

/** The fields of `/proc/<pid>/stat` behind the name, of the workerd processes of this run. */
async function readStats(): Promise<string[][]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const stats = (await Promise.all(pids.map(readStat))).map((stat) => {
    const close = stat.lastIndexOf(')')
    return { name: stat.slice(stat.indexOf('(') + 1, close), fields: stat.slice(close + 2).split(' ') }
  })
  return stats
    .filter(({ name, fields: [, parent] }) => name === 'workerd' && parent === String(process.pid))
    .map(({ fields }) => fields)
}

const sumOf = (stats: readonly string[][], ...fields: number[]): number | null =>
  stats.length === 0
    ? null
    : stats.flatMap((stat) => fields.map((field) => Number(stat[field]))).reduce((sum, value) => sum + value, 0)

/** Microseconds of CPU that they have used, user and system; null where there is no `/proc`. */
export async function cpuTime(): Promise<number | null> {
  const ticks = sumOf(await readStats(), 11, 12)
  return ticks === null ? null : ticks * MICROSECONDS_A_TICK
}

/** Bytes of memory that they hold; null where there is no `/proc`. */
export async function residentBytes(): Promise<number | null> {
  const pages = sumOf(await readStats(), 21)
  return pages === null ? null : pages * BYTES_A_PAGE
}

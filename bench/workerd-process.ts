import { readdir, readFile } from 'node:fs/promises'

/** Linux counts CPU time in ticks of 10 ms (`USER_HZ`, the same on every architecture that Node runs on). */
const MICROSECONDS_A_TICK = 10_000

async function readStat(pid: string): Promise<string> {
  return readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
}

/** Microseconds of CPU that the workerd processes of this run have used; null where there is no `/proc`. */
export async function cpuTime(): Promise<number | null> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const stats = (await Promise.all(pids.map(readStat))).map((stat) => {
    const close = stat.lastIndexOf(')')
    const [, parent, , , , , , , , , , user, system] = stat.slice(close + 2).split(' ')
    return { name: stat.slice(stat.indexOf('(') + 1, close), parent, ticks: Number(user) + Number(system) }
  })
  const ours = stats.filter(({ name, parent }) => name === 'workerd' && parent === String(process.pid))
  return ours.length === 0 ? null : ours.reduce((sum, { ticks }) => sum + ticks, 0) * MICROSECONDS_A_TICK
}

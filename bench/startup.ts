import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, URL } from 'node:url'
import { promisify } from 'node:util'
import { buildWorker } from '../scripts/support/build.ts'
import { gzippedBytes, startupFiles } from '../scripts/support/startup.ts'
import { type Spread, spreadOf } from './statistics.ts'

export interface Startup {
  /** CPU of the evaluation of the Worker's modules, milliseconds. */
  readonly postern: Spread
  readonly bareHono: Spread
  /** What loads before the first check of a token is answered. */
  readonly gzipBytes: number
}

/** The part of a CPU profile that is read here. Times are microseconds. */
interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { readonly functionName: string } }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const root = fileURLToPath(new URL('..', import.meta.url))
const run = promisify(execFile)
const wrangler = (...args: readonly string[]) =>
  run(`${root}node_modules/.bin/wrangler`, args, {
    cwd: root,
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false' },
  })

/** Waiting is no work of the Worker's. */
function busyMilliseconds({ nodes, samples, timeDeltas }: CpuProfile): number {
  const idle = new Set(nodes.filter(({ callFrame }) => callFrame.functionName === '(idle)').map(({ id }) => id))
  return samples.reduce((sum, id, index) => sum + (idle.has(id) ? 0 : (timeDeltas[index] ?? 0)), 0) / 1000
}

async function profile(folder: string, bundle: string): Promise<number> {
  const file = join(folder, 'startup.cpuprofile')
  await wrangler('check', 'startup', '--worker', bundle, '--outfile', file)
  return busyMilliseconds(JSON.parse(await readFile(file, 'utf8')) as CpuProfile)
}

/** Evaluates both Workers by turns, as `wrangler check startup` does. */
export async function measureStartup(rounds: number): Promise<Startup> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-startup-'))
  try {
    const bundles = { postern: join(folder, 'postern.bundle'), bareHono: join(folder, 'bare-hono.bundle') }
    const rival = ['bench/workers/bare-hono.ts', '--config', 'bench/workers/wrangler.toml']
    await wrangler('deploy', '--dry-run', '--outfile', bundles.postern)
    await wrangler('deploy', ...rival, '--dry-run', '--outfile', bundles.bareHono)
    const times = { postern: [] as number[], bareHono: [] as number[] }
    for (let round = 0; round < rounds; round += 1) {
      times.postern.push(await profile(folder, bundles.postern))
      times.bareHono.push(await profile(folder, bundles.bareHono))
    }
    const gzipBytes = await gzippedBytes(startupFiles(await buildWorker()))
    return { postern: spreadOf(times.postern), bareHono: spreadOf(times.bareHono), gzipBytes }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

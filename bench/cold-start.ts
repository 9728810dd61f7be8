import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Builds, bareHonoWorker, betterAuthWorker, migratePostern, posternWorker } from './deployments.ts'
import { signUpBetterAuth, signUpPostern } from './fixtures.ts'
import { startRuntime, type WorkerOptions } from './runtime.ts'
import { type Spread, spreadOf } from './statistics.ts'
import { cpuTime } from './workerd-process.ts'

/** Milliseconds. What else the machine does makes a start longer, never shorter: the least says most. */
export interface ColdStart {
  readonly name: string
  /** From the start of workerd to the first answer. */
  readonly total: Spread
  /** The first answer alone, once the socket is open. */
  readonly firstAnswer: Spread
  /** What workerd has used by then. Without what miniflare takes to hand the modules over, which grows with them. */
  readonly cpu: Spread
}

interface Starter {
  readonly name: string
  readonly worker: WorkerOptions
  readonly path: string
  readonly headers: Record<string, string>
}

/** What stands in storage before the starts that are measured: a user with a session. */
async function prepare(builds: Builds, directory: string): Promise<Starter[]> {
  const postern = await posternWorker(builds.postern)
  const betterAuth = await betterAuthWorker(builds.betterAuth, 'cookie')
  const runtime = await startRuntime([postern, betterAuth], { directory })
  await migratePostern(runtime)
  const [user] = await signUpPostern(await runtime.unsafeGetDirectURL('postern'), 1)
  const [member] = await signUpBetterAuth(await runtime.unsafeGetDirectURL('better-auth-cookie'), 1)
  await runtime.dispose()
  if (!user || !member) throw new Error('there are no users')
  return [
    { name: 'bare Hono', worker: await bareHonoWorker(builds.bareHono), path: '/validate', headers: {} },
    {
      name: 'ten lines, same bindings',
      worker: await posternWorker(builds.sameBindings, 'same-bindings'),
      path: '/validate',
      headers: {},
    },
    {
      name: 'Postern',
      worker: postern,
      path: '/validate',
      headers: { authorization: `Bearer ${user.accessToken}` },
    },
    {
      name: 'Better Auth, cookie',
      worker: betterAuth,
      path: '/api/auth/get-session',
      headers: { cookie: member.cookie },
    },
  ]
}

async function startOnce({ name, worker, path, headers }: Starter, directory: string) {
  const started = performance.now()
  const runtime = await startRuntime([worker], { directory })
  const url = new URL(path, await runtime.unsafeGetDirectURL(worker.config.name))
  const open = performance.now()
  const answer = await fetch(url, { headers })
  await answer.arrayBuffer()
  const answered = performance.now()
  const cpu = ((await cpuTime()) ?? Number.NaN) / 1000
  await runtime.dispose()
  if (!answer.ok) throw new Error(`the first answer of ${name} was ${answer.status}`)
  return { total: answered - started, firstAnswer: answered - open, cpu }
}

/** Starts a fresh workerd for each Worker in turn; the first answer of Postern and Better Auth is a full check. */
export async function measureColdStart(builds: Builds, rounds: number): Promise<ColdStart[]> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-bench-'))
  try {
    const starters = await prepare(builds, directory)
    const starts = new Map<string, { total: number; firstAnswer: number; cpu: number }[]>(
      starters.map(({ name }) => [name, []]),
    )
    for (let round = 0; round < rounds; round += 1) {
      for (const starter of starters) starts.get(starter.name)?.push(await startOnce(starter, directory))
    }
    return [...starts].map(([name, times]) => ({
      name,
      total: spreadOf(times.map(({ total }) => total)),
      firstAnswer: spreadOf(times.map(({ firstAnswer }) => firstAnswer)),
      cpu: spreadOf(times.map(({ cpu }) => cpu)),
    }))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

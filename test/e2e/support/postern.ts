import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ADMIN, firstStateOf } from './checkout.ts'
import { freePort } from './ports.ts'
import { type Running, start, whenReady } from './process.ts'

export interface Postern {
  readonly origin: string
  readonly port: number
  readonly running: Running
}

/** Limits and locks are tested elsewhere; here hundreds of calls come from one address. */
const TEST_SETTINGS = { RATE_LIMIT_ANONYMOUS: '100000', RATE_LIMIT_AUTHENTICATED: '100000' }

/** Runs `npm start`'s script in a checkout. */
export function startScript(root: string, env: Readonly<Record<string, string>> = {}): Running {
  return start(process.execPath, ['scripts/run.mjs', 'start'], { cwd: root, env })
}

/** A real service on a free port, ready to answer. */
export async function startPostern(root: string, env: Readonly<Record<string, string>> = {}): Promise<Postern> {
  const port = env.PORT ? Number(env.PORT) : await freePort()
  const running = startScript(root, {
    ...TEST_SETTINGS,
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
    ...env,
    PORT: String(port),
  })
  await whenReady(running, async () => running.output().includes('Postern listens on'))
  return { origin: `http://127.0.0.1:${port}`, port, running }
}

export interface OwnPostern extends Postern {
  /** Where its database, KV and objects are. */
  readonly state: string
  /** Ends it and removes its state. */
  stop(): Promise<void>
}

/** A service with settings and state of its own, of a prepared checkout. */
export async function startOwnPostern(
  root: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<OwnPostern> {
  const state = await mkdtemp(join(tmpdir(), 'postern-state-'))
  await cp(firstStateOf(root), state, { recursive: true })
  const postern = await startPostern(root, { ...settings, PERSIST_TO: state })
  return {
    ...postern,
    state,
    async stop() {
      await postern.running.stop()
      await rm(state, { recursive: true, force: true })
    },
  }
}

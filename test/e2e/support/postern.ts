import { freePort } from './ports.ts'
import { type Running, start, whenReady } from './process.ts'

export interface Postern {
  readonly origin: string
  readonly port: number
  readonly running: Running
}

/** Limits and locks are tested elsewhere; here hundreds of calls come from one address. */
const TEST_SETTINGS = { RATE_LIMIT_ANONYMOUS: '100000', RATE_LIMIT_AUTHENTICATED: '100000' }

export const ADMIN = { email: 'admin@example.com', password: 'an admin of the castle' }

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

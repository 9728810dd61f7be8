import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { checkAdmin, createAdmin, findAdmin } from './support/accounts.ts'
import { copySwaggerAssets } from './support/assets.ts'
import { type Database, withDatabase } from './support/database.ts'
import { localState, PROJECT_ROOT, WRANGLER_ENV } from './support/project.ts'
import { randomToken } from './support/random.ts'
import { Refusal } from './support/refusal.ts'
import { DEFAULT_PORT, localOrigin, makeDevVars, readSettings, type Settings } from './support/settings.ts'

const DEFAULT_ADMIN = 'admin@postern.localhost'
const CRON_MS = 60_000
const PARENT_CHECK_MS = 500

function readPort(text: string | undefined): number {
  const port = text ? Number(text) : DEFAULT_PORT
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Refusal(`PORT=${text} is not a port`)
  return port
}

/** Refuses before anything is written when somebody listens there. */
function requireFreePort(port: number): Promise<void> {
  return new Promise((free, taken) => {
    const probe = createServer()
    probe.once('error', (cause: NodeJS.ErrnoException) =>
      taken(
        cause.code === 'EADDRINUSE'
          ? new Refusal(`port ${port} is taken; choose another with \`PORT=${port + 1} npm start\``)
          : new Refusal(`port ${port} cannot be opened: ${cause.code ?? cause.message}`),
      ),
    )
    probe.listen(port, '127.0.0.1', () => probe.close(() => free()))
  })
}

/** The line of the greeting that tells who the admin is. Makes one when there is none. */
async function ensureAdmin(database: Database, environment: NodeJS.ProcessEnv): Promise<string> {
  const known = await findAdmin(database)
  if (known !== undefined) return `${known} (there already)`
  const email = environment.ADMIN_EMAIL || DEFAULT_ADMIN
  const given = environment.ADMIN_PASSWORD || undefined
  const password = given ?? randomToken(15)
  await createAdmin(database, { email, password })
  return given === undefined ? `${email}  password ${password}  (shown once)` : `${email}  password from ADMIN_PASSWORD`
}

function checkGivenAdmin(environment: NodeJS.ProcessEnv): void {
  const email = environment.ADMIN_EMAIL || DEFAULT_ADMIN
  checkAdmin({ email, password: environment.ADMIN_PASSWORD || randomToken(15) })
}

async function serve(port: number, persistTo: string, settings: Settings) {
  // `wrangler dev` from inside: settings reach the Worker without a command line that others could read.
  const { unstable_startWorker } = await import('wrangler')
  const worker = await unstable_startWorker({
    config: resolve(PROJECT_ROOT, 'wrangler.toml'),
    bindings: Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [name, { type: 'plain_text', value } as const]),
    ),
    dev: {
      server: { hostname: '127.0.0.1', port },
      inspector: false,
      persist: persistTo,
      watch: false,
      logLevel: 'warn',
    },
  })
  await worker.ready
  return worker
}

/** The local runtime has no cron of its own. A failure is told, and the next minute tries again. */
async function runCron(origin: string): Promise<void> {
  try {
    const answer = await fetch(`${origin}/cdn-cgi/handler/scheduled`)
    if (!answer.ok) console.error(`postern: cron answered ${answer.status}`)
  } catch (cause) {
    console.error(`postern: cron failed: ${String(cause)}`)
  }
}

/** Calls `stop` once, at the first signal or when npm is gone. */
function whenAskedToStop(stop: () => Promise<void>): void {
  const parent = process.ppid
  // npm hands SIGTERM to its shell, and one that dies of it (dash) leaves its child behind, and the port with it.
  const watch = setInterval(() => {
    if (process.env.npm_lifecycle_event !== undefined && process.ppid !== parent) stopOnce()
  }, PARENT_CHECK_MS)
  let isStopping = false
  const stopOnce = () => {
    clearInterval(watch)
    if (!isStopping) void stop()
    isStopping = true
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // The runtime's own handler ends the process at once; this one lets requests and the state's files close first.
    process.removeAllListeners(signal)
    process.on(signal, stopOnce)
  }
}

export async function main(): Promise<void> {
  Object.assign(process.env, WRANGLER_ENV)
  const port = readPort(process.env.PORT)
  await requireFreePort(port)
  const madeDevVars = await makeDevVars()
  const settings = await readSettings(process.env, port)
  checkGivenAdmin(process.env)
  const persistTo = localState()

  await copySwaggerAssets()
  const admin = await withDatabase({ at: 'local', persistTo }, async (database) => {
    await database.applyMigrations()
    return ensureAdmin(database, process.env)
  })
  const worker = await serve(port, persistTo, settings)

  const origin = localOrigin(port)
  await runCron(origin)
  const cron = setInterval(() => void runCron(origin), CRON_MS)
  whenAskedToStop(async () => {
    clearInterval(cron)
    await worker.dispose()
    process.exit(0)
  })

  console.log(
    [
      '',
      `Postern listens on ${origin}`,
      '',
      `  API reference  ${origin}/docs`,
      `  mailbox        ${origin}/dev/mailbox`,
      `  admin          ${admin}`,
      `  state          ${persistTo}`,
      `  secrets        .dev.vars${madeDevVars ? ' (made now)' : ''}`,
      '',
      'Ctrl+C stops it.',
    ].join('\n'),
  )
}

import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { normalizeEmail } from '../src/features/users/rules.ts'
import { checkAdmin, createAdmin, findAdmin } from './support/accounts.ts'
import type { Arguments, Command } from './support/arguments.ts'
import { copySwaggerAssets } from './support/assets.ts'
import { type Database, withDatabase } from './support/database.ts'
import { lockState, requireSameRootSecret, requireUnserved, requireWritable } from './support/local-state.ts'
import { listenerOn } from './support/processes.ts'
import { localState, PROJECT_ROOT, WRANGLER_ENV } from './support/project.ts'
import { randomToken } from './support/random.ts'
import { Refusal } from './support/refusal.ts'
import { DEFAULT_PORT, localOrigin, readLocalSettings, type Settings, writeDevVars } from './support/settings.ts'
import { step } from './support/steps.ts'

const DEFAULT_ADMIN = 'admin@postern.localhost'
const CRON_MS = 60_000
const PARENT_CHECK_MS = 500

export const command = {
  call: 'npm start',
  about:
    'Serves Postern on this machine. The first start makes secrets, database and an admin.\n' +
    'The environment may set PORT, PERSIST_TO, ADMIN_EMAIL, ADMIN_PASSWORD and every setting.',
  options: { port: { value: 'N', about: `where to listen on 127.0.0.1 (PORT, ${DEFAULT_PORT})` } },
} as const satisfies Command

function readPort(name: string, text: string | undefined): number {
  const port = text ? Number(text) : DEFAULT_PORT
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Refusal(`${name}=${text} is not a port`)
  return port
}

async function refuseTakenPort(port: number): Promise<never> {
  const other = `choose another with \`PORT=${port + 1} npm start\``
  const holder = await listenerOn(port)
  if (!holder) throw new Refusal(`port ${port} is taken; ${other}`)
  const { pid, program, startedBy, alike } = holder
  if (startedBy !== null) throw new Refusal(`port ${port} is taken by another start (process ${startedBy}); ${other}`)
  // What a start that was killed leaves behind: the runtime outlives it.
  if (program === 'workerd')
    throw new Refusal(
      `port ${port} is taken by what an earlier start left behind: end it with \`kill ${alike.join(' ')}\`, or ${other}`,
    )
  throw new Refusal(`port ${port} is taken by ${program} (process ${pid}); ${other}`)
}

/** Refuses before anything is written when somebody listens there. */
async function requireFreePort(port: number): Promise<void> {
  const refused = await new Promise<NodeJS.ErrnoException | null>((done) => {
    const probe = createServer()
    probe.once('error', done)
    probe.listen(port, '127.0.0.1', () => probe.close(() => done(null)))
  })
  if (refused?.code === 'EADDRINUSE') await refuseTakenPort(port)
  if (refused) throw new Refusal(`port ${port} cannot be opened: ${refused.code ?? refused.message}`)
}

/** Whom the greeting names. Makes one when there is none. */
async function ensureAdmin(database: Database, environment: NodeJS.ProcessEnv): Promise<string[]> {
  const wanted = environment.ADMIN_EMAIL || undefined
  const given = environment.ADMIN_PASSWORD || undefined
  const known = await findAdmin(database, wanted)
  if (known === undefined) {
    const email = wanted ?? DEFAULT_ADMIN
    const password = given ?? randomToken(15)
    await createAdmin(database, { email, password })
    return given === undefined
      ? [`${email}  password ${password}  (made now; shown once)`]
      : [`${email}  password from ADMIN_PASSWORD  (made now)`]
  }
  const ignored = [
    ...(wanted !== undefined && normalizeEmail(wanted) !== known
      ? [`ADMIN_EMAIL=${wanted} was not used, for there is an admin: npm run admin:create -- --email ${wanted}`]
      : []),
    ...(given === undefined ? [] : [`ADMIN_PASSWORD was not used: npm run admin:reset-password -- ${known}`]),
  ]
  return [`${known} (there already)`, ...ignored]
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

/** Everything that a start needs before the runtime serves. Refuses before it writes where it can. */
async function prepare(port: number, persistTo: string) {
  await requireUnserved(persistTo)
  await requireFreePort(port)
  const { settings, newFile, mail, notes } = await readLocalSettings(process.env, port)
  checkGivenAdmin(process.env)
  await requireWritable(persistTo)
  const unlock = await lockState(persistTo, port)
  try {
    // What takes longest on a machine that has never run it.
    await step('Loading the runtime', () => import('./support/local-d1.ts'))
    const admin = await withDatabase({ at: 'local', persistTo }, async (database) => {
      await step('Migrating the database', () => database.applyMigrations())
      const remedy =
        newFile === null
          ? 'put that one into .dev.vars, as ROOT_SECRET_PREVIOUS if the present one replaced it'
          : 'bring it along, for there is no .dev.vars here'
      await requireSameRootSecret(database, settings, `${remedy}; or remove ${persistTo}`)
      if (newFile !== null) await step('Making .dev.vars with new secrets', () => writeDevVars(newFile))
      return step('Looking for an admin', () => ensureAdmin(database, process.env))
    })
    await copySwaggerAssets()
    return { settings, mail, admin, notes, madeDevVars: newFile !== null, unlock }
  } catch (cause) {
    await unlock()
    throw cause
  }
}

export async function main({ values }: Arguments<typeof command>): Promise<void> {
  Object.assign(process.env, WRANGLER_ENV)
  const port = values.port === undefined ? readPort('PORT', process.env.PORT) : readPort('--port', values.port)
  const persistTo = localState()
  const { settings, mail, admin, notes, madeDevVars, unlock } = await prepare(port, persistTo)
  const worker = await step('Building the Worker and starting it', () => serve(port, persistTo, settings))

  const origin = localOrigin(port)
  await runCron(origin)
  const cron = setInterval(() => void runCron(origin), CRON_MS)
  whenAskedToStop(async () => {
    clearInterval(cron)
    await worker.dispose()
    await unlock()
    process.exit(0)
  })

  const [who, ...ignored] = admin
  const mailbox = mail
    ? `none: mails leave this machine, for MAIL_TRANSPORT in ${mail.place} is ${mail.transport}`
    : `${origin}/dev/mailbox`
  console.log(
    [
      '',
      `Postern listens on ${origin}`,
      '',
      `  API reference  ${origin}/docs`,
      `  mailbox        ${mailbox}`,
      `  admin          ${who}`,
      `  state          ${persistTo}`,
      `  secrets        .dev.vars${madeDevVars ? ' (made now)' : ''}`,
      ...[...ignored, ...notes].map((note) => `  note           ${note}`),
      '',
      'Ctrl+C stops it.',
    ].join('\n'),
  )
}

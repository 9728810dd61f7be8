import { copyFile, cp, mkdir, readFile, rm, unlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { insertInto, withDatabase } from '../../scripts/support/database.ts'
import { startOf } from '../../scripts/support/processes.ts'
import { type Checkout, firstStateOf, freshCheckout, PROJECT_ROOT } from './support/checkout.ts'
import { freePort } from './support/ports.ts'
import { start } from './support/process.ts'

interface Mistake {
  /** A script and what stands behind it; `npm start` without it. */
  readonly run?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** `.dev.vars`; none is there otherwise. */
  readonly file?: string
  /** What stands in `[vars]`. */
  readonly vars?: string
  /** Makes the mistake in the checkout; may add to the environment. */
  readonly make?: (root: string) => Promise<Readonly<Record<string, string>>>
  /** Options of Node. */
  readonly node?: readonly string[]
}

const GOOD_SECRET = 'ROOT_SECRET=0123456789012345678901234567890123456789'
const LOCAL = 'MODE=local\nPUBLIC_URL=http://127.0.0.1:8787'
const fileWith = (line: string): string => `${LOCAL}\n${GOOD_SECRET}\n${line}\n`
const CREDENTIALS = { ADMIN_EMAIL: 'admin@example.com', ADMIN_PASSWORD: 'an admin of the castle' }
const OLD_NODE = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } })"

const portTaken = async () => {
  const port = await freePort()
  // Ended with the test's own process.
  createServer().listen(port, '127.0.0.1').unref()
  return { PORT: String(port) }
}

async function stateServed(root: string) {
  const state = join(root, 'served')
  await mkdir(state, { recursive: true })
  const lock = { pid: process.pid, started: await startOf(process.pid), port: 9000 }
  await writeFile(join(state, 'postern.lock'), JSON.stringify(lock))
  return { PERSIST_TO: state }
}

/** A signing key that another secret sealed. */
async function stateOfAnotherSecret(root: string) {
  const persistTo = join(root, 'older')
  const key = { kid: 'k', alg: 'RS256', public_jwk: '{}', private_sealed: 'AAAAAA.AAAA', created_at: 1, signs_from: 1 }
  await cp(firstStateOf(inject('checkout')), persistTo, { recursive: true })
  await withDatabase({ at: 'local', persistTo }, (database) => database.execute([insertInto('signing_keys', key)]))
  return { PERSIST_TO: persistTo }
}

/** The rows of docs/troubleshooting.md by what they call the mistake. */
const MISTAKES: Readonly<Record<string, Mistake>> = {
  '`npm ci` was not run': {
    make: async (root) => {
      await unlink(join(root, 'node_modules'))
      return {}
    },
  },
  'Node is too old': { node: ['--import', `data:text/javascript,${encodeURIComponent(OLD_NODE)}`] },
  'an option is misspelt: `npm start -- --prot 9000`': { run: ['start', '--prot', '9000'] },
  'an option without the `--` that npm wants before it: `npm start --port 9000`': { run: ['start', '9000'] },
  'an option without its value: `npm start -- --port`': { run: ['start', '--port'] },
  '`PORT=castle`': { env: { PORT: 'castle' } },
  'another program has the port': { make: portTaken },
  'a second start on the same state': { make: stateServed },
  '`PERSIST_TO` is a file': { env: { PERSIST_TO: 'README.md' } },
  // Where not even root may make a folder.
  '`PERSIST_TO` cannot be written': { env: { PERSIST_TO: '/sys/postern' } },
  'a state without its `.dev.vars`: that was deleted, or the database restored into another clone': {
    make: stateOfAnotherSecret,
  },
  '`.dev.vars` with another `ROOT_SECRET`': { file: `${LOCAL}\n${GOOD_SECRET}\n`, make: stateOfAnotherSecret },
  '`ADMIN_EMAIL=nobody`': { env: { ADMIN_EMAIL: 'nobody' } },
  '`ADMIN_PASSWORD=short`': { env: { ADMIN_PASSWORD: 'short' } },

  'a misspelt setting in `.dev.vars`: `SIGNUP_ENABLED=false`': { file: fileWith('SIGNUP_ENABLED=false') },
  'a misspelt setting in the environment: `SIGNUP_ENABLED=false`': { env: { SIGNUP_ENABLED: 'false' } },
  'a line of `.dev.vars` without `=`: `SIGNUPS_ENABLED false`': { file: fileWith('SIGNUPS_ENABLED false') },
  '`ADMIN_EMAIL` in `.dev.vars`': { file: fileWith('ADMIN_EMAIL=a@example.com') },
  '`.dev.vars` without `ROOT_SECRET`': { file: `${LOCAL}\n` },
  'a short `ROOT_SECRET`': { file: `${LOCAL}\nROOT_SECRET=tooshort\n` },
  '`SIGNUPS_ENABLED=maybe`': { env: { SIGNUPS_ENABLED: 'maybe' } },
  '`ACCESS_TOKEN_SECONDS=soon`': { env: { ACCESS_TOKEN_SECONDS: 'soon' } },
  '`JWT_ALG=HS256`': { env: { JWT_ALG: 'HS256' } },
  '`COMPAT=cognito`': { env: { COMPAT: 'cognito' } },
  '`PUBLIC_URL=https://example.com/auth`': { env: { PUBLIC_URL: 'https://example.com/auth' } },
  '`CORS_ORIGINS=*`': { env: { CORS_ORIGINS: '*' } },
  '`SESSION_ABSOLUTE_SECONDS=100`': { env: { SESSION_ABSOLUTE_SECONDS: '100' } },
  '`MAIL_FROM=gate`': { env: { MAIL_FROM: 'gate' } },
  '`MAIL_TRANSPORT=pigeon`': { env: { MAIL_TRANSPORT: 'pigeon' } },
  '`MAIL_TRANSPORT=smtp` without a sender': { env: { MAIL_TRANSPORT: 'smtp', SMTP_HOST: 'smtp.example.com' } },
  '`MAIL_TRANSPORT=smtp` without a server': { env: { MAIL_TRANSPORT: 'smtp', MAIL_FROM: 'gate@example.com' } },
  '`SMTP_USERNAME` without `SMTP_PASSWORD`': {
    env: { MAIL_TRANSPORT: 'smtp', MAIL_FROM: 'a@example.com', SMTP_HOST: 'smtp.example.com', SMTP_USERNAME: 'gate' },
  },
  '`MAIL_TRANSPORT=http` without a key': { env: { MAIL_TRANSPORT: 'http', MAIL_FROM: 'gate@example.com' } },
  '`MAIL_TRANSPORT=binding` without its binding': {
    env: { MAIL_TRANSPORT: 'binding', MAIL_FROM: 'gate@example.com' },
  },

  '`npm run admin:create` without an address, and nobody to ask': { run: ['admin-create'] },
  '`npm run admin:reset-password` without an address': { run: ['admin-reset-password'] },
  '`npm run clients:create` without a name': { run: ['clients-create'] },
  '`npm run db:export` onto a file that is there': { run: ['db-export', '--output', 'README.md'] },
  '`npm run db:restore` of a file that is not there': { run: ['db-restore', '--file', 'backup.sql'] },
  '`npm run audit:verify` of a file that is not there': { run: ['audit-verify', 'audit.ndjson'] },
  '`npm run audit:verify` with something else than a head': { run: ['audit-verify', 'README.md', '--head', '12'] },
  '`npm run audit:verify` of a file that is no NDJSON export, or was cut in a line': {
    run: ['audit-verify', 'README.md'],
  },
  '`npm run users:import` without a file': { run: ['users-import'] },
  '`npm run users:import` over plain http': {
    run: ['users-import', 'README.md', '--url', 'http://auth.example.com'],
    env: CREDENTIALS,
  },
  '`npm run users:import` without an admin': { run: ['users-import', 'README.md'] },

  '`--remote`, or a deployment, without a login': {
    run: ['admin-create', '--remote', '--email', 'a@example.com'],
    // No login of whoever runs the tests.
    make: async (root) => ({ HOME: root, XDG_CONFIG_HOME: root }),
  },
  'a misspelt setting in `[vars]`': { run: ['deploy', '--dry-run'], vars: 'SIGNUP_ENABLED = false' },
  'a secret in `[vars]`': {
    run: ['deploy', '--dry-run'],
    vars: 'ROOT_SECRET = "0123456789012345678901234567890123456789"',
  },
  '`MODE = "local"` in `[vars]`': { run: ['deploy', '--dry-run'], vars: 'MODE = "local"' },
  '`npm run deploy -- --mail pigeon`': { run: ['deploy', '--yes', '--domain', 'auth.example.com', '--mail', 'pigeon'] },
}

const DOCUMENT = await readFile(join(PROJECT_ROOT, 'docs/troubleshooting.md'), 'utf8')
const ROWS = [...DOCUMENT.matchAll(/^\| (.+) \| `(.+)` \|$/gm)].map(([, mistake = '', line = '']) => ({
  mistake,
  line,
}))

interface Outcome {
  readonly code: number | null
  /** What was printed for errors, without the quotes that the document has no room for. */
  readonly said: string
}

const PATIENCE_MS = 20_000

const withoutQuotes = (text: string): string => text.replaceAll('`', '')

async function makeMistake(
  { root }: Checkout,
  { run = ['start'], env, file, vars, make, node = [] }: Mistake,
): Promise<Outcome> {
  if (file !== undefined) await writeFile(join(root, '.dev.vars'), file)
  if (vars !== undefined) {
    const text = await readFile(join(root, 'wrangler.toml'), 'utf8')
    await writeFile(join(root, 'wrangler.toml'), text.replace('# [vars]\n', `[vars]\n${vars}\n`))
  }
  const made = await make?.(root)
  const port = { PORT: String(await freePort()) }
  const running = start(process.execPath, [...node, 'scripts/run.mjs', ...run], {
    cwd: root,
    env: { ...port, ...env, ...made },
  })
  // What refuses nothing would run on.
  const late = setTimeout(() => running.stop('SIGKILL'), PATIENCE_MS)
  const code = await running.ended
  clearTimeout(late)
  return { code, said: withoutQuotes(running.output()) }
}

/** Puts back what a mistake has changed. */
async function mend({ root }: Checkout): Promise<void> {
  await rm(join(root, '.dev.vars'), { force: true })
  await copyFile(join(PROJECT_ROOT, 'wrangler.toml'), join(root, 'wrangler.toml'))
}

const outcomes = new Map<string, Outcome>()

/** Every mistake is made in one of a few clones: two cores have no use for more. */
beforeAll(async () => {
  const waiting = Object.entries(MISTAKES)
  const work = async () => {
    let checkout = await freshCheckout()
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [name, mistake] = next
      outcomes.set(name, await makeMistake(checkout, mistake))
      await mend(checkout)
      if (name === '`npm ci` was not run') {
        await checkout.remove()
        checkout = await freshCheckout()
      }
    }
    await checkout.remove()
  }
  await Promise.all([work(), work(), work()])
})

afterAll(() => outcomes.clear())

it('docs/troubleshooting.md has thirty mistakes or more, and each is made here', () => {
  expect(ROWS.length).toBeGreaterThanOrEqual(30)
  expect(ROWS.map(({ mistake }) => mistake)).toEqual(Object.keys(MISTAKES))
})

it.each(ROWS)('$mistake', ({ mistake, line }) => {
  const { code, said } = outcomes.get(mistake) ?? { code: null, said: '' }
  expect(code, said).toBe(1)
  const pattern = line.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/<[^>]+>/g, '.+')
  expect(said).toMatch(new RegExp(`^postern: ${pattern}$`, 'm'))
  // No stack trace.
  expect(said).not.toMatch(/^ +at /m)
})

import { join } from 'node:path'
import { capture } from './command.ts'
import { PROJECT_ROOT, WRANGLER_ENV } from './project.ts'
import { Refusal } from './refusal.ts'

const WRANGLER = join(PROJECT_ROOT, 'node_modules/wrangler/bin/wrangler.js')

const NO_LOGIN = /CLOUDFLARE_API_TOKEN|not authenticated|wrangler login|without logging in|"loggedIn": ?false/i

/** Runs one wrangler command and returns what it wrote to stdout. Refuses with its last words when it fails. */
export const wrangler = (...args: readonly string[]): Promise<string> => wranglerReading('', ...args)

/** As `wrangler`, with something to read: a secret must not stand on a command line. */
export async function wranglerReading(input: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await capture(process.execPath, [WRANGLER, ...args], { env: WRANGLER_ENV, input })
  if (code === 0) return stdout
  if (NO_LOGIN.test(stderr + stdout))
    throw new Refusal('there is no login to Cloudflare: run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN')
  throw new Refusal(`\`wrangler ${args.slice(0, 3).join(' ')}\` failed:\n${(stderr || stdout).trim()}`)
}

/** Refuses without a login. Only with `--json` does `whoami` fail then. */
export async function requireLogin(): Promise<void> {
  await wrangler('whoami', '--json')
}

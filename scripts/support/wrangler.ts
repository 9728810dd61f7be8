import { join } from 'node:path'
import { capture } from './command.ts'
import { PROJECT_ROOT, WRANGLER_ENV } from './project.ts'
import { Refusal } from './refusal.ts'

const WRANGLER = join(PROJECT_ROOT, 'node_modules/wrangler/bin/wrangler.js')

/** Runs one wrangler command and returns what it wrote to stdout. Refuses with its last words when it fails. */
export async function wrangler(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await capture(process.execPath, [WRANGLER, ...args], { env: WRANGLER_ENV })
  if (code === 0) return stdout
  throw new Refusal(`\`wrangler ${args.slice(0, 3).join(' ')}\` failed:\n${(stderr || stdout).trim()}`)
}

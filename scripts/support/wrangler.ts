import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { PROJECT_ROOT, WRANGLER_ENV } from './project.ts'
import { Refusal } from './refusal.ts'

const WRANGLER = join(PROJECT_ROOT, 'node_modules/wrangler/bin/wrangler.js')

/** Runs one wrangler command and returns what it wrote to stdout. Refuses with its last words when it fails. */
export function wrangler(...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [WRANGLER, ...args], {
      cwd: PROJECT_ROOT,
      env: { ...process.env, ...WRANGLER_ENV },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(stdout)
      else reject(new Refusal(`\`wrangler ${args.slice(0, 3).join(' ')}\` failed:\n${(stderr || stdout).trim()}`))
    })
  })
}

import { spawn } from 'node:child_process'
import { PROJECT_ROOT } from './project.ts'

export interface Ended {
  /** null when it was killed: it took too long. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const MINUTE = 60_000

interface CaptureOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** What it reads from its standard input. */
  readonly input?: string
}

/** Runs a command to its end and keeps what it wrote. */
export function capture(
  command: string,
  args: readonly string[],
  { cwd = PROJECT_ROOT, env = {}, input = '' }: CaptureOptions = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: 'pipe',
      timeout: 10 * MINUTE,
    })
    // A program that reads nothing may end before this is written.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

/** Runs a command that writes to this terminal; returns its exit code, null when it took too long. */
export function run(
  command: string,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly minutes?: number } = {},
): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: PROJECT_ROOT,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout: (options.minutes ?? 10) * MINUTE,
    })
    child.on('error', reject)
    child.on('close', resolve)
  })
}

import { execFile } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly platform: string
  readonly node: string
  readonly workerd: string
  readonly betterAuth: string
  readonly hono: string
}

const read = async (path: string): Promise<{ version: string }> =>
  (await import(path, { with: { type: 'json' } })).default

export async function describeMachine(): Promise<Machine> {
  const workerd = fileURLToPath(new URL('../node_modules/.bin/workerd', import.meta.url))
  const { stdout } = await promisify(execFile)(workerd, ['--version'])
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    workerd: stdout.trim(),
    betterAuth: (await read('./node_modules/better-auth/package.json')).version,
    hono: (await read('../node_modules/hono/package.json')).version,
  }
}

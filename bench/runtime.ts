import { readFile } from 'node:fs/promises'
import { Log, LogLevel, Miniflare, type MiniflareOptions } from 'miniflare'
import type { Build } from './build.ts'

export type WorkerOptions = MiniflareOptions['workers'][number]
type Manifest = NonNullable<WorkerOptions['config']['manifest']>

/** What every Worker of the bench has in common with the deployed one. */
const COMPATIBILITY = { compatibilityDate: '2026-11-01', compatibilityFlags: ['nodejs_compat'] }

const MODULE_TYPES = { js: 'esm', mjs: 'esm', wasm: 'wasm', txt: 'text', bin: 'data' } as const

async function manifestOf(build: Build): Promise<Manifest> {
  const modules: Manifest['modules'] = {}
  for (const { name, path } of build.modules) {
    const type = MODULE_TYPES[name.slice(name.lastIndexOf('.') + 1) as keyof typeof MODULE_TYPES] ?? 'data'
    const contents = await readFile(path)
    modules[name] = {
      type,
      contents: type === 'esm' || type === 'text' ? contents.toString('utf8') : Uint8Array.from(contents),
    }
  }
  return { mainModule: build.main, modulesRoot: '/', modules }
}

/**
 * A Worker with a socket of its own: requests do not pass miniflare's entry Worker, whose own work on every request
 * would hide part of what is measured.
 */
export async function workerOf(
  name: string,
  build: Build,
  config: Partial<WorkerOptions['config']> = {},
): Promise<WorkerOptions> {
  return {
    config: { name, ...COMPATIBILITY, ...config, manifest: await manifestOf(build) },
    dev: { unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }] },
  }
}

/**
 * One workerd with these Workers. State lives under `directory` when it is given, otherwise as long as the process. With
 * `inspected` V8's inspector answers on loopback.
 */
export async function startRuntime(
  workers: WorkerOptions[],
  { directory, inspected = false }: { directory?: string; inspected?: boolean } = {},
): Promise<Miniflare> {
  const runtime = new Miniflare({
    host: '127.0.0.1',
    port: 0,
    cf: false,
    logRequests: false,
    log: new Log(LogLevel.ERROR),
    // The Workers' own log lines: written by workerd, read here, kept by nobody.
    handleStructuredLogs: () => undefined,
    ...(inspected ? { inspectorHost: '127.0.0.1', inspectorPort: 0 } : {}),
    ...(directory ? { resourcePersistencePath: directory } : {}),
    workers,
  })
  await runtime.ready
  return runtime
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unstable_startWorker } from 'wrangler'
import { WRANGLER_ENV } from '../../../scripts/support/project.ts'
import { PROJECT_ROOT, readBuiltConfig } from './checkout.ts'
import { freePort } from './ports.ts'

export interface BuiltWorker {
  readonly origin: string
  stop(): Promise<void>
}

/** The Worker of a prepared checkout as `wrangler deploy` would upload it, with these variables and no `.dev.vars`. */
export async function startBuiltWorker(
  root: string,
  variables: Readonly<Record<string, string>>,
): Promise<BuiltWorker> {
  Object.assign(process.env, WRANGLER_ENV)
  const folder = await mkdtemp(join(tmpdir(), 'postern-built-'))
  const config = await readBuiltConfig(root)
  await writeFile(
    join(folder, 'wrangler.toml'),
    config.replace('directory = "public"', `directory = ${JSON.stringify(join(PROJECT_ROOT, 'public'))}`),
  )
  const port = await freePort()
  const worker = await unstable_startWorker({
    config: join(folder, 'wrangler.toml'),
    bindings: Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [name, { type: 'plain_text', value } as const]),
    ),
    dev: {
      server: { hostname: '127.0.0.1', port },
      inspector: false,
      persist: join(folder, 'state'),
      watch: false,
      logLevel: 'error',
    },
  })
  await worker.ready
  return {
    origin: `http://127.0.0.1:${port}`,
    async stop() {
      await worker.dispose()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Miniflare } from 'miniflare'
import { unstable_startWorker } from 'wrangler'
import { readBuild } from '../../../bench/build.ts'
import { migratePostern, posternWorker } from '../../../bench/deployments.ts'
import { WRANGLER_ENV } from '../../../scripts/support/project.ts'
import { buildOf, PROJECT_ROOT, readBuiltConfig } from './checkout.ts'
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

/** What stands between a Worker and the internet; `wrangler dev` lets private addresses through, a deployment does not. */
const INTERNET = 'export default { fetch: (request, { INTERNET }) => INTERNET.fetch(request) }'

export interface Reach {
  /** Which addresses workerd connects to, as its configuration names them. */
  readonly allow: string[]
  /** `/etc/hosts` as workerd reads it. */
  readonly hosts: string
}

/** The built Worker in a workerd with an empty database, which reaches what it is allowed to. Needs `unshare --mount`. */
export async function startReaching(
  root: string,
  variables: Readonly<Record<string, string>>,
  { allow, hosts }: Reach,
): Promise<{ runtime: Miniflare; base: URL; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-reaching-'))
  const workerd = createRequire(createRequire(import.meta.url).resolve('miniflare')).resolve('workerd/bin/workerd')
  await writeFile(join(folder, 'hosts'), hosts)
  await writeFile(
    join(folder, 'workerd'),
    `#!/bin/sh
exec unshare --mount sh -c 'mount --bind ${folder}/hosts /etc/hosts && exec "$0" "$@"' ${workerd} "$@"
`,
  )
  await chmod(join(folder, 'workerd'), 0o755)
  const worker = await posternWorker(await readBuild(buildOf(root), 'index.mjs'), 'postern', variables)
  const internet = {
    name: 'internet',
    compatibilityDate: '2026-11-01',
    env: { INTERNET: { type: 'network', allow, tlsOptions: { trustBrowserCas: true } } },
    manifest: {
      mainModule: 'index.mjs',
      modulesRoot: '/',
      modules: { 'index.mjs': { type: 'esm', contents: INTERNET } },
    },
  } as const
  process.env.MINIFLARE_WORKERD_PATH = join(folder, 'workerd')
  try {
    const runtime = new Miniflare({
      host: '127.0.0.1',
      port: 0,
      cf: false,
      handleStructuredLogs: () => undefined,
      workers: [
        { ...worker, dev: { ...worker.dev, outboundService: { type: 'worker', worker: 'internet' } } },
        { config: internet },
      ],
    })
    await runtime.ready
    await migratePostern(runtime)
    return {
      runtime,
      base: await runtime.unsafeGetDirectURL('postern'),
      async stop() {
        await runtime.dispose()
        await rm(folder, { recursive: true, force: true })
      },
    }
  } finally {
    delete process.env.MINIFLARE_WORKERD_PATH
  }
}

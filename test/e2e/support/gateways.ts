import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram, isInstalled } from '../../../scripts/support/system-programs.ts'
import { PROJECT_ROOT } from './checkout.ts'
import { freePort } from './ports.ts'
import { answersHttp, start, whenReady } from './process.ts'

export interface Gateway {
  readonly origin: string
  stop(): Promise<void>
}

interface Recipe {
  /** Packages beside the program that the recipe needs. */
  readonly needs?: readonly string[]
  /** How the program is started in the folder that holds its recipe. */
  readonly args: (folder: string) => readonly string[]
  /** What a run as a test adds to the recipe, if anything: pid and scratch files must stay in its folder. */
  readonly adapt?: (text: string, folder: string) => string
}

/** As every recipe has it. */
const ADMIN_CONDITION = 'role=admin'

const NGINX_SCRATCH = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

export const RECIPES = {
  nginx: {
    needs: ['libnginx-mod-http-headers-more-filter'],
    args: (folder) => ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf'), '-g', 'daemon off;'],
    adapt: (text, folder) =>
      text.replace(
        'http {',
        `http {\n  access_log off;\n${NGINX_SCRATCH.map((name) => `  ${name}_temp_path ${folder}/${name};`).join('\n')}`,
      ),
  },
  caddy: { args: (folder) => ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'] },
  haproxy: { args: (folder) => ['-f', join(folder, 'haproxy.cfg')] },
} satisfies Record<string, Recipe>

export type GatewayName = keyof typeof RECIPES

/** The packages without which the recipe cannot be run. */
export function needsOf(name: GatewayName): readonly string[] {
  const recipe: Recipe = RECIPES[name]
  return [name, ...(recipe.needs ?? [])]
}

export const canRun = (name: GatewayName): boolean => needsOf(name).every(isInstalled)

/** Runs the recipe as it stands in `examples/`, its three addresses exchanged for those of the test, and what `/admin` asks for. */
export async function startGateway(
  name: GatewayName,
  ports: { readonly postern: number; readonly application: number },
  condition = ADMIN_CONDITION,
): Promise<Gateway> {
  const folder = await mkdtemp(join(tmpdir(), `postern-${name}-`))
  await cp(join(PROJECT_ROOT, 'examples/gateways', name), folder, { recursive: true })
  const port = await freePort()
  const recipe: Recipe = RECIPES[name]
  for (const file of await readdir(folder)) {
    const text = await readFile(join(folder, file), 'utf8')
    const addressed = text
      .replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`)
      .replaceAll('127.0.0.1:8787', `127.0.0.1:${ports.postern}`)
      .replaceAll('127.0.0.1:9000', `127.0.0.1:${ports.application}`)
      .replaceAll(ADMIN_CONDITION, condition)
    await writeFile(join(folder, file), recipe.adapt?.(addressed, folder) ?? addressed)
  }
  const program = findProgram(name)
  if (!program) throw new Error(`${name} is not installed`)
  const running = start(program, recipe.args(folder), { cwd: folder, env: { HOME: folder } })
  const origin = `http://127.0.0.1:${port}`
  await whenReady(running, () => answersHttp(origin))
  return {
    origin,
    async stop() {
      await running.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

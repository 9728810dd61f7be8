import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

export const PROJECT_ROOT = join(import.meta.dirname, '../../..')

/** The admin of every service that is started without another. */
export const ADMIN = { email: 'admin@example.com', password: 'an admin of the castle' }

const LEFT_OUT = /^(node_modules|\.git|\.wrangler|dist|\.cache|\.dev\.vars)/

export interface Checkout {
  readonly root: string
  remove(): Promise<void>
}

/** The project as a newcomer has it after `npm ci`: no secrets, no state. */
export async function freshCheckout(): Promise<Checkout> {
  const root = await mkdtemp(join(tmpdir(), 'postern-checkout-'))
  await cp(PROJECT_ROOT, root, {
    recursive: true,
    filter: (source) => !LEFT_OUT.test(relative(PROJECT_ROOT, source)),
  })
  await symlink(join(PROJECT_ROOT, 'node_modules'), join(root, 'node_modules'))
  return { root, remove: () => rm(root, { recursive: true, force: true }) }
}

/** Where a prepared checkout has the Worker as `wrangler deploy` would upload it. */
export const buildOf = (root: string): string => join(root, 'dist')

/** Where a prepared checkout has the state that services begin with: a migrated database with the admin. */
export const firstStateOf = (root: string): string => join(root, '.wrangler/first')

/** `wrangler.toml` for the Worker that a prepared checkout has built: it is not built again. */
export async function readBuiltConfig(root: string): Promise<string> {
  const config = await readFile(join(PROJECT_ROOT, 'wrangler.toml'), 'utf8')
  return config
    .replace(/^\[build\]\n(?:.+\n)+/m, '')
    .replace('main = "dist/index.mjs"', `main = ${JSON.stringify(join(buildOf(root), 'index.mjs'))}`)
    .replace('base_dir = "dist"', `base_dir = ${JSON.stringify(buildOf(root))}`)
}

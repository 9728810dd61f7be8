import { cp, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

export const PROJECT_ROOT = join(import.meta.dirname, '../../..')

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

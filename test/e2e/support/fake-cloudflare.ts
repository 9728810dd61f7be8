import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PROJECT_ROOT } from './checkout.ts'

interface Account {
  readonly isLoggedIn: boolean
  readonly isDeployed: boolean
  readonly databases: readonly { readonly name: string; readonly uuid: string }[]
  readonly namespaces: readonly { readonly title: string; readonly id: string }[]
  readonly queues: readonly string[]
  readonly secrets: Readonly<Record<string, string>>
  readonly admins: readonly string[]
}

const FRESH: Account = {
  isLoggedIn: true,
  isDeployed: false,
  databases: [],
  namespaces: [],
  queues: [],
  secrets: {},
  admins: [],
}

export interface FakeCloudflare {
  /** For the environment of what calls wrangler. */
  readonly env: Readonly<Record<string, string>>
  account(): Promise<Account>
  /** The commands since the last time, and what each could read. */
  takeCalls(): Promise<{ readonly args: readonly string[]; readonly input: string }[]>
  remove(): Promise<void>
}

const MODULES = join(PROJECT_ROOT, 'node_modules')

async function linkAll(from: string, to: string, except: string): Promise<void> {
  await mkdir(to)
  const names = (await readdir(from)).filter((name) => name !== except)
  await Promise.all(names.map((name) => symlink(join(from, name), join(to, name))))
}

/** Gives a fresh checkout a wrangler whose program is a recording one, before an empty account. Its library stays the real one. */
export async function fakeCloudflare(root: string, account: Partial<Account> = {}): Promise<FakeCloudflare> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-cloudflare-'))
  const calls = join(folder, 'calls.ndjson')
  const file = join(folder, 'account.json')
  await writeFile(file, JSON.stringify({ ...FRESH, ...account }))
  const modules = join(root, 'node_modules')
  await unlink(modules)
  await linkAll(MODULES, modules, 'wrangler')
  await linkAll(join(MODULES, 'wrangler'), join(modules, 'wrangler'), 'bin')
  await mkdir(join(modules, 'wrangler/bin'))
  // The package's own files are CommonJS: the name says that this one is not.
  await cp(join(import.meta.dirname, 'fake-wrangler.mjs'), join(modules, 'wrangler/bin/fake-wrangler.mjs'))
  await writeFile(join(modules, 'wrangler/bin/wrangler.js'), "import('./fake-wrangler.mjs')\n")
  return {
    env: { FAKE_CLOUDFLARE: folder },
    account: async () => JSON.parse(await readFile(file, 'utf8')),
    async takeCalls() {
      const text = await readFile(calls, 'utf8').catch(() => '')
      await rm(calls, { force: true })
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line))
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

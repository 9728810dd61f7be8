import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PROJECT_ROOT } from '../project.ts'
import { randomToken } from '../random.ts'
import { Refusal } from '../refusal.ts'
import { wrangler, wranglerReading } from '../wrangler.ts'

const DATABASE = 'postern'
const NAMESPACE = 'postern-kv'

/** What `wrangler … list` says, without what it may print before. */
const parseList = (text: string): Record<string, unknown>[] => JSON.parse(text.slice(text.indexOf('[')))

async function findDatabase(): Promise<string | undefined> {
  const rows = parseList(await wrangler('d1', 'list', '--json'))
  const found = rows.find(({ name }) => name === DATABASE)
  return found && String(found.uuid)
}

/** The id of what an earlier run may have made. */
async function ensureListed(
  what: string,
  find: () => Promise<string | undefined>,
  make: () => Promise<unknown>,
): Promise<string> {
  const known = await find()
  if (known) return known
  await make()
  const made = await find()
  if (!made) throw new Refusal(`the ${what} was made and is not listed: run it again`)
  return made
}

export const ensureDatabase = (): Promise<string> =>
  ensureListed(`database ${DATABASE}`, findDatabase, () => wrangler('d1', 'create', DATABASE))

async function findNamespace(): Promise<string | undefined> {
  const rows = parseList(await wrangler('kv', 'namespace', 'list'))
  const found = rows.find(({ title }) => String(title).endsWith(NAMESPACE))
  return found && String(found.id)
}

export const ensureNamespace = (): Promise<string> =>
  ensureListed(`KV namespace ${NAMESPACE}`, findNamespace, () => wrangler('kv', 'namespace', 'create', NAMESPACE))

const isRefusalWith = (cause: unknown, pattern: RegExp): boolean =>
  cause instanceof Refusal && pattern.test(cause.message)

/** Returns whether the queue is new. */
export async function ensureQueue(name: string): Promise<boolean> {
  try {
    await wrangler('queues', 'create', name)
    return true
  } catch (cause) {
    if (isRefusalWith(cause, /11009|already (exists|taken)/i)) return false
    throw cause
  }
}

/** The names of the Worker's secrets. Before the first of them there is no Worker to ask. */
export async function listSecrets(): Promise<string[]> {
  try {
    return parseList(await wrangler('secret', 'list', '--format', 'json')).map(({ name }) => String(name))
  } catch (cause) {
    if (isRefusalWith(cause, /10007|not found|does not exist/i)) return []
    throw cause
  }
}

export async function putSecret(name: string, value: string): Promise<void> {
  await wranglerReading(value, 'secret', 'put', name)
}

export const ROOT_SECRET_FILE = 'root-secret'

/**
 * The root secret of this deployment, in a file that git ignores: Cloudflare shows no secret again. A run that was cut
 * off has left it there, and it stays the same.
 */
export async function ensureRootSecretFile(): Promise<string> {
  const file = join(PROJECT_ROOT, ROOT_SECRET_FILE)
  const known = (await readFile(file, 'utf8').catch(() => '')).trim()
  if (known !== '') return known
  const secret = randomToken(48)
  await writeFile(file, `${secret}\n`, { mode: 0o600, flag: 'wx' })
  return secret
}

import { access, constants, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rootKeyId } from '../../src/lib/root-keys.ts'
import { type Database, query } from './database.ts'
import { isRunning, startOf } from './processes.ts'
import { PROJECT_ROOT } from './project.ts'
import { Refusal } from './refusal.ts'
import type { Settings } from './settings.ts'

const codeOf = (cause: unknown): string => (cause as NodeJS.ErrnoException).code ?? String(cause)

/** Refuses a folder of state, or a checkout, that cannot be written, before anything is. */
export async function requireWritable(persistTo: string): Promise<void> {
  await access(PROJECT_ROOT, constants.W_OK).catch((cause: unknown) => {
    throw new Refusal(`${PROJECT_ROOT} cannot be written (${codeOf(cause)}): run it in a copy that is yours`)
  })
  const known = await stat(persistTo).catch(() => null)
  if (known && !known.isDirectory()) throw new Refusal(`PERSIST_TO is ${persistTo}, a file: name a folder`)
  try {
    await mkdir(persistTo, { recursive: true })
    await access(persistTo, constants.W_OK)
  } catch (cause) {
    throw new Refusal(`${persistTo} cannot be written (${codeOf(cause)}): name another folder with PERSIST_TO`)
  }
}

/** Who serves a state. `started` tells the process from a later one of the same id. */
export interface Holder {
  readonly pid: number
  readonly started: string | null
  readonly port: number
}

const lockOf = (persistTo: string): string => join(persistTo, 'postern.lock')

const isHolder = (value: unknown): value is Holder =>
  typeof value === 'object' && value !== null && 'pid' in value && Number.isInteger(value.pid)

/** Who serves this state now. A lock that a dead process left behind is none. */
export async function findHolder(persistTo: string): Promise<Holder | null> {
  const text = await readFile(lockOf(persistTo), 'utf8').catch(() => '')
  let holder: unknown = null
  try {
    holder = JSON.parse(text)
  } catch {
    // Written in part, by a process that was killed meanwhile: as good as none.
    return null
  }
  if (!isHolder(holder) || !isRunning(holder.pid)) return null
  return (await startOf(holder.pid)) === holder.started ? holder : null
}

/** Refuses while another process serves this state: two runtimes would each believe their own memory. */
export async function requireUnserved(persistTo: string): Promise<void> {
  const holder = await findHolder(persistTo)
  if (!holder) return
  throw new Refusal(
    `${persistTo} is served already, on port ${holder.port}: stop that first (\`kill ${holder.pid}\`), or name another folder with PERSIST_TO`,
  )
}

/** Takes the state for this process. */
export async function lockState(persistTo: string, port: number): Promise<() => Promise<void>> {
  const file = lockOf(persistTo)
  await requireUnserved(persistTo)
  await rm(file, { force: true })
  const mine: Holder = { pid: process.pid, started: await startOf(process.pid), port }
  try {
    await writeFile(file, JSON.stringify(mine), { flag: 'wx' })
  } catch (cause) {
    if (codeOf(cause) !== 'EEXIST') throw cause
    throw new Refusal(`${persistTo} is being taken by another start at this moment`)
  }
  return () => rm(file, { force: true })
}

/** Refuses a database whose signing keys none of these secrets opens: nobody's token would be good any more. */
export async function requireSameRootSecret(database: Database, settings: Settings, remedy: string): Promise<void> {
  const rows = await query(
    database,
    "SELECT DISTINCT substr(private_sealed, 1, instr(private_sealed, '.') - 1) AS root FROM signing_keys",
  )
  if (rows.length === 0) return
  const secrets = [settings.ROOT_SECRET, settings.ROOT_SECRET_PREVIOUS].flatMap((secret) => secret || [])
  const ids = await Promise.all(
    secrets.map(async (secret) => Buffer.from(await rootKeyId(secret)).toString('base64url')),
  )
  if (rows.some(({ root }) => ids.some((id) => id === root))) return
  throw new Refusal(`the database was made with another ROOT_SECRET: ${remedy}`)
}

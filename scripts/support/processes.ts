import { readdir, readFile, readlink } from 'node:fs/promises'
import { basename } from 'node:path'
import { capture } from './command.ts'

const isGone = (cause: unknown): boolean => (cause as NodeJS.ErrnoException).code === 'ESRCH'

/** Whether there is a process of this id, whoever's it is. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return !isGone(cause)
  }
}

/** The fields of Linux's record of a process from the third on: those behind its name, which may hold anything. */
async function fieldsOf(pid: number): Promise<string[] | null> {
  const record = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  return record === null ? null : record.slice(record.lastIndexOf(')') + 2).split(' ')
}

/**
 * When a process began, in whatever form this system says it: ids are given again, a pair of id and start is not.
 * Null where the system does not tell.
 */
export async function startOf(pid: number): Promise<string | null> {
  const fields = await fieldsOf(pid)
  if (fields !== null) return fields[19] ?? null
  const listed = await capture('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => null)
  return listed?.code === 0 ? listed.stdout.trim() || null : null
}

/** The inode of the socket that listens on this TCP port, as Linux lists it. */
async function listeningSocket(port: number): Promise<string | undefined> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')))
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = tables.flatMap((table) => table.split('\n')).map((line) => line.trim().split(/\s+/))
  return rows.find(([, local = '', , state]) => local.endsWith(suffix) && state === '0A')?.[9]
}

async function holds(pid: number, socket: string): Promise<boolean> {
  const files = await readdir(`/proc/${pid}/fd`).catch(() => [])
  const targets = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')))
  return targets.includes(`socket:[${socket}]`)
}

export interface Listener {
  readonly pid: number
  /** The program's file name. */
  readonly program: string
  /** The process that started it, if that is a script of ours and runs still. */
  readonly startedBy: number | null
  /** It and what runs the same program in its process group: a start has more than one runtime. */
  readonly alike: readonly number[]
}

const commandLine = async (pid: number): Promise<string[]> =>
  (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')

const programOf = async (pid: number): Promise<string> => basename((await commandLine(pid))[0] ?? '')

/** Parent and process group, in Linux's record. */
async function familyOf(pid: number): Promise<{ parent: number; group: string }> {
  const [, parent, group = ''] = (await fieldsOf(pid)) ?? []
  return { parent: Number(parent), group }
}

const listProcesses = async (): Promise<number[]> =>
  (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)

async function describeListener(pid: number): Promise<Listener> {
  const program = await programOf(pid)
  const { parent, group } = await familyOf(pid)
  const isScript = (await commandLine(parent)).some((part) => part.endsWith('run.mjs'))
  const alike: number[] = []
  for (const other of await listProcesses())
    if ((await familyOf(other)).group === group && (await programOf(other)) === program) alike.push(other)
  return { pid, program, startedBy: isScript ? parent : null, alike }
}

/** Who listens on a port. Null where the system does not say, or says it to other users alone. */
export async function listenerOn(port: number): Promise<Listener | null> {
  const socket = await listeningSocket(port)
  if (socket === undefined) return null
  for (const pid of await listProcesses()) if (await holds(pid, socket)) return describeListener(pid)
  return null
}

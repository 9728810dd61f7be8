import { createHash } from 'node:crypto'
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'

const HEAD_BYTES = 64 * 1024

/** Where the rows go and how they are read. */
export interface ImportTarget {
  readonly url: string
  readonly format: string
  readonly realm?: string | null
  readonly merge?: boolean
}

/** What a run has done of a file, kept beside it until all is done. */
export interface ImportState {
  /** Of the service and of the file: another file of the name, or another service, begins anew. */
  readonly bound: ImportTarget & { readonly size: number; readonly head: string }
  /** Rows that were answered. */
  readonly done: number
  readonly imported: number
  readonly skipped: number
  readonly rejected: number
  /** Of the rejected: whose hash takes too long to verify. */
  readonly tooDear: number
  readonly merged: number
  /** How many came without which field. */
  readonly lacking: Counts
  /** What users had in the other system and do not have here. */
  readonly leftBehind: Counts
  /** Fields that nobody reads, and those that may have been meant. */
  readonly ignored: Readonly<Record<string, string | null>>
  /** The file of rejected rows. */
  readonly rejects: string
  /** Its length at that moment. */
  readonly rejectsBytes: number
}

export type Counts = Readonly<Record<string, number>>

export const addCounts = (one: Counts, other: Counts): Counts => {
  const sums = new Map(Object.entries(one))
  for (const [name, count] of Object.entries(other)) sums.set(name, (sums.get(name) ?? 0) + count)
  return Object.fromEntries(sums)
}

/** How often each stands in the list. */
export const countEach = (names: readonly string[]): Counts =>
  names.reduce<Counts>((counts, name) => addCounts(counts, { [name]: 1 }), {})

export const stateFileOf = (file: string): string => `${file}.import-state.json`

async function hashOfHead(file: string): Promise<string> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
    return createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('hex')
  } finally {
    await handle.close()
  }
}

async function readState(file: string): Promise<ImportState | undefined> {
  try {
    return JSON.parse(await readFile(stateFileOf(file), 'utf8')) as ImportState
  } catch (cause) {
    const isAbsent = cause instanceof SyntaxError || (cause as NodeJS.ErrnoException).code === 'ENOENT'
    if (isAbsent) return undefined
    throw cause
  }
}

/** Before the first row. */
export async function beginState(
  file: string,
  { rejects, ...target }: ImportTarget & { rejects: string },
): Promise<ImportState> {
  const { size } = await stat(file)
  const bound = { ...target, size, head: await hashOfHead(file) }
  const none = { done: 0, imported: 0, skipped: 0, rejected: 0, tooDear: 0, merged: 0 }
  return { bound, ...none, lacking: {}, leftBehind: {}, ignored: {}, rejects, rejectsBytes: 0 }
}

/** Where an earlier run of the same file and service stopped, or the beginning. Of another file of rejected rows nothing is written. */
export async function loadState(file: string, target: ImportTarget & { rejects: string }): Promise<ImportState> {
  const beginning = await beginState(file, target)
  const { bound, rejects } = beginning
  const known = await readState(file)
  if (!known || JSON.stringify(known.bound) !== JSON.stringify(bound)) return beginning
  return { ...beginning, ...known, rejects, rejectsBytes: known.rejects === rejects ? known.rejectsBytes : 0 }
}

/** A crash leaves the state before or the state after. */
export async function saveState(file: string, state: ImportState): Promise<void> {
  const target = stateFileOf(file)
  await writeFile(`${target}.new`, JSON.stringify(state), { mode: 0o600 })
  await rename(`${target}.new`, target)
}

export const removeState = (file: string): Promise<void> => rm(stateFileOf(file), { force: true })

import { mkdtemp, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'

const SHARED_MEMORY = '/dev/shm'
const NEEDED_BYTES = 4 * 2 ** 30

const hasRoom = async (): Promise<boolean> => {
  const { bavail, bsize } = await statfs(SHARED_MEMORY)
  return bavail * bsize >= NEEDED_BYTES
}

/**
 * Where there is room, temporary files are in memory while `work` runs: databases of tests need not outlive them, and to write each
 * commit to a disk is a third of their time.
 */
export async function withFilesInMemory<T>(work: () => Promise<T>): Promise<T> {
  if (!(await hasRoom().catch(() => false))) return work()
  const before = process.env.TMPDIR
  const folder = await mkdtemp(join(SHARED_MEMORY, 'postern-'))
  process.env.TMPDIR = folder
  try {
    return await work()
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
    await rm(folder, { recursive: true, force: true })
  }
}

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Outcome, Stage } from './stages.ts'
import { wrangler } from './wrangler.ts'

const MAX_GZIPPED_BYTES = 1_000_000

/** Builds the Worker as a deployment would, without one. Returns the compressed size of what would be uploaded. */
async function measureBundle(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-bundle-'))
  try {
    await wrangler('deploy', '--dry-run', '--outdir', folder)
    const files = (await readdir(folder)).filter((file) => /\.(js|wasm)$/.test(file))
    const sizes = files.map(async (file) => gzipSync(await readFile(join(folder, file))).length)
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export const bundleStage: Stage = {
  name: 'deployment without deploying, bundle size',
  async run(): Promise<Outcome> {
    try {
      const bytes = await measureBundle()
      console.log(`${Math.round(bytes / 1000)} kB gzipped, at most ${MAX_GZIPPED_BYTES / 1000}`)
      const small = bytes > 0 && bytes < MAX_GZIPPED_BYTES
      return { passed: small ? 2 : 1, failed: small ? 0 : 1, skipped: [] }
    } catch (cause) {
      console.log(String(cause))
      return { passed: 0, failed: 2, skipped: [] }
    }
  },
}

import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildWorker } from './build.ts'
import type { Outcome, Stage } from './stages.ts'
import { gzippedBytes } from './startup.ts'
import { wrangler } from './wrangler.ts'

const MAX_GZIPPED_BYTES = 1_000_000

interface Upload {
  readonly modules: readonly string[]
  readonly gzippedBytes: number
}

/** What a deployment would upload, folders included. */
async function dryRun(): Promise<Upload> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-bundle-'))
  try {
    await wrangler('deploy', '--dry-run', '--outdir', folder)
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
    const modules = files
      .map((file) => file.slice(folder.length + 1))
      .filter((name) => !/^README\.md$|\.map$/.test(name))
    return { modules: modules.sort(), gzippedBytes: await gzippedBytes(modules, folder) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A module of the build that no rule of `wrangler.toml` attaches passes a dry run, and is missing at its first use. */
async function compareWithBuild({ modules }: Upload): Promise<boolean> {
  const built = (await buildWorker()).modules
  const missing = built.filter((name) => !modules.includes(name))
  const foreign = modules.filter((name) => !built.includes(name))
  for (const name of missing) console.log(`${name} is built and not uploaded`)
  for (const name of foreign) console.log(`${name} is uploaded and not built`)
  return missing.length === 0 && foreign.length === 0
}

export const bundleStage: Stage = {
  name: 'deployment without deploying, bundle size',
  async run(): Promise<Outcome> {
    try {
      const upload = await dryRun()
      console.log(`${Math.round(upload.gzippedBytes / 1000)} kB gzipped, at most ${MAX_GZIPPED_BYTES / 1000}`)
      const checks = [true, upload.gzippedBytes < MAX_GZIPPED_BYTES, await compareWithBuild(upload)]
      const failed = checks.filter((passed) => !passed).length
      return { passed: checks.length - failed, failed, skipped: [] }
    } catch (cause) {
      console.log(String(cause))
      return { passed: 0, failed: 3, skipped: [] }
    }
  },
}

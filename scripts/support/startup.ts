import { readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import { BUILD_FOLDER, buildWorker, type WorkerBuild } from './build.ts'
import { PROJECT_ROOT } from './project.ts'
import type { Stage } from './stages.ts'

/** What every isolate loads before its first request, a line for each module of ours and for each package. */
const LIST = 'src/startup.txt'

/** The files of the build that the entry imports, and what those import, without `import()`. */
export function startupFiles({ metafile: { outputs } }: WorkerBuild): string[] {
  const found = new Set<string>()
  const waiting = [`${BUILD_FOLDER}/index.mjs`]
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (found.has(file)) continue
    found.add(file)
    const statics = (outputs[file]?.imports ?? []).filter(
      ({ kind, external }) => kind === 'import-statement' && !external,
    )
    waiting.push(...statics.map(({ path }) => path))
  }
  return [...found].map((file) => relative(BUILD_FOLDER, file)).sort()
}

/** `src/index.ts`, or `jose`. */
const nameOf = (input: string): string => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? input

function startupModules(build: WorkerBuild): string[] {
  const files = startupFiles(build).map((file) => build.metafile.outputs[`${BUILD_FOLDER}/${file}`])
  return [...new Set(files.flatMap((file) => Object.keys(file?.inputs ?? {}).map(nameOf)))].sort()
}

/** Bytes of these files of the build, each compressed by itself. */
export async function gzippedBytes(
  files: readonly string[],
  folder = join(PROJECT_ROOT, BUILD_FOLDER),
): Promise<number> {
  const sizes = await Promise.all(files.map(async (file) => gzipSync(await readFile(join(folder, file))).length))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** What loads for the first check of a token is the start alone. */
const MAX_GZIPPED_BYTES = 120_000

/** Writes the list anew. */
export async function writeStartupList(): Promise<void> {
  await writeFile(join(PROJECT_ROOT, LIST), `${startupModules(await buildWorker()).join('\n')}\n`)
}

export const startupStage: Stage = {
  name: 'modules that load at start',
  async run() {
    const build = await buildWorker()
    const modules = startupModules(build)
    const named = (await readFile(join(PROJECT_ROOT, LIST), 'utf8')).split('\n').filter((line) => line !== '')
    for (const name of modules) if (!named.includes(name)) console.log(`${name} loads at start and is not in ${LIST}`)
    for (const name of named)
      if (!modules.includes(name)) console.log(`${name} is in ${LIST} and does not load at start`)
    const bytes = await gzippedBytes(startupFiles(build))
    console.log(`${Math.round(bytes / 1000)} kB gzipped, at most ${MAX_GZIPPED_BYTES / 1000}`)
    const checks = [modules.join() === named.join(), bytes <= MAX_GZIPPED_BYTES]
    const failed = checks.filter((passed) => !passed).length
    return { passed: checks.length - failed, failed, skipped: [] }
  },
}

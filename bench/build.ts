import { execFile } from 'node:child_process'
import { readdir, readFile, rm } from 'node:fs/promises'
import { fileURLToPath, URL } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'

/** A Worker as `wrangler deploy` would upload it. */
export interface Build {
  readonly main: string
  readonly modules: readonly { readonly name: string; readonly path: string }[]
  readonly bytes: number
  readonly gzipBytes: number
}

const root = fileURLToPath(new URL('..', import.meta.url))
const run = promisify(execFile)

/** What `wrangler deploy --dry-run --outdir` left in a folder, folders of it included. */
export async function readBuild(directory: string, main: string): Promise<Build> {
  const written = await readdir(directory, { recursive: true })
  const uploaded = written.filter((file) => /\.\w+$/.test(file) && !/\.map$|^README\.md$/.test(file)).sort()
  const modules = uploaded.map((file) => ({ name: file, path: `${directory}/${file}` }))
  const contents = await Promise.all(modules.map(({ path }) => readFile(path)))
  return {
    main,
    modules,
    bytes: contents.reduce((sum, content) => sum + content.length, 0),
    gzipBytes: contents.reduce((sum, content) => sum + gzipSync(content).length, 0),
  }
}

async function build(name: string, main: string, args: readonly string[]): Promise<Build> {
  const directory = `${root}bench/dist/${name}`
  await rm(directory, { recursive: true, force: true })
  await run(`${root}node_modules/.bin/wrangler`, ['deploy', ...args, '--dry-run', '--outdir', directory], {
    cwd: root,
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false' },
  })
  return readBuild(directory, main)
}

export const buildPostern = (): Promise<Build> => build('postern', 'index.mjs', [])

/** A Worker of `bench/workers`. */
export const buildRival = (name: string): Promise<Build> =>
  build(name, `${name}.js`, [`bench/workers/${name}.ts`, '--config', 'bench/workers/wrangler.toml'])

import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'
import { PROJECT_ROOT } from './project.ts'

export const BUILD_FOLDER = 'dist'
const ENTRY = 'src/index.ts'

/** A build: what esbuild says of it, and the names of the modules that a deployment uploads. */
export interface WorkerBuild {
  readonly metafile: Metafile
  readonly modules: readonly string[]
}

/** The runtime has Node's modules under `node:` names alone, and no `require`: packages that call it get the module's default export. */
const nodeModules: Plugin = {
  name: 'node modules of the runtime',
  setup({ onResolve, onLoad }) {
    const filter = new RegExp(`^(node:)?(${builtinModules.filter((name) => !name.startsWith('_')).join('|')})$`)
    onResolve({ filter }, ({ path, kind }) => {
      const name = path.startsWith('node:') ? path : `node:${path}`
      return kind === 'require-call' ? { path: name, namespace: 'required' } : { path: name, external: true }
    })
    onLoad({ filter: /.*/, namespace: 'required' }, ({ path }) => ({
      contents: `import whole from '${path}'; module.exports = whole`,
      loader: 'js',
    }))
  },
}

/** `./file?raw` is the file's text, as in tests. */
export const rawFiles: Plugin = {
  name: 'raw files',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\?raw$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.slice(0, -'?raw'.length)),
      namespace: 'raw',
    }))
    onLoad({ filter: /.*/, namespace: 'raw' }, async ({ path }) => ({
      contents: await readFile(path, 'utf8'),
      loader: 'text',
      watchFiles: [path],
    }))
  },
}

/**
 * Parts of packages that nothing of ours reaches, 400 kB of them. What reads certificates of passkeys: one with a chain is
 * refused before (`factors/passkeys/service/register.ts`). Media types of attachments: no mail has any.
 */
const UNREACHED = [
  '@simplewebauthn/server/esm/helpers/(convertX509PublicKeyToCOSE|getCertificateInfo|isCertRevoked|validateCertificatePath|validateExtFIDOGenCEAAGUID)',
  '@simplewebauthn/server/esm/metadata/verifyAttestationWithMetadata',
  '@simplewebauthn/server/esm/registration/verifications/(verifyAttestation(AndroidKey|AndroidSafetyNet|Apple|FIDOU2F)|tpm/verifyAttestationTPM)',
  '@simplewebauthn/server/esm/services/defaultRootCerts/[a-z-]+',
  'nodemailer/dist/esm/mime-funcs/mime-types',
]

/** Leaves them out: a function of theirs throws, a constant is empty. */
const withoutUnreached: Plugin = {
  name: 'without what nothing reaches',
  setup({ onLoad }) {
    onLoad({ filter: new RegExp(`/node_modules/(${UNREACHED.join('|')})\\.js$`) }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      const names = [...source.matchAll(/^export (?:async )?(function|const) (\w+)/gm)]
      const stubs = names.map(([, kind, name]) =>
        kind === 'function'
          ? `export function ${name}() { throw new Error('${name} is left out of the build') }`
          : `export const ${name} = ''`,
      )
      return { contents: stubs.join('\n'), loader: 'js' }
    })
  },
}

/** A module of these words, in order. Each begins with a capital letter for how many characters it shares with the one before. */
function foldedModule(words: readonly string[]): string {
  if (words.some((word) => /[A-Z]/.test(word))) throw new TypeError('a capital letter begins a word of the list')
  const folded = words.map((word, index) => {
    const before = words[index - 1] ?? ''
    let shared = 0
    while (shared < 25 && shared < word.length && word[shared] === before[shared]) shared += 1
    return String.fromCharCode(65 + shared) + word.slice(shared)
  })
  return `let before = ''
export default ${JSON.stringify(folded.join(''))}.match(/[A-Z][^A-Z]*/g).map((word) =>
  before = before.slice(0, word.charCodeAt(0) - 65) + word.slice(1))`
}

/**
 * The common passwords by the alphabet, each without what it shares with the one before: half of the list as it comes, which is by
 * frequency, and that nobody asks for.
 */
const sortedPasswords: Plugin = {
  name: 'common passwords by the alphabet',
  setup({ onLoad }) {
    onLoad({ filter: /\/language-common\/dist\/passwords\.json\.mjs$/ }, async ({ path }) => {
      const { default: passwords } = (await import(path)) as { default: readonly string[] }
      return { contents: foldedModule([...passwords].sort()), loader: 'js' }
    })
  },
}

/**
 * Builds the Worker: what is reached by `import()` alone is a module of its own, which an isolate loads at first use.
 * wrangler's own bundler makes one module of everything.
 */
export async function buildWorker({
  entry = ENTRY,
  folder = BUILD_FOLDER,
  root = PROJECT_ROOT,
} = {}): Promise<WorkerBuild> {
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { index: entry },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2024',
    minify: true,
    // Escaped, what is said in Arabic has three times the bytes.
    charset: 'utf8',
    sourcemap: 'linked',
    sourcesContent: false,
    conditions: ['workerd', 'worker', 'browser'],
    define: { 'process.env.NODE_ENV': '"production"', 'navigator.userAgent': '"Cloudflare-Workers"' },
    external: ['cloudflare:*'],
    loader: { '.wasm': 'copy' },
    plugins: [nodeModules, rawFiles, withoutUnreached, sortedPasswords],
    metafile: true,
    write: false,
    logLevel: 'error',
  })
  await replaceFiles(resolve(root, folder), outputFiles)
  const modules = Object.keys(metafile.outputs).map((path) => relative(resolve(root, folder), resolve(root, path)))
  return { metafile, modules: modules.filter((name) => !name.endsWith('.map')).sort() }
}

/**
 * Makes these the files of the folder. Services start side by side from one folder: a file that is as it should be is not
 * touched, another is replaced at once, so that nobody reads half of one.
 */
async function replaceFiles(folder: string, files: readonly { path: string; contents: Uint8Array }[]): Promise<void> {
  await mkdir(folder, { recursive: true })
  const wanted = new Set(files.map(({ path }) => path))
  for (const { path, contents } of files) {
    const known = await readFile(path).catch(() => undefined)
    if (known?.equals(contents)) continue
    await mkdir(dirname(path), { recursive: true })
    const draft = `${path}.${process.pid}`
    await writeFile(draft, contents)
    await rename(draft, path)
  }
  for (const name of await readdir(folder, { recursive: true })) {
    const path = join(folder, name)
    if (/\.(mjs|map|wasm)$/.test(name) && !wanted.has(path)) await rm(path, { force: true })
  }
}

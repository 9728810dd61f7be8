// Writes docs/errors.md from the errors that the code declares; with --check, fails when the file is stale
// or an OpenAPI document does not follow the published schema.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Validator } from '@seriousme/openapi-schema-validator'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const errorsFile = join(root, 'docs/errors.md')
const isCheck = process.argv.includes('--check')

const service = await loadService()
const failures = [...(await checkDocuments()), ...(await updateErrors())]
for (const failure of failures) console.error(failure)
process.exitCode = failures.length > 0 ? 1 : 0

/** The service's own modules, bundled for Node. Nothing of the platform runs while they load. */
async function loadService() {
  const outfile = join(root, 'node_modules/.cache/postern/service.mjs')
  await mkdir(dirname(outfile), { recursive: true })
  await build({
    entryPoints: [join(root, 'scripts/documented-service.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    loader: { '.wasm': 'empty' },
    plugins: [{ name: 'platform', setup: stubPlatform }],
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
    logLevel: 'error',
  })
  return await import(pathToFileURL(outfile).href)
}

function stubPlatform(bundler) {
  bundler.onResolve({ filter: /^cloudflare:/ }, ({ path }) => ({ path, namespace: 'platform' }))
  bundler.onLoad({ filter: /.*/, namespace: 'platform' }, () => ({
    contents:
      'export const env = {}; export class DurableObject {}; export class WorkerEntrypoint {}; export class EmailMessage {}',
  }))
}

async function checkDocuments() {
  const problems = []
  for (const api of service.listApis()) {
    const text = JSON.stringify(service.describeApi(api))
    const document = JSON.parse(text)
    const { valid, errors } = await new Validator().validate(document)
    const operations = Object.values(document.paths).flatMap((path) => Object.keys(path)).length
    console.log(`${api.path}: ${operations} operations, ${Math.round(text.length / 1000)} kB`)
    if (!valid) problems.push(`${api.path} is invalid: ${JSON.stringify(errors, null, 2).slice(0, 4000)}`)
  }
  return problems
}

async function updateErrors() {
  const text = renderErrors(await findDeclarations())
  if (!isCheck) {
    await writeFile(errorsFile, text)
    return []
  }
  const known = await readFile(errorsFile, 'utf8').catch(() => '')
  return known === text ? [] : ['docs/errors.md is stale: run `npm run docs`']
}

function renderErrors(declarations) {
  const rows = service
    .listErrorDefinitions()
    .map(
      (error) =>
        `| \`${error.code}\` | ${service.statusOf(error)} | ${error.message} | \`${declarations.get(error.code)}\` |`,
    )
  return `# Errors

Every code that an answer may carry, in [the one envelope](../README.md#errors). Made by \`npm run docs\` from the declarations; do not edit.

| code | status | message | declared in |
|---|---|---|---|
${rows.join('\n')}

\`VALIDATION_ERROR\` is 422 for fields, and 400 for a body that cannot be read, a malformed path, and on routes whose documents say so.
Codes in lower case are those of the OAuth endpoints, in their own envelope (RFC 6749 5.2).
`
}

/** Where each code is declared. */
async function findDeclarations() {
  const files = (await readdir(join(root, 'src'), { recursive: true })).filter((name) => name.endsWith('.ts')).sort()
  const declarations = new Map()
  for (const name of files) {
    const file = join(root, 'src', name)
    const source = await readFile(file, 'utf8')
    for (const [, code] of source.matchAll(/defineError\(\s*'(\w+)'/g)) {
      declarations.set(code, relative(root, file))
    }
  }
  return declarations
}

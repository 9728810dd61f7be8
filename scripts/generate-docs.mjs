// Writes docs/errors.md from the errors that the code declares, and docs/settings.md from src/config.ts; with --check, fails
// when one is stale or an OpenAPI document does not follow the published schema.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Validator } from '@seriousme/openapi-schema-validator'
import { build } from 'esbuild'
import { findBrokenVariables, readVariables, SETTING_NAMES } from '../src/config.ts'
import { rawFiles } from './support/build.ts'
import { SECRETS } from './support/settings.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const isCheck = process.argv.includes('--check')

const service = await loadService()
const failures = [
  ...(await checkDocuments()),
  ...(await update('docs/errors.md', renderErrors(await findDeclarations()))),
  ...(await update('docs/settings.md', renderSettings(await readSettingComments()))),
]
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
    plugins: [rawFiles, { name: 'platform', setup: stubPlatform }],
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

async function update(name, text) {
  const file = join(root, name)
  if (!isCheck) {
    await writeFile(file, text)
    return []
  }
  const known = await readFile(file, 'utf8').catch(() => '')
  return known === text ? [] : [`${name} is stale: run \`npm run docs\``]
}

function renderErrors(declarations) {
  const rows = service
    .listErrorDefinitions()
    .map(
      (error) =>
        `| \`${error.code}\` | ${service.statusOf(error)} | ${error.message} | \`${declarations.get(error.code)}\` |`,
    )
  return `# Errors

Every failure has one envelope, whatever the endpoint. Decide by \`code\`; \`message\` is for people and may change. \`error.request_id\` finds the request in the log. Made by \`npm run docs\`
from the declarations; do not edit.

\`\`\`json
{
  "error": { "code": "INVALID_CREDENTIALS", "message": "…", "details": {}, "request_id": "…" },
  "code": "INVALID_CREDENTIALS",
  "status": 401,
  "message": "…",
  "detail": "…",
  "details": {},
  "timestamp": "2026-01-01T00:00:00.000Z"
}
\`\`\`

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

/** What src/config.ts says of its settings: groups of `// Heading`, in them a doc comment before each name. */
async function readSettingComments() {
  const source = await readFile(join(root, 'src/config.ts'), 'utf8')
  const [, schema = ''] = /\nconst Variables = z\n {2}\.object\(\{\n(.*?)\n {2}\}\)/s.exec(source) ?? []
  const groups = schema.split(/^ {4}\/\/ /m).slice(1)
  const settings = /^ {4}\/\*\*(.*?)\*\/\n {4}(\w+):/gms
  return groups.map((group) => ({
    heading: group.slice(0, group.indexOf('\n')),
    settings: [...group.matchAll(settings)].map(([, comment, name]) => ({
      name,
      about: comment.replace(/\n {5}\* ?/g, ' ').trim(),
    })),
  }))
}

function renderSettings(groups) {
  const described = groups.flatMap(({ settings }) => settings.map(({ name }) => name))
  const silent = SETTING_NAMES.filter((name) => !described.includes(name))
  if (silent.length > 0) throw new Error(`no comment in src/config.ts: ${silent.join(', ')}`)
  const required = { PUBLIC_URL: 'https://auth.example.com', ROOT_SECRET: '-'.repeat(32) }
  const defaults = readVariables(required)
  const defaultOf = (name) => (name in required ? 'required' : asCode(String(defaults[name] ?? '')))
  const rowOf = ({ name, about }) => {
    const text = about.replace(/docs\/([\w.]+\.md)(#[\w-]+)?/g, (_, file, anchor = '') => `[${file}](${file}${anchor})`)
    return `| \`${name}\` | ${defaultOf(name)} | ${valuesOf(name, required)} | ${text}${SECRETS.includes(name) ? '. A secret' : ''} |`
  }
  const tables = groups.map(
    ({ heading, settings }) =>
      `## ${heading}\n\n| Setting | Default | Values | What it does |\n|---|---|---|---|\n${settings.map(rowOf).join('\n')}\n`,
  )
  return `# Settings

Variables and secrets of the Worker. Locally they come from \`.dev.vars\`, which the first start makes, and over it from the environment of \`npm start\`; deployed, from \`[vars]\` in
\`wrangler.toml\` and from \`npx wrangler secret put\`. \`[vars]\` apply locally too, to whatever neither of them sets. \`MODE\` comes from the file alone. Wrong values and misspelt names are refused before anything starts
([what each says](troubleshooting.md#settings)). Made by \`npm run docs\` from \`src/config.ts\`; do not edit.

${tables.join('\n')}
## Of the commands

These are read from the environment by the npm commands, never from \`.dev.vars\`.

| Variable | Default | What it does |
|---|---|---|
| \`PORT\` | 8787 | where the local service listens, and where commands look for it |
| \`PERSIST_TO\` | \`.wrangler/state\` | the folder of the local state |
| \`ADMIN_EMAIL\`, \`ADMIN_PASSWORD\` | | the first admin, before the first start; later starts say that they are ignored. Also who imports users, and as whom \`npm run doctor\` signs in |
| \`POSTERN_TOKEN\`, \`FIREBASE_SIGNER_KEY\` | | [import.md](import.md) |
`
}

function asCode(text) {
  return text === '' ? '' : `\`${text}\``
}

/** The values that are accepted, in the words in which others are refused. */
function valuesOf(name, required) {
  const probes = ['short', `\0 ${'garbage '.repeat(100)}`]
  const reasons = probes.flatMap((probe) => findBrokenVariables({ ...required, [name]: probe }))
  const reason = reasons.find((broken) => broken.name === name)?.reason ?? ''
  return reason
    .replace(/^must (be|have|list) (a whole number from )?/, '')
    .replace('or be empty', 'or nothing')
    .replaceAll('*', '\\*')
}
